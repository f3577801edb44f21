/*
 * Statements are put together from constant fragments only, so the cache of
 * prepared statements sees as many texts as there are sets of filters in use.
 */
#include "lib/store/filter.h"

#include <assert.h>
#include <math.h>

#define QUERY_LIMIT_MS 10000

void
filter_init(struct filter *f)
{
	memset(f, 0, sizeof(*f));
	buf_init(&f->where);
}

static void
add_condition(struct filter *f, const char *sql)
{
	buf_adds(&f->where, f->where.len ? " AND " : " WHERE ");
	buf_addf(&f->where, "%s = ?", sql);
}

void
filter_add(struct filter *f, const char *sql, struct db_bind bind)
{
	assert(f->n < FILTER_MAX);
	add_condition(f, sql);
	f->binds[f->n++] = bind;
}

static void
add_text(struct filter *f, const struct filter_column *c, const cJSON *it,
    struct json_in *in)
{
	char *number = f->numbers[f->n];

	if (cJSON_IsString(it)) {
		const char *s =
		    json_in_str(in, c->key, JSON_OPTIONAL, c->max_len);

		if (s)
			filter_add(f, c->sql, DB_TEXT(s));
		return;
	}
	if (!cJSON_IsNumber(it) || it->valuedouble != floor(it->valuedouble) ||
	    fabs(it->valuedouble) > 1e15) {
		json_in_fault(in, "field '%s' must be a string", c->key);
		return;
	}
	snprintf(number, sizeof(f->numbers[0]), "%.0f", it->valuedouble);
	filter_add(f, c->sql, DB_TEXT(number));
}

static void
add_value(struct filter *f, const struct filter_column *c, const cJSON *it,
    struct json_in *in)
{
	const int64_t max = ((int64_t)1 << 53) - 1; /* exact in a double */

	if (cJSON_IsNull(it))
		f->is_never = true;
	else if (c->max_len)
		add_text(f, c, it, in);
	else if (cJSON_IsBool(it))
		filter_add(f, c->sql, DB_INT(cJSON_IsTrue(it)));
	else
		filter_add(f, c->sql,
		    DB_INT(
			json_in_int(in, c->key, JSON_OPTIONAL, -max, max, 0)));
}

enum err
filter_read(struct filter *f, const struct filter_column *columns,
    size_t n_columns, const cJSON *body, struct buf *err)
{
	struct json_in in = {.obj = body};

	assert(n_columns < FILTER_MAX);
	filter_init(f);
	if (!cJSON_IsObject(body))
		return err_set(
		    err, ERR_INVALID, "the request body must be a JSON object");
	for (size_t i = 0; i < n_columns; i++) {
		const cJSON *it = json_get(body, columns[i].key);

		if (!it)
			continue;
		add_value(f, &columns[i], it, &in);
		f->has_job_id |= !strcmp(columns[i].key, "job_id");
	}
	return json_in_done(&in, err);
}

void
filter_release(struct filter *f)
{
	buf_release(&f->where);
}

enum err
filter_stream(struct db *db, const struct filter_query *q, struct db_rows **out,
    struct buf *err)
{
	struct db_binds binds = {q->filter->binds, q->filter->n};
	struct buf sql = BUF_INIT;
	enum err rc;

	*out = NULL;
	buf_addf(&sql, "%s%s%s", q->head, q->filter->where.ptr, q->tail);
	rc = db_limit(db, QUERY_LIMIT_MS, err);
	if (!rc)
		rc = db_stream(db, sql.ptr, binds, out, err);
	buf_release(&sql);
	return rc;
}
