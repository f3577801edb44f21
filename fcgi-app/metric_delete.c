/*
 * POST /v1/tracking/component/metric/delete. FATE-Flow answers with the SQL
 * that it put together from the request; here the values are bound, and the
 * answer is the text that means the same.
 */
#include "fcgi-app/app.h"
#include "lib/base/mem.h"
#include "lib/core/ids.h"
#include "lib/store/metric_delete.h"

#include <ctype.h>

#define DAY_LEN 8

/* Keys whose columns hold JSON texts (lib/store/ingest.h). */
static const struct {
	const char *key;
	const char *sql;
} json_columns[] = {{"key", "f_key"}, {"value", "f_value"}};

struct deletion {
	struct filter filter;
	struct buf json[ARRAY_LEN(json_columns)]; /* bound by the filter */
	struct buf text;
};

static void
add_text(struct deletion *d, const char *column, const cJSON *value)
{
	struct buf shown = BUF_INIT;

	if (cJSON_IsString(value))
		buf_adds(&shown, value->valuestring);
	else
		json_print(value, JSON_COMPACT, &shown);
	buf_addf(&d->text, "%s%s=\"", d->text.len ? " and " : "", column);
	for (const char *p = shown.ptr; *p; p++) {
		if (*p == '"')
			buf_addc(&d->text, '"');
		buf_addc(&d->text, *p);
	}
	buf_addc(&d->text, '"');
	buf_release(&shown);
}

static enum err
by_job(struct deletion *d, const cJSON *body, struct buf *err)
{
	const struct filter_column *columns;
	struct buf where = BUF_INIT;
	size_t n;
	enum err rc;

	columns = metric_delete_columns(&n);
	rc = filter_read(&d->filter, columns, n, body, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (json_get(body, columns[i].key))
			add_text(
			    d, columns[i].sql, json_get(body, columns[i].key));
	for (size_t i = 0; i < ARRAY_LEN(json_columns); i++) {
		const cJSON *value = json_get(body, json_columns[i].key);

		if (!value)
			continue;
		json_print(value, JSON_COMPACT, &d->json[i]);
		filter_add(&d->filter, json_columns[i].sql,
		    DB_BYTES(d->json[i].ptr, d->json[i].len));
		add_text(d, json_columns[i].sql, value);
	}
	buf_addf(&where, "delete from t_tracking_metric_%.8s  where %s",
	    json_str(body, "job_id", ""), d->text.ptr);
	buf_reset(&d->text);
	buf_adds(&d->text, where.ptr);
	buf_release(&where);
	return ERR_OK;
}

static enum err
by_day(struct deletion *d, const char *day, struct buf *err)
{
	bool ok = strlen(day) == DAY_LEN;

	for (const char *p = day; *p; p++)
		ok &= isdigit((unsigned char)*p) != 0;
	if (!ok)
		return err_set(err, ERR_INVALID,
		    "field 'model' is '%s', expected a day as YYYYMMDD", day);
	filter_add(&d->filter, "f_day", DB_TEXT(day));
	buf_addf(&d->text, "drop table t_tracking_metric_%s", day);
	return ERR_OK;
}

enum err
metric_delete_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	const char *day = json_in_str(&in, "model", JSON_OPTIONAL, 100);
	struct deletion d;
	enum err rc;

	if (!day || !*day)
		(void)json_in_str(&in, "job_id", JSON_REQUIRED, ID_JOB_MAX);
	rc = json_in_done(&in, err);
	memset(&d, 0, sizeof(d));
	filter_init(&d.filter);
	buf_init(&d.text);
	for (size_t i = 0; i < ARRAY_LEN(d.json); i++)
		buf_init(&d.json[i]);
	if (!rc)
		rc = day && *day ? by_day(&d, day, err)
				 : by_job(&d, rq->body, err);
	if (!rc && !d.filter.is_never)
		rc = metric_delete(app->db, &d.filter, err);
	if (!rc)
		rc = reply_ok(rp, cJSON_CreateString(d.text.ptr));
	filter_release(&d.filter);
	buf_release(&d.text);
	for (size_t i = 0; i < ARRAY_LEN(d.json); i++)
		buf_release(&d.json[i]);
	return rc;
}
