/*
 * POST /v1/pipeline/dag/dependency: of a stored job, or of a DSL and a
 * configuration in the body.
 */
#include "fcgi-app/target.h"
#include "lib/base/mem.h"

static bool
has_edge(const cJSON *list, const char *component, const char *type)
{
	for (const cJSON *it = list->child; it; it = it->next)
		if (!strcmp(json_str(it, "component_name", ""), component) &&
		    !strcmp(json_str(it, "type", ""), type))
			return true;
	return false;
}

static cJSON *
edges(const struct dsl_component *c)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < c->n_inputs; i++) {
		const struct dsl_input *in = &c->inputs[i];
		bool is_model = in->port == DSL_PORT_MODEL ||
				in->port == DSL_PORT_ISOMETRIC;
		const char *type = is_model ? "model" : "data";
		cJSON *edge;

		if (in->source != DSL_COMPONENT ||
		    has_edge(list, in->component, type))
			continue;
		edge = cJSON_CreateObject();
		cJSON_AddItemToArray(list, edge);
		json_add_str(edge, "component_name", in->component);
		json_add_str(edge, "type", type);
	}
	return list;
}

static cJSON *
describe(const struct target_job *job)
{
	cJSON *data = cJSON_CreateObject();
	cJSON *names = cJSON_AddArrayToObject(data, "component_list");
	cJSON *modules = cJSON_AddObjectToObject(data, "component_module");
	cJSON *runs = cJSON_AddObjectToObject(data, "component_need_run");
	cJSON *all = cJSON_AddObjectToObject(data, "dependencies");

	for (size_t i = 0; i < job->dsl.n_components; i++) {
		size_t at = (size_t)job->dsl.order[i];
		const struct dsl_component *c = &job->dsl.components[at];
		cJSON *list = edges(c);

		cJSON_AddItemToArray(names, cJSON_CreateString(c->name));
		json_add_str(modules, c->name, c->module->name);
		json_add_bool(runs, c->name,
		    conf_needs_run(&job->conf, &job->dsl, at, job->party));
		if (list->child)
			json_add(all, c->name, list);
		else
			cJSON_Delete(list);
	}
	return data;
}

/* Neither job nor party known: FATE says the same of both. */
static enum err
of_stored(
    struct app *app, const struct target *t, struct reply *rp, struct buf *err)
{
	struct target_job job;
	enum err rc = target_job_read(app, t, &job, err);

	if (rc == ERR_NOTFOUND || (!rc && !job.party))
		rc = reply_say(rp, 100, "query job %s failed", t->job_id);
	else if (!rc)
		rc = reply_ok(rp, describe(&job));
	target_job_release(&job);
	return rc;
}

static enum err
of_body(const cJSON *body, struct target *t, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = body};
	struct target_job job = {.party = NULL};
	const cJSON *dsl = json_in_object(&in, "job_dsl", JSON_REQUIRED);
	const cJSON *conf =
	    json_in_object(&in, "job_runtime_conf", JSON_REQUIRED);
	const cJSON *train =
	    json_in_object(&in, "job_train_runtime_conf", JSON_OPTIONAL);
	enum err rc = json_in_done(&in, err);

	if (!rc)
		rc = conf_parse(conf, &job.conf, err);
	if (!rc && job.conf.is_predict && train && train->child)
		rc = conf_set_train(&job.conf, train, err);
	if (!rc)
		rc = dsl_parse(dsl,
		    job.conf.is_predict ? DSL_PREDICT : DSL_TRAIN, &job.dsl,
		    err);
	if (!rc) {
		job.party = conf_find_party(&job.conf, t->role, t->party_id);
		rc = job.party
			 ? reply_ok(rp, describe(&job))
			 : reply_say(rp, 100,
			       "the configuration has no party %s of role %s",
			       t->party_id, t->role);
	}
	target_job_release(&job);
	return rc;
}

enum err
pipeline_dependency(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	static const char *const required[] = {"party_id", "role"};
	struct json_in in = {.obj = rq->body};
	struct target t;
	enum err rc;

	if (!target_has_all(rq->body, required, ARRAY_LEN(required), rp))
		return ERR_OK;
	memset(&t, 0, sizeof(t));
	snprintf(t.role, sizeof(t.role), "%s", json_str(rq->body, "role", ""));
	snprintf(t.party_id, sizeof(t.party_id), "%lld",
	    (long long)json_in_int(
		&in, "party_id", JSON_REQUIRED, 0, 9999999999, 0));
	(void)json_in_str(&in, "role", JSON_REQUIRED, 50);
	t.job_id = json_in_str(&in, "job_id", JSON_OPTIONAL, ID_JOB_MAX);
	rc = json_in_done(&in, err);
	if (rc)
		return rc;
	return t.job_id ? of_stored(app, &t, rp, err)
			: of_body(rq->body, &t, rp, err);
}
