#include "lib/store/task_run.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/utf8.h"
#include "lib/store/catalogue.h"

#include <stdlib.h>

enum {
	TASK_RUN_INSERT,
	TASK_RUN_KEEP,
	TASK_RUN_TABLES,
	TASK_RUN_DROP_VIEWS,
	TASK_RUN_DROP_METRICS,
	TASK_RUN_RAISE,
	TASK_RUN_SPEND,
	TASK_RUN_NOTE,
	TASK_RUN_END,
	TASK_RUN_END_ALL,
	TASK_RUN_EACH,
	TASK_RUN_ENDED,
	TASK_RUN__MAX
};

#define MESSAGE_MAX 500

#define KEY                                                    \
	" WHERE f_job_id = ? AND f_task_id = ? AND f_role = ?" \
	" AND f_party_id = ? AND f_status = 'running'"

static const char *const stmts[TASK_RUN__MAX] = {
    [TASK_RUN_INSERT] =
	"INSERT INTO t_task (f_job_id, f_task_id, f_role, f_party_id,"
	" f_component_name, f_operator, f_run_ip, f_status, f_create_time,"
	" f_update_time, f_start_time, f_attempt, f_fence, f_dir)"
	" VALUES (?, ?, ?, ?, ?, 'python_operator', ?, 'running', ?, ?, ?,"
	" ?, ?, ?)",
    [TASK_RUN_KEEP] =
	"INSERT INTO task_attempt (job_id, task_id, role, party_id, attempt,"
	" component, status, error_class, reason, dir, start_time, end_time)"
	" SELECT f_job_id, f_task_id, f_role, f_party_id, f_attempt,"
	" f_component_name, f_status, f_error_class, f_reason, f_dir,"
	" f_start_time, f_end_time FROM t_task"
	" WHERE f_job_id = ? AND f_task_id = ?",
    [TASK_RUN_TABLES] = "SELECT f_table_id FROM t_data_view"
			" WHERE f_job_id = ? AND f_task_id = ?"
			" AND f_table_id IS NOT NULL",
    [TASK_RUN_DROP_VIEWS] = "DELETE FROM t_data_view"
			    " WHERE f_job_id = ? AND f_task_id = ?",
    [TASK_RUN_DROP_METRICS] = "DELETE FROM t_tracking_metric"
			      " WHERE f_job_id = ? AND f_component_name = ?",
    [TASK_RUN_RAISE] =
	"UPDATE t_task SET f_status = 'running', f_run_ip = ?,"
	" f_run_pid = NULL, f_update_time = ?, f_start_time = ?,"
	" f_end_time = NULL, f_elapsed = NULL, f_attempt = ?, f_fence = ?,"
	" f_dir = ?, f_progress = 0, f_message = NULL, f_reason = NULL,"
	" f_error_class = NULL, f_metrics_offset = 0, f_spent_ms = 0,"
	" f_idle_ms = 0 WHERE f_job_id = ? AND f_task_id = ?"
	" AND f_role = ? AND f_party_id = ? AND f_attempt = ?"
	" AND f_status IN ('success', 'failed', 'timeout')",
    [TASK_RUN_SPEND] = "UPDATE t_task SET f_spent_ms = ?, f_idle_ms = ?"
		       " WHERE f_job_id = ? AND f_task_id = ?"
		       " AND f_status = 'running'",
    [TASK_RUN_NOTE] =
	"UPDATE t_task SET f_run_pid = COALESCE(NULLIF(?, 0), f_run_pid),"
	" f_progress = ?, f_message = ?, f_update_time = ?" KEY,
    [TASK_RUN_END] =
	"UPDATE t_task SET f_status = ?, f_run_ip = '',"
	" f_run_pid = COALESCE(NULLIF(?, 0), f_run_pid), f_progress = ?,"
	" f_end_time = ?, f_elapsed = ?, f_update_time = ?,"
	" f_reason = ?, f_error_class = ?" KEY,
    [TASK_RUN_END_ALL] =
	"UPDATE t_task SET f_status = 'failed', f_run_ip = '',"
	" f_end_time = ?, f_elapsed = GREATEST(0, ? - f_start_time),"
	" f_update_time = ?, f_reason = ?, f_error_class = 'ended'"
	" WHERE f_job_id = ? AND f_status = 'running'",
    [TASK_RUN_EACH] =
	"SELECT f_component_name, f_role, f_party_id, f_dir, f_reason,"
	" f_status, f_attempt, f_start_time, f_metrics_offset, f_progress,"
	" f_error_class, f_fence, f_spent_ms, f_idle_ms"
	" FROM t_task WHERE f_job_id = ?",
    [TASK_RUN_ENDED] =
	"SELECT j.job_id, t.f_role, t.f_party_id, t.f_component_name,"
	" t.f_dir, t.f_attempt, t.f_status FROM job_run j JOIN t_task t"
	" ON t.f_job_id = j.job_id WHERE j.live = 0 AND j.end_time >= ?"
	" AND t.f_dir IS NOT NULL ORDER BY j.end_time DESC LIMIT ?",
};
DB_STATEMENTS(stmts);

enum err
task_run_insert(struct db *db, const struct task_run_key *k,
    const struct task_run_start *s, struct buf *err)
{
	return db_exec(db, stmts[TASK_RUN_INSERT],
	    DB_BINDS(DB_TEXT(k->job_id), DB_TEXT(k->task_id), DB_TEXT(k->role),
		DB_TEXT(k->party_id), DB_TEXT(s->component), DB_TEXT(s->run_ip),
		DB_INT(s->now), DB_INT(s->now), DB_INT(s->now),
		DB_INT(s->attempt), DB_INT(s->fence), DB_TEXT(s->dir)),
	    err);
}

enum err
task_run_keep_attempt(
    struct db *db, const char *job_id, const char *task_id, struct buf *err)
{
	return db_exec(db, stmts[TASK_RUN_KEEP],
	    DB_BINDS(DB_TEXT(job_id), DB_TEXT(task_id)), err);
}

static enum err
forget_tables(struct db *db, const char *job_id, const char *task_id,
    int64_t now, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_query(db, stmts[TASK_RUN_TABLES],
	    DB_BINDS(DB_TEXT(job_id), DB_TEXT(task_id)), &rows, err);

	while (!rc && !(rc = db_next(rows, err)))
		rc = catalogue_delete_made(
		    db, db_int(rows, 0), job_id, now, err);
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

enum err
task_run_forget_outputs(struct db *db, const char *job_id, const char *task_id,
    const char *component, int64_t now, struct buf *err)
{
	enum err rc = forget_tables(db, job_id, task_id, now, err);

	if (!rc)
		rc = db_exec(db, stmts[TASK_RUN_DROP_VIEWS],
		    DB_BINDS(DB_TEXT(job_id), DB_TEXT(task_id)), err);
	if (!rc)
		rc = db_exec(db, stmts[TASK_RUN_DROP_METRICS],
		    DB_BINDS(DB_TEXT(job_id), DB_TEXT(component)), err);
	return rc;
}

enum err
task_run_raise(struct db *db, const struct task_run_key *k,
    const struct task_run_start *s, int last, struct buf *err)
{
	return db_exec_one(db, stmts[TASK_RUN_RAISE],
	    DB_BINDS(DB_TEXT(s->run_ip), DB_INT(s->now), DB_INT(s->now),
		DB_INT(s->attempt), DB_INT(s->fence), DB_TEXT(s->dir),
		DB_TEXT(k->job_id), DB_TEXT(k->task_id), DB_TEXT(k->role),
		DB_TEXT(k->party_id), DB_INT(last)),
	    err);
}

enum err
task_run_spend(struct db *db, const char *job_id, const char *task_id,
    int64_t spent_ms, int64_t idle_ms, struct buf *err)
{
	return db_exec(db, stmts[TASK_RUN_SPEND],
	    DB_BINDS(DB_INT(spent_ms), DB_INT(idle_ms), DB_TEXT(job_id),
		DB_TEXT(task_id)),
	    err);
}

enum err
task_run_note(struct db *db, const struct task_run_key *k,
    const struct task_run_note *n, struct buf *err)
{
	return db_exec(db, stmts[TASK_RUN_NOTE],
	    DB_BINDS(DB_INT(n->pid), DB_INT(n->progress),
		DB_BYTES(n->message, utf8_cut(n->message, MESSAGE_MAX)),
		DB_INT(n->now), DB_TEXT(k->job_id), DB_TEXT(k->task_id),
		DB_TEXT(k->role), DB_TEXT(k->party_id)),
	    err);
}

enum err
task_run_end(struct db *db, const struct task_run_key *k,
    const struct task_run_end *e, struct buf *err)
{
	return db_exec_one(db, stmts[TASK_RUN_END],
	    DB_BINDS(DB_TEXT(state_name(e->status)), DB_INT(e->pid),
		DB_INT(e->progress), DB_INT(e->now),
		DB_INT(clock_span_ms(e->start_time, e->now)), DB_INT(e->now),
		DB_REASON(e->reason), DB_TEXT(e->error_class),
		DB_TEXT(k->job_id), DB_TEXT(k->task_id), DB_TEXT(k->role),
		DB_TEXT(k->party_id)),
	    err);
}

enum err
task_run_end_all(struct db *db, const char *job_id, const char *reason,
    int64_t now, struct buf *err)
{
	return db_exec(db, stmts[TASK_RUN_END_ALL],
	    DB_BINDS(DB_INT(now), DB_INT(now), DB_INT(now), DB_REASON(reason),
		DB_TEXT(job_id)),
	    err);
}

static void
read_row(const struct db_rows *rows, struct task_run *t)
{
	t->component = xstrdup_null(db_text(rows, 0));
	t->role = xstrdup_null(db_text(rows, 1));
	t->party_id = xstrdup_null(db_text(rows, 2));
	t->dir = xstrdup_null(db_text(rows, 3));
	t->reason = xstrdup_null(db_text(rows, 4));
	t->status = state_parse(db_text(rows, 5));
	t->attempt = (int)db_int(rows, 6);
	t->start_time = db_int(rows, 7);
	t->metrics_offset = db_int(rows, 8);
	t->progress = db_int(rows, 9);
	t->error_class = xstrdup_null(db_text(rows, 10));
	t->fence = db_int(rows, 11);
	t->spent_ms = db_int(rows, 12);
	t->idle_ms = db_int(rows, 13);
}

static void
release_row(struct task_run *t)
{
	free(t->component);
	free(t->role);
	free(t->party_id);
	free(t->dir);
	free(t->reason);
	free(t->error_class);
}

enum err
task_run_each(struct db *db, const char *job_id, task_run_row *row, void *arg,
    struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc;

	rc = db_query(
	    db, stmts[TASK_RUN_EACH], DB_BINDS(DB_TEXT(job_id)), &rows, err);
	while (!rc && !(rc = db_next(rows, err))) {
		struct task_run t;

		read_row(rows, &t);
		row(&t, arg);
		release_row(&t);
	}
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

enum err
task_run_ended(struct db *db, int64_t since, int limit, task_run_ended_row *row,
    void *arg, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_query(db, stmts[TASK_RUN_ENDED],
	    DB_BINDS(DB_INT(since), DB_INT(limit)), &rows, err);

	while (!rc && !(rc = db_next(rows, err))) {
		struct task_run_ended t = {.job_id = db_text(rows, 0),
		    .role = db_text(rows, 1),
		    .party_id = db_text(rows, 2),
		    .component = db_text(rows, 3),
		    .dir = db_text(rows, 4),
		    .attempt = (int)db_int(rows, 5),
		    .status = state_parse(db_text(rows, 6))};

		row(&t, arg);
	}
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}
