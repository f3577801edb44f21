/*
 * Not one transaction: a day may hold millions of rows, and one statement
 * over all of them would hold their locks and fill the undo log.
 */
#include "lib/store/metric_delete.h"
#include "lib/base/mem.h"
#include "lib/core/ids.h"

#include <assert.h>

enum { METRIC_DELETE, METRIC_DELETE__MAX };

static const char *const stmts[METRIC_DELETE__MAX] = {
    [METRIC_DELETE] = "DELETE FROM t_tracking_metric",
};
DB_STATEMENTS(stmts);

static const struct filter_column columns[] = {
    {"job_id", "f_job_id", ID_JOB_MAX},
    {"component_name", "f_component_name", 128},
    {"task_id", "f_task_id", 160},
    {"role", "f_role", 50},
    {"party_id", "f_party_id", 50},
    {"metric_namespace", "f_metric_namespace", 180},
    {"metric_name", "f_metric_name", 180},
    {"type", "f_type", 0},
};

const struct filter_column *
metric_delete_columns(size_t *n_out)
{
	*n_out = ARRAY_LEN(columns);
	return columns;
}

enum err
metric_delete(struct db *db, const struct filter *f, struct buf *err)
{
	struct db_binds binds = {f->binds, f->n};
	struct buf sql = BUF_INIT;
	enum err rc;

	assert(f->where.len);
	buf_addf(&sql, "%s%s LIMIT 5000", stmts[METRIC_DELETE], f->where.ptr);
	do
		rc = db_exec(db, sql.ptr, binds, err);
	while (!rc && db_affected(db) > 0);
	buf_release(&sql);
	return rc;
}
