/* POST /v1/table/table_info */
#include "fcgi-app/app.h"
#include "lib/core/ids.h"
#include "lib/store/catalogue.h"

static cJSON *
describe(const char *name_space, const char *name, struct catalogue_table *t)
{
	cJSON *data = cJSON_CreateObject();

	json_add_str(data, "namespace", name_space);
	json_add_str(data, "table_name", name);
	json_add_int(data, "count", t ? t->rows : 0);
	json_add_int(data, "partition", t ? t->partitions : 1);
	if (t)
		json_add_raw(data, "schema", t->schema_json);
	else
		json_add(data, "schema", cJSON_CreateObject());
	if (t && t->ledger_json)
		json_add_raw(data, "ledger", t->ledger_json);
	return data;
}

enum err
table_info_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct catalogue_table table;
	struct buf none = BUF_INIT;
	const char *name_space, *name;
	bool create;
	cJSON *data;
	enum err rc;

	name_space = json_in_str(&in, "namespace", JSON_REQUIRED, ID_NAME_MAX);
	name = json_in_str(&in, "table_name", JSON_REQUIRED, ID_NAME_MAX);
	create = json_in_bool(&in, "create", JSON_OPTIONAL, false);
	if (json_in_bool(&in, "gen_table_info", JSON_OPTIONAL, false))
		json_in_fault(&in, "gen_table_info is not offered yet: give "
				   "namespace and table_name");
	rc = json_in_done(&in, err);
	if (rc)
		return rc;
	rc = catalogue_find(app->db, name_space, name, &table, &none);
	if (rc && rc != ERR_NOTFOUND) {
		buf_add(err, none.ptr, none.len);
		buf_release(&none);
		return rc;
	}
	data = describe(name_space, name, rc || create ? NULL : &table);
	if (create)
		cJSON_ReplaceItemInObjectCaseSensitive(
		    data, "partition", cJSON_CreateNull());
	if (!rc)
		catalogue_release(&table);
	buf_release(&none);
	return reply_ok(rp, data);
}
