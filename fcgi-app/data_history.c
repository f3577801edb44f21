/* POST /v1/data/upload/history */
#include "fcgi-app/app.h"
#include "lib/core/ids.h"
#include "lib/store/upload_history.h"

static void
add_int(cJSON *obj, const char *key, const struct db_rows *rows, size_t col)
{
	if (db_is_null(rows, col))
		json_add(obj, key, cJSON_CreateNull());
	else
		json_add_int(obj, key, db_int(rows, col));
}

static cJSON *
describe(const struct db_rows *rows)
{
	cJSON *row = cJSON_CreateObject(), *job = cJSON_CreateObject(), *info;
	const char *schema = db_text(rows, UPLOAD_SCHEMA);
	const char *notes = db_text(rows, UPLOAD_NOTES);

	json_add(row, db_text(rows, UPLOAD_JOB_ID), job);
	info = cJSON_CreateObject();
	json_add(job, "upload_info", info);
	json_add_str(info, "table_name", db_text(rows, UPLOAD_TABLE_NAME));
	json_add_str(info, "namespace", db_text(rows, UPLOAD_NAMESPACE));
	add_int(info, "partition", rows, UPLOAD_PARTITION);
	add_int(info, "upload_count", rows, UPLOAD_COUNT);
	add_int(info, "actual_count", rows, UPLOAD_ACTUAL);
	json_add_raw(job, "ledger", db_text(rows, UPLOAD_LEDGER));
	json_add_str(job, "notes", notes ? notes : "");
	json_add_raw(job, "meta", schema && *schema ? schema : "{}");
	return row;
}

enum err
data_history(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct db_rows *rows = NULL;
	const char *job_id =
	    json_in_str(&in, "job_id", JSON_OPTIONAL, ID_JOB_MAX);
	int64_t limit =
	    json_in_int(&in, "limit", JSON_OPTIONAL, 0, INT32_MAX, INT32_MAX);
	enum err rc = json_in_done(&in, err);

	if (!rc)
		rc = upload_history_stream(app->db, job_id, limit, &rows, err);
	while (!rc && !(rc = db_next(rows, err)))
		reply_row(rp, describe(rows));
	db_end(&rows);
	if (rc && rc != ERR_NOTFOUND)
		return rc;
	return reply_rows_end(rp);
}
