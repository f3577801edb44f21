/*
 * The answer is kept with the job and not made anew: a check that passed then
 * may fail now, as an upload's does once its table is there. Blanks are no part
 * of a token, because the database takes "a" and "a " for equal.
 */
#include "fcgi-app/token.h"
#include "lib/base/mem.h"
#include "lib/store/submit_token.h"

static bool
is_token(const char *s)
{
	size_t n = 0;

	while (s[n] > ' ' && s[n] <= '~')
		n++;
	return n && n <= TOKEN_MAX && !s[n];
}

void
token_read(struct token *t, const struct request *rq, struct json_in *in)
{
	const char *header = rq->token && *rq->token ? rq->token : NULL;
	const char *field =
	    json_in_str(in, TOKEN_FIELD, JSON_OPTIONAL, TOKEN_MAX);

	memset(t, 0, sizeof(*t));
	if (field && !is_token(field))
		json_in_fault(in,
		    "field '" TOKEN_FIELD "' must have 1 to %d printable "
		    "characters of ASCII, no blanks",
		    TOKEN_MAX);
	if (header && !is_token(header))
		json_in_fault(in,
		    "header '" TOKEN_HEADER "' must have 1 to %d printable "
		    "characters of ASCII, no blanks",
		    TOKEN_MAX);
	if (header && field && strcmp(header, field) != 0)
		json_in_fault(in, "field '" TOKEN_FIELD
				  "' and header '" TOKEN_HEADER "' differ");
	t->value = field ? field : header;
}

void
token_digest(struct token *t, const char *endpoint, const cJSON *content,
    const char *file_sha256)
{
	cJSON *copy = cJSON_Duplicate(content, 1);
	uint8_t bytes[DIGEST_SHA256_LEN];
	struct buf text = BUF_INIT;

	cJSON_DeleteItemFromObjectCaseSensitive(copy, TOKEN_FIELD);
	buf_addf(&text, "%s\n%s\n", endpoint, file_sha256);
	if (copy)
		json_print(copy, JSON_REPLY, &text);
	digest_sha256(text.ptr, text.len, bytes);
	digest_hex(bytes, sizeof(bytes), t->digest);
	buf_release(&text);
	cJSON_Delete(copy);
}

enum err
token_is_known(
    struct app *app, const struct token *t, bool *known_out, struct buf *err)
{
	struct submit_token_job job;
	enum err rc = ERR_NOTFOUND;

	if (t->value) {
		rc = submit_token_find(app->db, t->value, &job, err);
		submit_token_job_release(&job);
	}
	*known_out = rc == ERR_OK;
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

bool
token_may_excuse(const struct token *t, enum err failed)
{
	return t && t->value &&
	       (failed == ERR_INVALID || failed == ERR_NOTFOUND ||
		   failed == ERR_CONFLICT || failed == ERR_DENIED);
}

static enum err
answer(const struct token *t, const struct submit_token_job *job,
    struct reply *rp, struct buf *err)
{
	cJSON *data = NULL;
	enum err rc;

	if (!job->digest || strcmp(job->digest, t->digest) != 0)
		return err_set(err, ERR_CONFLICT,
		    "token %s belongs to job %s, which was submitted with "
		    "other content: a token is for repeating one request",
		    t->value, job->job_id);
	rc = json_parse(job->answer ? job->answer : "{}",
	    job->answer ? strlen(job->answer) : 2, "the stored answer", &data,
	    err);
	if (rc)
		return rc;
	free(rp->job_id);
	rp->job_id = xstrdup(job->job_id);
	return reply_ok(rp, data);
}

enum err
token_answer(
    struct app *app, struct token *t, struct reply *rp, struct buf *err)
{
	struct submit_token_job job;
	enum err rc;

	if (!t->value)
		return ERR_OK;
	rc = submit_token_find(app->db, t->value, &job, err);
	if (!rc) {
		t->is_repeat = true;
		rc = answer(t, &job, rp, err);
	} else if (rc == ERR_NOTFOUND)
		rc = ERR_OK;
	submit_token_job_release(&job);
	return rc;
}
