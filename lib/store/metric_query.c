/* One index carries all three: t_tracking_metric_task. */
#include "lib/store/metric_query.h"
#include "lib/base/mem.h"

enum { METRIC_NAMES, METRIC_ALL, METRIC_ONE, METRIC__MAX };

#define OF_TASK                                      \
	" FROM t_tracking_metric WHERE f_job_id = ?" \
	" AND f_component_name = ? AND f_role = ? AND f_party_id = ?"
#define COLUMNS                                                    \
	"SELECT f_metric_namespace, f_metric_name, f_type, f_key," \
	" f_value"

static const char *const stmts[METRIC__MAX] = {
    [METRIC_NAMES] = "SELECT f_metric_namespace, f_metric_name" OF_TASK
		     " GROUP BY f_metric_namespace, f_metric_name"
		     " ORDER BY MIN(f_id)",
    [METRIC_ALL] = COLUMNS OF_TASK " ORDER BY f_id",
    [METRIC_ONE] = COLUMNS OF_TASK " AND f_metric_namespace = ?"
				   " AND f_metric_name = ? ORDER BY f_id",
};
DB_STATEMENTS(stmts);

#define TASK(k)                                                            \
	DB_TEXT((k)->job_id), DB_TEXT((k)->component), DB_TEXT((k)->role), \
	    DB_TEXT((k)->party_id)

enum err
metric_query_names(struct db *db, const struct data_view_key *k,
    struct db_rows **out, struct buf *err)
{
	return db_query(db, stmts[METRIC_NAMES], DB_BINDS(TASK(k)), out, err);
}

enum err
metric_query_rows(struct db *db, const struct metric_query *q,
    struct db_rows **out, struct buf *err)
{
	if (!q->name)
		return db_stream(
		    db, stmts[METRIC_ALL], DB_BINDS(TASK(&q->key)), out, err);
	return db_stream(db, stmts[METRIC_ONE],
	    DB_BINDS(TASK(&q->key), DB_TEXT(q->name_space), DB_TEXT(q->name)),
	    out, err);
}
