/*
 * One guarded statement decides; the parties' rows follow in its transaction.
 * seq stays: a job that failed late is older than what has queued since, and
 * asked for again it does not queue behind that a second time.
 */
#include "lib/store/job_rerun.h"
#include "lib/base/mem.h"
#include "lib/store/job_hold.h"

#include <stdlib.h>

enum {
	JOB_RERUN_TASKS,
	JOB_RERUN_WAIT,
	JOB_RERUN_SHOW,
	JOB_RERUN_RUNS,
	JOB_RERUN__MAX
};

static const char *const stmts[JOB_RERUN__MAX] = {
    [JOB_RERUN_TASKS] =
	"SELECT t.f_component_name, t.f_role, t.f_party_id, t.f_status,"
	" COALESCE(d.deleted, 0), t.f_fence"
	" FROM t_task t LEFT JOIN t_data_view v ON v.f_job_id = t.f_job_id"
	" AND v.f_task_id = t.f_task_id AND v.f_role = t.f_role"
	" AND v.f_party_id = t.f_party_id"
	" LEFT JOIN data_table d ON d.id = v.f_table_id"
	" WHERE t.f_job_id = ?",
    [JOB_RERUN_WAIT] =
	"UPDATE job_run SET status = ?, live = 1, owner = 0, runs = runs + 1,"
	" retries = 0, stop_requested = 0, stop_by = NULL, stop_reason = NULL,"
	" stop_time = NULL, reason = NULL, pending_reason = NULL,"
	" error_class = NULL, failed_component = NULL, failed_role = NULL,"
	" failed_party_id = NULL, spent_ms = 0, start_time = NULL,"
	" end_time = NULL, elapsed = NULL, rerun_from = ?, ending = NULL,"
	" update_time = ?"
	" WHERE job_id = ? AND status = ? AND live = 0",
    [JOB_RERUN_SHOW] =
	"UPDATE t_job SET f_status = ?, f_tag = '', f_progress = 0,"
	" f_reason = NULL, f_current_tasks = NULL, f_current_steps = NULL,"
	" f_start_time = NULL, f_end_time = NULL, f_elapsed = NULL,"
	" f_update_time = ? WHERE f_job_id = ?",
    [JOB_RERUN_RUNS] = "SELECT runs FROM job_run WHERE job_id = ?",
};
DB_STATEMENTS(stmts);

static void
add_task(const struct db_rows *rows, struct job_rerun_tasks *l)
{
	struct job_rerun_task task = {
	    .component = xstrdup(db_text(rows, 0)),
	    .role = xstrdup(db_text(rows, 1)),
	    .party_id = xstrdup(db_text(rows, 2)),
	    .is_success = state_parse(db_text(rows, 3)) == STATE_SUCCESS,
	    .is_lost = db_int(rows, 4) != 0,
	    .fence = db_int(rows, 5),
	};

	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = task;
}

enum err
job_rerun_read(struct db *db, const char *job_id, struct job_rerun_tasks *out,
    struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_query(
	    db, stmts[JOB_RERUN_TASKS], DB_BINDS(DB_TEXT(job_id)), &rows, err);

	memset(out, 0, sizeof(*out));
	while (!rc && !(rc = db_next(rows, err)))
		add_task(rows, out);
	db_end(&rows);
	if (rc == ERR_NOTFOUND)
		return ERR_OK;
	job_rerun_tasks_release(out);
	return rc;
}

void
job_rerun_tasks_release(struct job_rerun_tasks *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].component);
		free(l->v[i].role);
		free(l->v[i].party_id);
	}
	free(l->v);
	memset(l, 0, sizeof(*l));
}

struct rerun_work {
	const struct job_rerun *r;
	int64_t runs;
};

static enum err
rerun_work(struct db *db, void *ctx, struct buf *err)
{
	struct rerun_work *w = ctx;
	const struct job_rerun *r = w->r;
	enum err rc = job_hold_ended(db, r->job_id, err);

	if (!rc)
		rc = r->check(r->arg, err);
	if (rc)
		return rc;
	rc = db_exec_one(db, stmts[JOB_RERUN_WAIT],
	    DB_BINDS(DB_TEXT(state_name(r->to)), DB_TEXT(r->component),
		DB_INT(r->now), DB_TEXT(r->job_id),
		DB_TEXT(state_name(r->from))),
	    NULL);
	if (rc == ERR_CONFLICT)
		return ERR_NOTFOUND;
	if (rc)
		return err_set(err, rc, "cannot begin job %s anew", r->job_id);
	rc = db_exec(db, stmts[JOB_RERUN_SHOW],
	    DB_BINDS(
		DB_TEXT(state_name(r->to)), DB_INT(r->now), DB_TEXT(r->job_id)),
	    err);
	return rc ? rc
		  : db_number(db, stmts[JOB_RERUN_RUNS],
			DB_BINDS(DB_TEXT(r->job_id)), 0, &w->runs, err);
}

enum err
job_rerun(struct db *db, const struct job_rerun *r, int64_t *runs_out,
    struct buf *err)
{
	struct rerun_work w = {.r = r};
	enum err rc = db_transact(db, rerun_work, &w, err);

	*runs_out = w.runs;
	return rc;
}
