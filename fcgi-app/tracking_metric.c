/*
 * POST /v1/tracking/component/metrics, metric/all and metric_data. A metric's
 * points are sorted by key, numbers as numbers and texts by their bytes; a
 * mixture has no order and is an error, as in FATE.
 */
#include "fcgi-app/target.h"
#include "lib/base/mem.h"
#include "lib/store/ingest.h"
#include "lib/store/metric_query.h"

#define NAME_MAX_LEN 180

static struct data_view_key
key_of(const struct target *t)
{
	return (struct data_view_key){
	    t->job_id, t->component, t->role, t->party_id};
}

static cJSON *
new_meta(void)
{
	cJSON *meta = cJSON_CreateObject();

	json_add_str(meta, "name", NULL);
	json_add_str(meta, "metric_type", NULL);
	return meta;
}

static void
set_item(cJSON *obj, const char *key, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(obj, key);
	json_add(obj, key, value);
}

/* One stored row into {"data": [...], "meta": {...}}. */
static enum err
add_row(cJSON *metric, const struct db_rows *rows, struct buf *err)
{
	cJSON *key = NULL, *value = NULL, *point;
	cJSON *data = json_child(metric, "data", cJSON_CreateArray);
	cJSON *meta = json_child(metric, "meta", new_meta);
	enum err rc = json_parse(db_text(rows, METRIC_KEY),
	    db_len(rows, METRIC_KEY), "a stored metric's key", &key, err);

	if (!rc)
		rc = json_parse(db_text(rows, METRIC_VALUE),
		    db_len(rows, METRIC_VALUE), "a stored metric's value",
		    &value, err);
	if (rc) {
		cJSON_Delete(key);
		return ERR_INTERNAL;
	}
	if (db_int(rows, METRIC_TYPE) == INGEST_META) {
		set_item(
		    meta, cJSON_IsString(key) ? key->valuestring : "", value);
		cJSON_Delete(key);
		return ERR_OK;
	}
	point = cJSON_CreateArray();
	cJSON_AddItemToArray(data, point);
	cJSON_AddItemToArray(point, key);
	/* The text as stored: parsing it would turn 5.0 into 5. */
	cJSON_AddItemToArray(
	    point, cJSON_CreateRaw(db_text(rows, METRIC_VALUE)));
	cJSON_Delete(value);
	return ERR_OK;
}

struct point {
	cJSON *item;
	const cJSON *key;
	size_t index;
};

static int
compare_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;
	int order = 0;

	if (cJSON_IsString(x->key))
		order = strcmp(x->key->valuestring, y->key->valuestring);
	else if (x->key->valuedouble != y->key->valuedouble)
		order = x->key->valuedouble < y->key->valuedouble ? -1 : 1;
	return order ? order : x->index < y->index ? -1 : 1;
}

static enum err
sort_points(cJSON *data, struct buf *err)
{
	size_t n = (size_t)cJSON_GetArraySize(data), i = 0;
	struct point *v = xreallocarray(NULL, n + 1, sizeof(*v));
	bool is_mixed = false;

	for (cJSON *it = data->child; it; it = it->next, i++) {
		v[i] = (struct point){it, it->child, i};
		is_mixed |=
		    cJSON_IsString(v[i].key) != cJSON_IsString(v[0].key);
	}
	if (!is_mixed) {
		qsort(v, n, sizeof(*v), compare_points);
		for (i = 0; i < n; i++)
			cJSON_DetachItemViaPointer(data, v[i].item);
		for (i = 0; i < n; i++)
			cJSON_AddItemToArray(data, v[i].item);
	}
	free(v);
	return is_mixed ? err_set(err, ERR_INVALID,
			      "the keys of a metric are of several types and "
			      "have no order")
			: ERR_OK;
}

/* All rows into {namespace: {name: {"data", "meta"}}}. */
static enum err
collect(
    struct app *app, const struct metric_query *q, cJSON *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = metric_query_rows(app->db, q, &rows, err);

	while (!rc && !(rc = db_next(rows, err))) {
		cJSON *space = json_child(
		    out, db_text(rows, METRIC_NAMESPACE), cJSON_CreateObject);

		rc = add_row(json_child(space, db_text(rows, METRIC_NAME),
				 cJSON_CreateObject),
		    rows, err);
	}
	db_end(&rows);
	if (rc != ERR_NOTFOUND)
		return rc;
	rc = ERR_OK;
	for (cJSON *space = out->child; space && !rc; space = space->next)
		for (cJSON *m = space->child; m && !rc; m = m->next)
			rc = sort_points(
			    cJSON_GetObjectItemCaseSensitive(m, "data"), err);
	return rc;
}

enum err
tracking_metrics(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct db_rows *rows = NULL;
	struct data_view_key key;
	struct target t;
	cJSON *data = NULL;
	enum err rc = target_read(app, &in, TARGET_COMPONENT, &t, err);

	if (rc)
		return rc;
	key = key_of(&t);
	data = cJSON_CreateObject();
	rc = metric_query_names(app->db, &key, &rows, err);
	while (!rc && !(rc = db_next(rows, err)))
		cJSON_AddItemToArray(
		    json_child(data, db_text(rows, 0), cJSON_CreateArray),
		    cJSON_CreateString(db_text(rows, 1)));
	db_end(&rows);
	if (rc == ERR_NOTFOUND && data->child)
		return reply_ok(rp, data);
	cJSON_Delete(data);
	return rc == ERR_NOTFOUND ? reply_say(rp, 0, "no data") : rc;
}

enum err
tracking_metric_all(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct metric_query q = {.name = NULL};
	struct target t;
	cJSON *data;
	enum err rc = target_read(app, &in, TARGET_COMPONENT, &t, err);

	if (rc)
		return rc;
	q.key = key_of(&t);
	data = cJSON_CreateObject();
	rc = collect(app, &q, data, err);
	if (!rc && data->child)
		return reply_ok(rp, data);
	cJSON_Delete(data);
	return rc ? rc : reply_say(rp, 0, "no data");
}

enum err
tracking_metric_data(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct metric_query q = {
	    .name_space = json_in_str(
		&in, "metric_namespace", JSON_REQUIRED, NAME_MAX_LEN),
	    .name =
		json_in_str(&in, "metric_name", JSON_REQUIRED, NAME_MAX_LEN),
	};
	struct target t;
	cJSON *found, *metric;
	enum err rc = target_read(app, &in, TARGET_COMPONENT, &t, err);

	if (rc)
		return rc;
	q.key = key_of(&t);
	found = cJSON_CreateObject();
	rc = collect(app, &q, found, err);
	if (!rc) {
		metric = json_child(
		    json_child(found, q.name_space, cJSON_CreateObject), q.name,
		    cJSON_CreateObject);
		json_child(metric, "meta", new_meta);
		rp->meta =
		    cJSON_DetachItemFromObjectCaseSensitive(metric, "meta");
		rc = reply_ok(rp,
		    cJSON_DetachItemFromObjectCaseSensitive(metric, "data"));
	}
	cJSON_Delete(found);
	return rc;
}
