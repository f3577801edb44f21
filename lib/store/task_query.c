/* The rows as FATE has them, and f_reason: why a task failed. */
#include "lib/store/task_query.h"
#include "lib/base/mem.h"
#include "lib/core/ids.h"

enum { TASK_QUERY_STREAM, TASK_QUERY__MAX };

static const char *const stmts[TASK_QUERY__MAX] = {
    [TASK_QUERY_STREAM] =
	"SELECT f_job_id, f_component_name, f_task_id, f_role, f_party_id,"
	" f_operator, f_run_ip, f_run_pid, f_status, f_create_time,"
	" f_update_time, f_start_time, f_end_time, f_elapsed, f_reason"
	" FROM t_task",
};
DB_STATEMENTS(stmts);

static const struct filter_column columns[] = {
    {"job_id", "f_job_id", ID_JOB_MAX},
    {"component_name", "f_component_name", 128},
    {"task_id", "f_task_id", 160},
    {"role", "f_role", 50},
    {"party_id", "f_party_id", 50},
    {"operator", "f_operator", 100},
    {"run_ip", "f_run_ip", 100},
    {"run_pid", "f_run_pid", 0},
    {"status", "f_status", 50},
    {"create_time", "f_create_time", 0},
    {"update_time", "f_update_time", 0},
    {"start_time", "f_start_time", 0},
    {"end_time", "f_end_time", 0},
    {"elapsed", "f_elapsed", 0},
};

const struct filter_column *
task_query_columns(size_t *n_out)
{
	*n_out = ARRAY_LEN(columns);
	return columns;
}

enum err
task_query_stream(struct db *db, const struct filter *f, struct db_rows **out,
    struct buf *err)
{
	struct filter_query q = {
	    .head = stmts[TASK_QUERY_STREAM],
	    .tail = f->has_job_id
			? " ORDER BY f_job_id, f_task_id, f_role, f_party_id"
			: " ORDER BY f_create_time",
	    .filter = f,
	};

	return filter_stream(db, &q, out, err);
}
