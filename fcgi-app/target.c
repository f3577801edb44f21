/* A stored job parsed once at submit, so a fault here is ours. */
#include "fcgi-app/target.h"
#include "lib/core/stored.h"
#include "lib/store/job_query.h"

#define PARTY_MAX 9999999999

enum err
target_read(struct app *app, struct json_in *in, unsigned need,
    struct target *out, struct buf *err)
{
	const char *role;
	int64_t party;
	bool is_default;
	enum err rc;

	memset(out, 0, sizeof(*out));
	out->job_id = json_in_str(in, "job_id", JSON_REQUIRED, ID_JOB_MAX);
	if (need & TARGET_COMPONENT)
		out->component =
		    json_in_str(in, "component_name", JSON_REQUIRED, 128);
	is_default = !(need & TARGET_PARTY) && !json_get(in->obj, "role") &&
		     !json_get(in->obj, "party_id");
	if (!is_default) {
		role = json_in_str(in, "role", JSON_REQUIRED, 50);
		party =
		    json_in_int(in, "party_id", JSON_REQUIRED, 0, PARTY_MAX, 0);
		snprintf(out->role, sizeof(out->role), "%s", role ? role : "");
		snprintf(out->party_id, sizeof(out->party_id), "%lld",
		    (long long)party);
	}
	rc = json_in_done(in, err);
	if (rc || !is_default)
		return rc;
	rc = job_query_initiator(
	    app->db, out->job_id, out->role, out->party_id, err);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static enum err
parse_job(const struct job_query *row, struct target_job *out, struct buf *err)
{
	struct stored_job texts = {row->dsl, row->conf, row->train_conf};

	return stored_parse(&texts, &out->conf, &out->dsl, err) ? ERR_INTERNAL
								: ERR_OK;
}

enum err
target_job_read(struct app *app, const struct target *t, struct target_job *out,
    struct buf *err)
{
	struct job_query row;
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = job_query_find(app->db, t->job_id, &row, err);
	if (rc)
		return rc;
	rc = parse_job(&row, out, err);
	job_query_release(&row);
	if (rc)
		target_job_release(out);
	else
		out->party = conf_find_party(&out->conf, t->role, t->party_id);
	return rc;
}

void
target_job_release(struct target_job *j)
{
	conf_release(&j->conf);
	dsl_release(&j->dsl);
	memset(j, 0, sizeof(*j));
}

enum err
target_component(const struct target_job *j, const struct target *t,
    size_t *index_out, struct buf *err)
{
	int i = dsl_find(&j->dsl, t->component);

	*index_out = i < 0 ? 0 : (size_t)i;
	if (i < 0)
		return err_set(err, ERR_INVALID, "job %s has no component '%s'",
		    t->job_id, t->component);
	return ERR_OK;
}

bool
target_has_all(
    const cJSON *body, const char *const *names, size_t n, struct reply *rp)
{
	struct buf missing = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		if (!json_get(body, names[i]))
			buf_addf(
			    &missing, "%s%s", missing.len ? "," : "", names[i]);
	if (missing.len)
		reply_say(rp, 100, "the following arguments are required: %s ",
		    missing.ptr);
	n = missing.len;
	buf_release(&missing);
	return n == 0;
}
