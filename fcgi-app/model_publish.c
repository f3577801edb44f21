/*
 * POST /v1/model/load, /v1/model/load/do and /v1/model/bind: FATE-Serving is
 * told of a model. Every party of a request is served here, so load asks for
 * each of them itself, within one allowance of time for all.
 */
#include "fcgi-app/app.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/core/ids.h"
#include "lib/serving/serving.h"
#include "lib/spec/spec.h"

#define OUTBOUND_MS 5000
#define PARTIES_MAX 1000
#define NOT_ASKED   100
#define NO_SERVING  "Please configure servings address"
#define ARBITER	    "arbiter"

/* What the three have in common; texts are borrowed from the body. */
struct publish {
	struct serving_party initiator;
	struct serving_party local; /* load/do */
	struct serving_party *parties;
	char (*ids)[ID_PARTY_MAX + 1]; /* that they point to */
	size_t n;
	char initiator_id[ID_PARTY_MAX + 1];
	char local_id[ID_PARTY_MAX + 1];
	const char *model_id;
	const char *model_version;
	const char *load_type;
	const char *file_path;
	const char *service_id;
	struct serving_list configured;
};

/* {"role", "party_id"} under `key`. */
static void
read_party(struct json_in *in, const char *key, char id[ID_PARTY_MAX + 1],
    struct serving_party *out)
{
	const cJSON *o = json_in_object(in, key, JSON_REQUIRED);

	if (!o)
		return;
	out->role = json_str(o, "role", "");
	out->party_id = id;
	if (!spec_role_bit(out->role))
		json_in_fault(
		    in, "%s.role is '%.64s', expected a role", key, out->role);
	if (!ids_party(json_get(o, "party_id"), id))
		json_in_fault(in, "%s.party_id is no party id", key);
}

static void
read_role(struct json_in *in, const cJSON *list, struct publish *p)
{
	const cJSON *it;

	if (!spec_role_bit(list->string) || !cJSON_IsArray(list)) {
		json_in_fault(in,
		    "role.%.64s: expected a role and a list of party ids",
		    list->string);
		return;
	}
	cJSON_ArrayForEach(it, list)
	{
		if (p->n == PARTIES_MAX || !ids_party(it, p->ids[p->n])) {
			json_in_fault(in,
			    "role.%s: expected at most %d party ids in all",
			    list->string, PARTIES_MAX);
			return;
		}
		p->parties[p->n] =
		    (struct serving_party){list->string, p->ids[p->n]};
		p->n++;
	}
}

static void
read_model(struct json_in *in, struct publish *p)
{
	const cJSON *o = json_in_object(in, "job_parameters", JSON_REQUIRED);
	struct json_in inner = {.obj = o};

	if (!o)
		return;
	p->model_id =
	    json_in_str(&inner, "model_id", JSON_REQUIRED, ID_NAME_MAX);
	p->model_version =
	    json_in_str(&inner, "model_version", JSON_REQUIRED, ID_NAME_MAX);
	p->load_type = json_in_str(&inner, "load_type", JSON_OPTIONAL, 512);
	p->file_path = json_in_str(&inner, "file_path", JSON_OPTIONAL, 4096);
	if (inner.faults.len)
		json_in_fault(in, "job_parameters: %s", inner.faults.ptr);
	buf_release(&inner.faults);
}

static void
publish_release(struct publish *p)
{
	free(p->parties);
	free(p->ids);
	serving_list_release(&p->configured);
}

static enum err
publish_read(struct app *app, const cJSON *body, bool needs_local,
    struct publish *p, struct buf *err)
{
	struct json_in in = {.obj = body};
	const cJSON *roles, *it;
	enum err rc;

	*p = (struct publish){0};
	p->parties = xcalloc(PARTIES_MAX, sizeof(*p->parties));
	p->ids = xcalloc(PARTIES_MAX, sizeof(*p->ids));
	read_party(&in, "initiator", p->initiator_id, &p->initiator);
	if (needs_local)
		read_party(&in, "local", p->local_id, &p->local);
	roles = json_in_object(&in, "role", JSON_REQUIRED);
	cJSON_ArrayForEach(it, roles) read_role(&in, it, p);
	read_model(&in, p);
	p->service_id = json_in_str(&in, "service_id", JSON_OPTIONAL, 512);
	rc = json_in_done(&in, err);
	if (!rc)
		rc = serving_list_parse(
		    app->cfg->serving.addresses, &p->configured, err);
	return rc;
}

/* One party's servers are told; the verdict's text is appended. */
static void
load_party(const struct publish *p, const struct serving_party *local,
    int64_t deadline_at, struct serving_verdict *v)
{
	struct serving_publish request = {.local = *local,
	    .parties = p->parties,
	    .n_parties = p->n,
	    .models = p->parties,
	    .n_models = p->n,
	    .model_id = p->model_id,
	    .model_version = p->model_version,
	    .service_id = p->service_id ? p->service_id : "",
	    .load_type = p->load_type ? p->load_type : "FATEFLOW",
	    .file_path = p->file_path ? p->file_path : ""};

	if (p->configured.n) {
		serving_call(
		    &p->configured, SERVING_LOAD, &request, deadline_at, v);
		return;
	}
	v->code = NOT_ASKED;
	buf_adds(&v->text, NO_SERVING);
}

static void
add_verdict(cJSON *data, const struct serving_party *party,
    const struct serving_verdict *v)
{
	cJSON *detail = json_child(data, "detail", cJSON_CreateObject);
	cJSON *o = cJSON_CreateObject();

	json_add_int(json_child(data, party->role, cJSON_CreateObject),
	    party->party_id, v->code);
	json_add(json_child(detail, party->role, cJSON_CreateObject),
	    party->party_id, o);
	json_add_int(o, "retcode", v->code);
	json_add_str(o, "retmsg", v->text.ptr);
}

static enum err
load_all(const struct publish *p, struct reply *rp)
{
	int64_t deadline_at = clock_mono_ms() + OUTBOUND_MS;
	cJSON *data = cJSON_CreateObject();
	char job_id[ID_JOB_MAX + 1];
	bool failed = false;

	for (size_t i = 0; i < p->n; i++) {
		struct serving_verdict v = {.text = BUF_INIT};

		if (!strcmp(p->parties[i].role, ARBITER))
			continue;
		load_party(p, &p->parties[i], deadline_at, &v);
		add_verdict(data, &p->parties[i], &v);
		failed |= v.code != 0;
		buf_release(&v.text);
	}
	ids_new_job(job_id);
	rp->job_id = xstrdup(job_id);
	reply_ok(rp, data);
	return failed ? reply_say(rp, 101, "failed") : ERR_OK;
}

enum err
model_load(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct publish p;
	enum err rc = publish_read(app, rq->body, false, &p, err);

	if (!rc)
		rc = load_all(&p, rp);
	publish_release(&p);
	return rc;
}

enum err
model_load_do(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct serving_verdict v = {.text = BUF_INIT};
	struct publish p;
	enum err rc = publish_read(app, rq->body, true, &p, err);

	if (!rc) {
		load_party(&p, &p.local, clock_mono_ms() + OUTBOUND_MS, &v);
		rc = reply_say(rp, v.code, "%s", v.text.ptr);
	}
	publish_release(&p);
	buf_release(&v.text);
	return rc;
}

static enum err
bind(const struct publish *p, const struct serving_list *servings,
    struct reply *rp)
{
	struct serving_verdict v = {.text = BUF_INIT};
	struct serving_publish request = {.local = p->initiator,
	    .parties = p->parties,
	    .n_parties = p->n,
	    .models = &p->initiator,
	    .n_models = 1,
	    .model_id = p->model_id,
	    .model_version = p->model_version,
	    .service_id = p->service_id,
	    .load_type = "",
	    .file_path = ""};

	if (!servings->n)
		return reply_say(rp, NOT_ASKED, NO_SERVING);
	serving_call(servings, SERVING_BIND, &request,
	    clock_mono_ms() + OUTBOUND_MS, &v);
	if (v.code)
		reply_say(rp, v.code, "%s", v.text.ptr);
	else
		reply_say(rp, 0, "service id is %s", p->service_id);
	buf_release(&v.text);
	return ERR_OK;
}

enum err
model_bind(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	const cJSON *wanted = json_in_array(&in, "servings", JSON_OPTIONAL);
	struct serving_list chosen = {0};
	struct publish p;
	enum err rc;

	if (!*json_str(rq->body, "service_id", "?"))
		json_in_fault(&in, "field 'service_id' is empty");
	rc = json_in_done(&in, err);
	if (rc)
		return rc;
	if (cJSON_IsNull(json_get(rq->body, "service_id")) ||
	    !json_get(rq->body, "service_id"))
		return reply_say(rp, 101, "no service id");
	rc = publish_read(app, rq->body, false, &p, err);
	if (!rc && wanted && wanted->child)
		rc = serving_list_choose(&p.configured, wanted, &chosen, err);
	if (!rc)
		rc = bind(&p, chosen.n ? &chosen : &p.configured, rp);
	serving_list_release(&chosen);
	publish_release(&p);
	return rc;
}
