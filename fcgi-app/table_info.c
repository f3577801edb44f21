/*
 * POST /v1/table/table_info. With gen_table_info the names may be left out:
 * they are then formed as FATE-Flow's components did.
 */
#include "fcgi-app/app.h"
#include "lib/base/mem.h"
#include "lib/core/ids.h"
#include "lib/store/catalogue.h"

struct names {
	const char *name_space, *name; /* of the body, or of the texts below */
	struct buf made_space;
	char *made_name;
	bool create;
};

static cJSON *
describe(const struct names *n, struct catalogue_table *t)
{
	cJSON *data = cJSON_CreateObject();

	json_add_str(data, "namespace", n->name_space);
	json_add_str(data, "table_name", n->name);
	json_add_int(data, "count", t ? t->rows : 0);
	if (n->create)
		json_add_str(data, "partition", NULL);
	else
		json_add_int(data, "partition", t ? t->partitions : 1);
	if (t)
		json_add_raw(data, "schema", t->schema_json);
	else
		json_add(data, "schema", cJSON_CreateObject());
	if (t && t->ledger_json)
		json_add_raw(data, "ledger", t->ledger_json);
	return data;
}

/* "guest#9999#guest-9999#host-10000#<data type>" */
static void
make_namespace(struct json_in *in, struct names *n)
{
	struct json_in local = {
	    .obj = json_in_object(in, "local", JSON_REQUIRED)};
	const cJSON *roles = json_in_object(in, "role", JSON_REQUIRED);
	const char *type =
	    json_in_str(in, "data_type", JSON_REQUIRED, ID_NAME_MAX);
	const char *role = NULL;
	char party[ID_PARTY_MAX + 1] = "";

	if (local.obj) {
		role = json_in_str(&local, "role", JSON_REQUIRED, 50);
		if (!ids_party(json_get(local.obj, "party_id"), party))
			json_in_fault(
			    in, "field 'local.party_id' must be a party id");
	}
	if (local.faults.len)
		json_in_fault(in, "local: %s", local.faults.ptr);
	(void)json_in_done(&local, NULL);
	if (!role || !*party || !roles || !type)
		return;
	buf_addf(&n->made_space, "%s#%s#", role, party);
	ids_all_party(roles, &n->made_space);
	buf_addf(&n->made_space, "#%s", type);
	n->name_space = n->made_space.ptr;
}

static enum err
make_name(struct app *app, struct names *n, struct buf *err)
{
	enum err rc = ERR_OK;

	if (n->create) {
		n->made_name = xmalloc(ID_RANDOM_LEN);
		ids_random(n->made_name);
	} else
		rc = catalogue_newest(
		    app->db, n->name_space, &n->made_name, err);
	n->name = n->made_name;
	return rc == ERR_NOTFOUND ? ERR_INVALID : rc;
}

static enum err
read_names(struct app *app, const cJSON *body, struct names *n, struct buf *err)
{
	struct json_in in = {.obj = body};
	bool makes = json_in_bool(&in, "gen_table_info", JSON_OPTIONAL, false);
	enum json_need need = makes ? JSON_OPTIONAL : JSON_REQUIRED;
	enum err rc;

	n->create = json_in_bool(&in, "create", JSON_OPTIONAL, false);
	n->name_space = json_in_str(&in, "namespace", need, ID_NAME_MAX);
	n->name = json_in_str(&in, "table_name", need, ID_NAME_MAX);
	if (makes && (!n->name_space || !*n->name_space))
		make_namespace(&in, n);
	rc = json_in_done(&in, err);
	if (!rc && makes && (!n->name || !*n->name))
		rc = make_name(app, n, err);
	return rc;
}

static enum err
answer(
    struct app *app, const struct names *n, struct reply *rp, struct buf *err)
{
	struct catalogue_table table;
	struct buf none = BUF_INIT;
	enum err rc;

	if (n->create)
		return reply_ok(rp, describe(n, NULL));
	rc = catalogue_find(app->db, n->name_space, n->name, &table, &none);
	if (rc && rc != ERR_NOTFOUND)
		buf_adds(err, none.ptr);
	buf_release(&none);
	if (rc && rc != ERR_NOTFOUND)
		return rc;
	reply_ok(rp, describe(n, rc ? NULL : &table));
	catalogue_release(&table);
	return ERR_OK;
}

enum err
table_info_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct names n = {.made_space = BUF_INIT};
	enum err rc = read_names(app, rq->body, &n, err);

	if (!rc)
		rc = answer(app, &n, rp, err);
	buf_release(&n.made_space);
	free(n.made_name);
	return rc;
}
