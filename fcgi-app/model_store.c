/*
 * POST (or GET) /v1/model/store and /v1/model/restore: jobs of one component
 * of role local, which fateflow-keeper runs.
 */
#include "fcgi-app/local_job.h"
#include "fcgi-app/model_form.h"
#include "lib/base/path.h"

struct kind {
	const char *name; /* of the job */
	const char *module;
	bool needs_model; /* on this site, already when it is submitted */
};

/* As FATE's, without user and password, which are nobody's business. */
static cJSON *
store_address(const struct cfg *cfg)
{
	bool own = !*cfg->model_store.name;
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "storage", "mysql");
	json_add_str(
	    o, "name", own ? cfg->database.name : cfg->model_store.name);
	json_add_str(
	    o, "host", own ? cfg->database.host : cfg->model_store.host);
	json_add_int(
	    o, "port", own ? cfg->database.port : cfg->model_store.port);
	return o;
}

static enum err
read_options(const struct model_form *f, bool *force_out, struct buf *err)
{
	struct json_in in = {.obj = f->fields};
	const cJSON *address =
	    json_in_object(&in, "store_address", JSON_OPTIONAL);
	const cJSON *given = json_get(address, "storage");
	const char *storage = json_str(address, "storage", "mysql");

	if (given && !cJSON_IsNull(given) && !cJSON_IsString(given))
		json_in_fault(
		    &in, "field 'store_address.storage' must be a text");
	*force_out = json_in_bool(&in, "force_update", JSON_OPTIONAL, false);
	if (strcmp(storage, "mysql") != 0)
		json_in_fault(&in,
		    "store_address.storage is '%.64s': models are stored in "
		    "MySQL alone, in the database that the server's "
		    "configuration names (model_store)",
		    storage);
	return json_in_done(&in, err);
}

static enum err
submit(struct app *app, const struct kind *kind, const struct model_form *f,
    struct reply *rp, struct buf *err)
{
	struct local_job j;
	bool force;
	enum err rc = read_options(f, &force, err);

	if (rc)
		return rc;
	if (kind->needs_model && !path_exists(f->root.ptr))
		return model_form_missing(f, rp);
	local_job_init(&j, kind->name, kind->module, 0);
	local_job_add_str(&j, "model_id", f->party_model.ptr);
	local_job_add_str(&j, "model_version", f->model.version);
	local_job_add(&j, "store_address", store_address(app->cfg));
	local_job_add(&j, "force_update", cJSON_CreateBool(force));
	rc = local_job_create(app, &j, NULL, rp, err);
	local_job_release(&j);
	return rc;
}

static enum err
answer(struct app *app, const struct kind *kind, struct request *rq,
    struct reply *rp, struct buf *err)
{
	struct model_form f;
	bool is_answered;
	enum err rc = model_form_read(app, rq, 0, &f, rp, &is_answered, err);

	if (!rc && !is_answered)
		rc = submit(app, kind, &f, rp, err);
	model_form_release(&f);
	return rc;
}

enum err
model_store(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	static const struct kind store = {"store", "ModelStore", true};

	return answer(app, &store, rq, rp, err);
}

enum err
model_restore(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	static const struct kind restore = {"restore", "ModelRestore", false};

	return answer(app, &restore, rq, rp, err);
}
