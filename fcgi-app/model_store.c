/*
 * POST (or GET) /v1/model/store and /v1/model/restore: jobs of one component
 * of role local, which fateflow-keeper runs.
 */
#include "fcgi-app/create.h"
#include "fcgi-app/model_form.h"
#include "lib/base/path.h"

struct kind {
	const char *name; /* of the job */
	const char *component;
	const char *module;
	bool needs_model; /* on this site, already when it is submitted */
};

static void
add_list(cJSON *obj, const char *key, cJSON *value)
{
	cJSON *list = cJSON_AddArrayToObject(obj, key);

	cJSON_AddItemToArray(list, value);
}

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

static cJSON *
make_conf(const struct app *app, const struct kind *kind,
    const struct model_form *f, bool force)
{
	cJSON *conf = cJSON_CreateObject(), *it;

	it = cJSON_AddObjectToObject(conf, "initiator");
	json_add_str(it, "role", "local");
	json_add_int(it, "party_id", 0);
	it = cJSON_AddObjectToObject(conf, "job_parameters");
	json_add_int(it, "work_mode", 0);
	it = cJSON_AddObjectToObject(conf, "role");
	add_list(it, "local", cJSON_CreateNumber(0));
	it = cJSON_AddObjectToObject(conf, "role_parameters");
	it = cJSON_AddObjectToObject(it, "local");
	it = cJSON_AddObjectToObject(it, kind->component);
	add_list(it, "model_id", cJSON_CreateString(f->party_model.ptr));
	add_list(it, "model_version", cJSON_CreateString(f->model.version));
	add_list(it, "store_address", store_address(app->cfg));
	add_list(it, "force_update", cJSON_CreateBool(force));
	return conf;
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
	cJSON *dsl, *it;
	struct create c = {.kind = kind->name};
	bool force;
	enum err rc = read_options(f, &force, err);

	if (rc)
		return rc;
	if (kind->needs_model && !path_exists(f->root.ptr))
		return model_form_missing(f, rp);
	dsl = cJSON_CreateObject();
	it = cJSON_AddObjectToObject(dsl, "components");
	it = cJSON_AddObjectToObject(it, kind->component);
	json_add_str(it, "module", kind->module);
	c.dsl = dsl;
	c.conf = make_conf(app, kind, f, force);
	rc = create_job(app, &c, rp, err);
	cJSON_Delete(dsl);
	cJSON_Delete((cJSON *)(uintptr_t)c.conf);
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
	static const struct kind store = {
	    "store", "store_0", "ModelStore", true};

	return answer(app, &store, rq, rp, err);
}

enum err
model_restore(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	static const struct kind restore = {
	    "restore", "restore_0", "ModelRestore", false};

	return answer(app, &restore, rq, rp, err);
}
