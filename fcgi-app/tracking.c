/*
 * POST /v1/tracking/job/data_view and /v1/tracking/component/parameters:
 * what the stored configuration says.
 */
#include "fcgi-app/target.h"
#include "lib/base/path.h"

/* A party id as the configuration has it: a number, or a text. */
static cJSON *
party_item(const char *party_id)
{
	return cJSON_CreateRaw(party_id);
}

/* The tables of one party: {"<key>": "<namespace>.<name>"}. */
static void
add_dataset(cJSON *dataset, const struct conf *c, const struct conf_party *p)
{
	const cJSON *args =
	    json_get(json_get(c->root, "role_parameters"), p->role);
	const cJSON *data = json_get(json_get(args, "args"), "data");
	struct buf text = BUF_INIT;

	for (const cJSON *it = data ? data->child : NULL; it; it = it->next) {
		const char *name, *name_space;
		cJSON *of_role;

		if (conf_args_table(c, p, it->string, &name, &name_space))
			continue;
		of_role = json_child(dataset, p->role, cJSON_CreateObject);
		path_set(&text, "%s.%s", name_space, name);
		json_add_str(
		    json_child(of_role, p->party_id, cJSON_CreateObject),
		    it->string, text.ptr);
	}
	buf_release(&text);
}

static cJSON *
describe(const struct target_job *job)
{
	const struct conf_party *me = job->party;
	cJSON *data = cJSON_CreateObject();
	cJSON *dataset = json_child(data, "dataset", cJSON_CreateObject);
	cJSON *partner = json_child(data, "partner", cJSON_CreateObject);
	cJSON *roles = json_child(data, "roles", cJSON_CreateObject);
	cJSON *summary = json_child(data, "model_summary", cJSON_CreateObject);

	json_child(json_child(summary, "job", cJSON_CreateObject), "job_view",
	    cJSON_CreateObject);
	for (size_t i = 0; i < job->conf.n_parties; i++) {
		const struct conf_party *p = &job->conf.parties[i];

		if (p != me)
			cJSON_AddItemToArray(
			    json_child(partner, p->role, cJSON_CreateArray),
			    party_item(p->party_id));
		if (p != me && !me->is_initiator)
			continue;
		cJSON_AddItemToArray(
		    json_child(roles, p->role, cJSON_CreateArray),
		    party_item(p->party_id));
		add_dataset(dataset, &job->conf, p);
	}
	return data;
}

enum err
tracking_data_view(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct target_job job;
	struct target t;
	enum err rc = target_read(app, &in, 0, &t, err);

	if (rc)
		return rc;
	rc = target_job_read(app, &t, &job, err);
	if (rc == ERR_NOTFOUND || (!rc && !job.party))
		rc = reply_say(rp, 101, "error");
	else if (!rc)
		rc = reply_ok(rp, describe(&job));
	target_job_release(&job);
	return rc;
}

static enum err
parameters(const struct target_job *job, const struct target *t,
    struct reply *rp, struct buf *err)
{
	cJSON *out = NULL, *warnings = cJSON_CreateArray();
	size_t i;
	enum err rc = target_component(job, t, &i, err);

	if (!rc && job->party)
		rc = conf_parameters(
		    &job->conf, &job->dsl, i, job->party, warnings, &out, err);
	cJSON_Delete(warnings);
	if (rc)
		return rc;
	if (out) {
		spec_hide(out);
		return reply_ok(rp, out);
	}
	return reply_say(rp, 0, "can not found this component parameters");
}

enum err
tracking_parameters(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct target_job job;
	struct target t;
	enum err rc = target_read(app, &in, TARGET_COMPONENT, &t, err);

	if (rc)
		return rc;
	rc = target_job_read(app, &t, &job, err);
	if (rc == ERR_NOTFOUND)
		return reply_say(rp, 101, "can not found this job");
	if (!rc)
		rc = parameters(&job, &t, rp, err);
	target_job_release(&job);
	return rc;
}
