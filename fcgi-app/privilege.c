/*
 * POST /v1/permission/{grant,delete,query}/privilege. They work whether or
 * not api.authentication makes job/submit ask for what is granted.
 */
#include "fcgi-app/app.h"
#include "fcgi-app/permission.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define LIST_MAX 4096

static const struct {
	enum privilege_kind kind;
	const char *key;
} fields[] = {
    {PRIVILEGE_ROLE, "privilege_role"},
    {PRIVILEGE_COMMAND, "privilege_command"},
    {PRIVILEGE_COMPONENT, "privilege_component"},
};

/* A request: whose privileges, and which words. */
struct ask {
	char party_id[ID_PARTY_MAX + 1];
	struct privilege_party party;
	struct privilege_list list;
	bool all[PRIVILEGE__MAX];
};

static enum err
read_lists(struct ask *a, const char *const texts[], struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < PRIVILEGE__MAX; i++)
		if (texts[i])
			rc = permission_parse(
			    fields[i].kind, texts[i], &a->list, err);
	return rc;
}

static enum err
ask_read(struct ask *a, const cJSON *body, struct buf *err)
{
	struct json_in in = {.obj = body};
	const char *texts[PRIVILEGE__MAX];
	int64_t party;
	enum err rc;

	memset(a, 0, sizeof(*a));
	party =
	    json_in_int(&in, "src_party_id", JSON_REQUIRED, 0, 9999999999, 0);
	snprintf(a->party_id, sizeof(a->party_id), "%lld", (long long)party);
	a->party.party_id = a->party_id;
	a->party.role = json_in_str(&in, "src_role", JSON_REQUIRED, 50);
	if (a->party.role && !spec_role_bit(a->party.role))
		json_in_fault(&in,
		    "field 'src_role' is '%s', expected guest, host or "
		    "arbiter",
		    a->party.role);
	for (size_t i = 0; i < PRIVILEGE__MAX; i++) {
		texts[i] =
		    json_in_str(&in, fields[i].key, JSON_OPTIONAL, LIST_MAX);
		a->all[i] = texts[i] && !strcmp(texts[i], "all");
	}
	rc = json_in_done(&in, err);
	return rc ? rc : read_lists(a, texts, err);
}

enum err
permission_grant(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct ask a;
	enum err rc = ask_read(&a, rq->body, err);

	if (!rc)
		rc = privilege_grant(
		    app->db, &a.party, &a.list, clock_wall_ms(), err);
	if (!rc) {
		log_info("privileges granted party=%s role=%s by=%s",
		    a.party_id, a.party.role, rq->client);
		rc = reply_ok(rp, NULL);
	}
	privilege_list_release(&a.list);
	return rc;
}

enum err
permission_delete(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct privilege_list named = {{NULL}, {0}};
	struct ask a;
	enum err rc = ask_read(&a, rq->body, err);

	/* "all" of a kind is what there is of it, not every word. */
	for (size_t k = 0; !rc && k < PRIVILEGE__MAX; k++)
		for (size_t i = 0; !a.all[k] && i < a.list.n[k]; i++)
			privilege_list_add(
			    &named, (enum privilege_kind)k, a.list.words[k][i]);
	if (!rc)
		rc = privilege_revoke(app->db, &a.party, &named, a.all, err);
	if (!rc) {
		log_info("privileges deleted party=%s role=%s by=%s",
		    a.party_id, a.party.role, rq->client);
		rc = reply_ok(rp, NULL);
	}
	privilege_list_release(&named);
	privilege_list_release(&a.list);
	return rc;
}

enum err
permission_query(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct privilege_list have = {{NULL}, {0}};
	cJSON *data = NULL;
	struct ask a;
	enum err rc = ask_read(&a, rq->body, err);

	if (!rc)
		rc = privilege_read(app->db, &a.party, &have, err);
	if (!rc) {
		data = cJSON_CreateObject();
		json_add_str(data, "src_party_id", a.party_id);
		json_add_str(data, "role", a.party.role);
		for (size_t f = 0; f < PRIVILEGE__MAX; f++) {
			enum privilege_kind k = fields[f].kind;
			cJSON *list =
			    json_child(data, fields[f].key, cJSON_CreateArray);

			for (size_t i = 0; i < have.n[k]; i++)
				cJSON_AddItemToArray(
				    list, cJSON_CreateString(have.words[k][i]));
		}
		rc = reply_ok(rp, data);
	}
	privilege_list_release(&have);
	privilege_list_release(&a.list);
	return rc;
}
