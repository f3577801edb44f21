/*
 * The request is built of structures that point at each other and at the
 * caller's texts; only the arrays are allocated.
 */
#include "lib/serving/serving.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/core/ids.h"
#include "lib/http/grpc.h"
#include "model_service.pb-c.h"

#define UNREACHED 100 /* retcode of what is not the server's own word */

#define SERVICE "/com.webank.ai.fate.api.mlmodel.manager.ModelService/"

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* How many of the parties at the head have one role. */
static size_t
n_of_role(const struct serving_party *p, size_t n)
{
	size_t i = 1;

	while (i < n && !strcmp(p[i].role, p[0].role))
		i++;
	return n ? i : 0;
}

/* ---- role: map<string, Party> ---- */

static Serving__PublishRequest__RoleEntry *
new_role(const struct serving_party *p, size_t n)
{
	Serving__PublishRequest__RoleEntry *e = xcalloc(1, sizeof(*e));
	Serving__Party *party = xcalloc(1, sizeof(*party));

	serving__publish_request__role_entry__init(e);
	serving__party__init(party);
	party->n_partyid = n;
	party->partyid = xcalloc(n, sizeof(*party->partyid));
	for (size_t i = 0; i < n; i++)
		party->partyid[i] = text(p[i].party_id);
	e->key = text(p->role);
	e->value = party;
	return e;
}

static void
set_roles(Serving__PublishRequest *r, const struct serving_publish *s)
{
	r->role = xcalloc(s->n_parties + 1, sizeof(*r->role));
	for (size_t i = 0; i < s->n_parties;) {
		size_t n = n_of_role(s->parties + i, s->n_parties - i);

		r->role[r->n_role++] = new_role(s->parties + i, n);
		i += n;
	}
}

/* ---- model: map<string, RoleModelInfo> ---- */

static Serving__RoleModelInfo__RoleModelInfoEntry *
new_info(const struct serving_publish *s, const struct serving_party *p)
{
	Serving__RoleModelInfo__RoleModelInfoEntry *e = xcalloc(1, sizeof(*e));
	Serving__ModelInfo *info = xcalloc(1, sizeof(*info));
	struct buf name = BUF_INIT;

	serving__role_model_info__role_model_info_entry__init(e);
	serving__model_info__init(info);
	ids_party_model(p->role, p->party_id, s->model_id, &name);
	info->namespace_ = buf_detach(&name);
	info->tablename = text(s->model_version);
	e->key = text(p->party_id);
	e->value = info;
	return e;
}

static Serving__PublishRequest__ModelEntry *
new_model(
    const struct serving_publish *s, const struct serving_party *p, size_t n)
{
	Serving__PublishRequest__ModelEntry *e = xcalloc(1, sizeof(*e));
	Serving__RoleModelInfo *role = xcalloc(1, sizeof(*role));

	serving__publish_request__model_entry__init(e);
	serving__role_model_info__init(role);
	role->rolemodelinfo = xcalloc(n, sizeof(*role->rolemodelinfo));
	role->n_rolemodelinfo = n;
	for (size_t i = 0; i < n; i++)
		role->rolemodelinfo[i] = new_info(s, p + i);
	e->key = text(p->role);
	e->value = role;
	return e;
}

static void
set_models(Serving__PublishRequest *r, const struct serving_publish *s)
{
	r->model = xcalloc(s->n_models + 1, sizeof(*r->model));
	for (size_t i = 0; i < s->n_models;) {
		size_t n = n_of_role(s->models + i, s->n_models - i);

		r->model[r->n_model++] = new_model(s, s->models + i, n);
		i += n;
	}
}

static void
free_request(Serving__PublishRequest *r)
{
	for (size_t i = 0; i < r->n_role; i++) {
		free(r->role[i]->value->partyid);
		free(r->role[i]->value);
		free(r->role[i]);
	}
	for (size_t i = 0; i < r->n_model; i++) {
		Serving__RoleModelInfo *role = r->model[i]->value;

		for (size_t k = 0; k < role->n_rolemodelinfo; k++) {
			free(role->rolemodelinfo[k]->value->namespace_);
			free(role->rolemodelinfo[k]->value);
			free(role->rolemodelinfo[k]);
		}
		free(role->rolemodelinfo);
		free(role);
		free(r->model[i]);
	}
	free(r->role);
	free(r->model);
}

static void
pack(const struct serving_publish *s, struct buf *out)
{
	Serving__PublishRequest r = SERVING__PUBLISH_REQUEST__INIT;
	Serving__LocalInfo local = SERVING__LOCAL_INFO__INIT;
	size_t len;

	local.role = text(s->local.role);
	local.partyid = text(s->local.party_id);
	r.local = &local;
	r.serviceid = text(s->service_id);
	r.loadtype = text(s->load_type);
	r.filepath = text(s->file_path);
	set_roles(&r, s);
	set_models(&r, s);
	len = serving__publish_request__get_packed_size(&r);
	buf_reserve(out, len);
	serving__publish_request__pack(&r, (uint8_t *)out->ptr);
	out->len = len;
	free_request(&r);
}

/* ---- calls ---- */

static const struct {
	const char *method;
	bool tells_error; /* the text is "<message> <error>" */
	const char *success;
} methods[] = {
    [SERVING_LOAD] = {SERVICE "publishLoad", true, "success"},
    [SERVING_BIND] = {SERVICE "publishBind", false, ""},
};

static void
take_answer(const struct buf *answer, enum serving_method method,
    const char *address, struct serving_verdict *out)
{
	Serving__PublishResponse *r = serving__publish_response__unpack(
	    NULL, answer->len, (const uint8_t *)answer->ptr);

	if (!r) {
		out->code = UNREACHED;
		buf_addf(&out->text, "%s: its answer is no PublishResponse",
		    address);
		return;
	}
	out->code = r->statuscode;
	if (r->statuscode) {
		buf_adds(&out->text, r->message);
		if (methods[method].tells_error)
			buf_addf(&out->text, " %s", r->error);
	}
	serving__publish_response__free_unpacked(r, NULL);
}

void
serving_call(const struct serving_list *list, enum serving_method method,
    const struct serving_publish *publish, int64_t deadline_at,
    struct serving_verdict *out)
{
	struct buf message = BUF_INIT, answer = BUF_INIT;

	pack(publish, &message);
	out->code = 0;
	for (size_t i = 0; i < list->n && !out->code; i++) {
		struct grpc_call call = {.address = list->addresses[i],
		    .method = methods[method].method,
		    .message = message.ptr,
		    .len = message.len,
		    .timeout_ms = deadline_at - clock_mono_ms()};

		buf_reset(&answer);
		if (grpc_unary(&call, &answer, &out->text))
			out->code = UNREACHED;
		else
			take_answer(&answer, method, call.address, out);
	}
	if (!out->code)
		buf_adds(&out->text, methods[method].success);
	buf_release(&message);
	buf_release(&answer);
}
