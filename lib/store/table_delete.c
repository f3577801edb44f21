/*
 * Batch by batch, however many views match: what is deleted does not match
 * again, so that the next batch needs no mark of where the last one ended.
 */
#include "lib/store/table_delete.h"
#include "lib/base/mem.h"

#include <stdlib.h>

#define AT_ONCE 500

enum { DELETE_VIEWS, DELETE_ANY_VIEW, DELETE_ONE, DELETE__MAX };

static const char *const stmts[DELETE__MAX] = {
    [DELETE_VIEWS] =
	"SELECT DISTINCT d.id, d.namespace, d.name FROM t_data_view v"
	" JOIN data_table d ON d.id = v.f_table_id AND d.job_id = v.f_job_id"
	" AND d.is_current = 1",
    [DELETE_ANY_VIEW] = "SELECT f_job_id FROM t_data_view",
    [DELETE_ONE] = "UPDATE data_table"
		   " SET is_current = NULL, deleted = 1, ended_time = ?"
		   " WHERE id = ? AND is_current = 1",
};
DB_STATEMENTS(stmts);

struct batch {
	struct {
		int64_t id;
		char *name_space, *name;
		bool is_deleted;
	} v[AT_ONCE];
	size_t n;
	int64_t now;
};

static void
batch_empty(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->v[i].name_space);
		free(b->v[i].name);
	}
	b->n = 0;
}

static enum err
batch_read(
    struct db *db, const struct filter *f, struct batch *b, struct buf *err)
{
	struct filter_query q = {
	    .head = stmts[DELETE_VIEWS],
	    .tail = " ORDER BY d.id LIMIT 500",
	    .filter = f,
	};
	struct db_rows *rows = NULL;
	enum err rc = filter_stream(db, &q, &rows, err);

	while (!rc && b->n < AT_ONCE && !(rc = db_next(rows, err))) {
		b->v[b->n].id = db_int(rows, 0);
		b->v[b->n].name_space = xstrdup(db_text(rows, 1));
		b->v[b->n].name = xstrdup(db_text(rows, 2));
		b->n++;
	}
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static enum err
batch_delete(struct db *db, void *ctx, struct buf *err)
{
	struct batch *b = ctx;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < b->n; i++) {
		rc = db_exec(db, stmts[DELETE_ONE],
		    DB_BINDS(DB_INT(b->now), DB_INT(b->v[i].id)), err);
		b->v[i].is_deleted = !rc && db_affected(db) > 0;
	}
	return rc;
}

static enum err
check_any_view(struct db *db, const struct filter *f, struct buf *err)
{
	struct filter_query q = {
	    .head = stmts[DELETE_ANY_VIEW], .tail = " LIMIT 1", .filter = f};
	struct db_rows *rows = NULL;
	enum err rc = filter_stream(db, &q, &rows, err);

	if (!rc)
		rc = db_next(rows, err);
	db_end(&rows);
	return rc;
}

enum err
table_delete(struct db *db, const struct filter *f, int64_t now,
    table_delete_each *each, void *ctx, struct buf *err)
{
	struct batch *b = xcalloc(1, sizeof(*b));
	bool is_last = false;
	enum err rc = check_any_view(db, f, err);

	b->now = now;
	while (!rc && !is_last) {
		rc = batch_read(db, f, b, err);
		is_last = b->n < AT_ONCE;
		if (!rc)
			rc = db_transact(db, batch_delete, b, err);
		for (size_t i = 0; !rc && i < b->n; i++)
			if (b->v[i].is_deleted)
				each(b->v[i].name_space, b->v[i].name, ctx);
		batch_empty(b);
	}
	free(b);
	return rc;
}
