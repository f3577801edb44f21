/*
 * POST (or GET) /v1/model/import: the file streams into the spool, which has
 * no name, and lib/model makes a model of it or says why not.
 */
#include "fcgi-app/model_form.h"
#include "lib/base/log.h"
#include "lib/center/center.h"
#include "lib/model/model_archive.h"
#include "lib/store/job_query.h"

#include <strings.h>

/* A client that knows the digest has it compared. */
static enum err
check_digest(struct model_form *f, char hex[DIGEST_HEX_LEN], struct buf *err)
{
	struct json_in in = {.obj = f->fields};
	const char *want = json_in_str(&in, "sha256", JSON_OPTIONAL, 64);
	enum err rc = json_in_done(&in, err);

	spool_digest(&f->file, hex);
	if (!rc && want && *want && strcasecmp(want, hex) != 0)
		rc = err_set(err, ERR_INVALID,
		    "the archive's SHA-256 is %s, field 'sha256' says %s", hex,
		    want);
	return rc;
}

/* A training that has not ended is to find its model's place free. */
static enum err
check_job(struct app *app, const struct model_form *f, struct buf *err)
{
	struct job_query job;
	enum err rc;

	if (!ids_is_job(f->model.version))
		return ERR_OK;
	rc = job_query_find(app->db, f->model.version, &job, err);
	if (rc == ERR_NOTFOUND)
		return ERR_OK;
	if (!rc &&
	    (!strcmp(job.status, "waiting") || !strcmp(job.status, "running")))
		rc = err_set(err, ERR_CONFLICT,
		    "model_version %s is a job of this server that has not "
		    "ended",
		    f->model.version);
	job_query_release(&job);
	return rc;
}

/* What is there may be of an import that was killed before it had its row. */
static enum err
refuse_existing(
    struct app *app, struct model_form *f, struct reply *rp, struct buf *err)
{
	struct buf why = BUF_INIT;
	bool is_adopted = false;
	enum err rc = center_adopt(app->db, &f->model, &is_adopted, &why);

	buf_reset(err);
	if (rc)
		buf_adds(err, why.ptr);
	else
		rc = reply_say(rp, 100,
		    "Model %s %s local cache already existed",
		    f->party_model.ptr, f->model.version);
	if (is_adopted)
		log_info("model %s %s had no row and has one",
		    f->party_model.ptr, f->model.version);
	buf_release(&why);
	return rc;
}

static enum err
take_in(
    struct app *app, struct model_form *f, struct reply *rp, struct buf *err)
{
	char hex[DIGEST_HEX_LEN];
	cJSON *data;
	enum err rc = check_digest(f, hex, err);

	if (!rc)
		rc = check_job(app, f, err);
	if (rc)
		return rc;
	rc = model_archive_import(
	    &f->model, f->file.fd, app->cfg->api.model_limit, err);
	if (rc == ERR_CONFLICT)
		return refuse_existing(app, f, rp, err);
	if (!rc)
		rc = center_register(app->db, &f->model, err);
	if (rc)
		return rc;
	log_info("model %s %s imported bytes=%lld sha256=%s",
	    f->party_model.ptr, f->model.version, (long long)f->file.size, hex);
	data = cJSON_CreateObject();
	json_add_int(data, "bytes", f->file.size);
	json_add_str(data, "sha256", hex);
	return reply_ok(rp, data);
}

enum err
model_import(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct model_form f;
	bool is_answered;
	enum err rc = model_form_read(
	    app, rq, app->cfg->api.model_limit, &f, rp, &is_answered, err);

	if (!rc && !is_answered && !f.has_file)
		reply_say(rp, 100,
		    "an import is multipart/form-data with a part named "
		    "'file', the archive");
	else if (!rc && !is_answered)
		rc = take_in(app, &f, rp, err);
	model_form_release(&f);
	return rc;
}
