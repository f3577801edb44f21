/* Rows go from the wire into the answer one by one, however many. */
#include "fcgi-app/rows.h"
#include "lib/spec/spec.h"

#include <string.h>

/* A configuration goes out without its secrets. */
static void
add_text(cJSON *obj, const char *name, const char *text)
{
	struct buf shown = BUF_INIT;
	bool is_conf = strstr(name, "runtime_conf") != NULL;

	json_add_str(obj, name,
	    is_conf && spec_hide_text(text, &shown) ? shown.ptr : text);
	buf_release(&shown);
}

cJSON *
rows_to_json(const struct db_rows *rows)
{
	cJSON *obj = cJSON_CreateObject();

	for (size_t i = 0; i < db_columns(rows); i++) {
		const char *name = db_column_name(rows, i);
		enum db_kind kind = db_kind(rows, i);

		if (kind == DB_KIND_INT)
			json_add_int(obj, name, db_int(rows, i));
		else if (kind == DB_KIND_DOUBLE)
			json_add_double(obj, name, db_double(rows, i));
		else if (kind == DB_KIND_NULL)
			json_add_str(obj, name, NULL);
		else
			add_text(obj, name, db_text(rows, i));
	}
	return obj;
}

static enum err
stream_all(struct app *app, const struct rows_query *q, const struct filter *f,
    struct reply *rp, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = q->stream(app->db, f, &rows, err);

	while (!rc && !(rc = db_next(rows, err)))
		reply_row(rp, rows_to_json(rows));
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

enum err
rows_answer(struct app *app, const struct rows_query *q,
    const struct request *rq, struct reply *rp, struct buf *err)
{
	struct filter f;
	enum err rc = filter_read(&f, q->columns, q->n_columns, rq->body, err);

	if (!rc && !f.is_never && (f.n || !q->needs_filter))
		rc = stream_all(app, q, &f, rp, err);
	if (!rc)
		rc = rp->n_rows ? reply_rows_end(rp)
				: reply_say(rp, 101, "%s", q->none);
	filter_release(&f);
	return rc;
}
