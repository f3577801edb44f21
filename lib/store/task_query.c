/* The rows as FATE has them, and beside: which attempt, how far, why not. */
#include "lib/store/task_query.h"
#include "lib/base/mem.h"
#include "lib/core/ids.h"

#include <assert.h>

enum { TASK_QUERY_STREAM, TASK_QUERY_PLACES, TASK_QUERY__MAX };

static const char *const stmts[TASK_QUERY__MAX] = {
    [TASK_QUERY_STREAM] =
	"SELECT f_job_id, f_component_name, f_task_id, f_role, f_party_id,"
	" f_operator, f_run_ip, f_run_pid, f_status, f_create_time,"
	" f_update_time, f_start_time, f_end_time, f_elapsed, f_reason,"
	" f_attempt, f_message, f_error_class, f_spent_ms, f_idle_ms"
	" FROM t_task",
    [TASK_QUERY_PLACES] =
	"SELECT f_task_id, f_component_name, f_role, f_party_id, f_dir,"
	" f_status, f_reason, f_run_pid, f_start_time, f_end_time"
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

static void
add_place(const struct db_rows *rows, struct task_query_places *l)
{
	const char *dir = db_text(rows, 4);
	struct task_query_place place = {
	    .task_id = xstrdup(db_text(rows, 0)),
	    .component = xstrdup(db_text(rows, 1)),
	    .role = xstrdup(db_text(rows, 2)),
	    .party_id = xstrdup(db_text(rows, 3)),
	    .dir = xstrdup(dir ? dir : ""),
	    .status = xstrdup(db_text(rows, 5)),
	    .reason = xstrdup_null(db_text(rows, 6)),
	    .pid = db_int(rows, 7),
	    .start_time = db_int(rows, 8),
	    .end_time = db_int(rows, 9),
	};

	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = place;
}

enum err
task_query_places(struct db *db, const struct filter *f,
    struct task_query_places *out, struct buf *err)
{
	struct filter_query q = {
	    .head = stmts[TASK_QUERY_PLACES],
	    .tail = " ORDER BY f_start_time, f_task_id, f_role, f_party_id",
	    .filter = f,
	};
	struct db_rows *rows = NULL;
	enum err rc;

	assert(f->has_job_id);
	memset(out, 0, sizeof(*out));
	rc = filter_stream(db, &q, &rows, err);
	while (!rc && !(rc = db_next(rows, err)))
		add_place(rows, out);
	db_end(&rows);
	if (rc == ERR_NOTFOUND)
		return ERR_OK;
	task_query_places_release(out);
	return rc;
}

void
task_query_places_release(struct task_query_places *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].task_id);
		free(l->v[i].component);
		free(l->v[i].role);
		free(l->v[i].party_id);
		free(l->v[i].dir);
		free(l->v[i].status);
		free(l->v[i].reason);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}
