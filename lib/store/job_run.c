/*
 * job_run has one row per job and decides; t_job has one row per party and
 * shows. Both change in the caller's transaction, job_run first, so that its
 * row lock orders whoever competes for the job.
 */
#include "lib/store/job_run.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#include <stdlib.h>

enum {
	JOB_RUN_WAITING,
	JOB_RUN_OWNED,
	JOB_RUN_STOPS,
	JOB_RUN_ANY,
	JOB_RUN_CLAIM,
	JOB_RUN_SHOW_START,
	JOB_RUN_TAKE_OVER,
	JOB_RUN_READ,
	JOB_RUN_HOLD,
	JOB_RUN_COUNT_RETRY,
	JOB_RUN_SET_ENDING,
	JOB_RUN_SET_PENDING,
	JOB_RUN_SHOW_PROGRESS,
	JOB_RUN_END,
	JOB_RUN_END_WAITING,
	JOB_RUN_SHOW_END,
	JOB_RUN__MAX
};

#define LIGHT "SELECT job_id, stop_requested, stop_by FROM job_run "

static const char *const stmts[JOB_RUN__MAX] = {
    [JOB_RUN_WAITING] = LIGHT "WHERE live = 1 AND status = 'waiting'"
			      " ORDER BY queue_rank, seq LIMIT ?",
    [JOB_RUN_OWNED] = LIGHT "WHERE live = 1 AND owner = ? AND"
			    " status = 'running' ORDER BY seq",
    [JOB_RUN_STOPS] = LIGHT "WHERE live = 1 AND owner = ? AND"
			    " stop_requested > 0 ORDER BY seq",
    [JOB_RUN_ANY] = "SELECT 1 FROM job_run WHERE live = 1"
		    " AND (status = 'waiting' OR owner NOT IN"
		    " (SELECT id FROM scheduler_instance"
		    " WHERE expires_at > UTC_TIMESTAMP(3))) LIMIT 1",
    [JOB_RUN_CLAIM] = "UPDATE job_run SET status = 'running', owner = ?,"
		      " run_fence = fence + 1, fence = fence + 1,"
		      " start_time = ?, update_time = ?,"
		      " pending_reason = NULL WHERE job_id = ?"
		      " AND status = 'waiting' AND live = 1",
    [JOB_RUN_SHOW_START] = "UPDATE t_job SET f_status = 'running',"
			   " f_tag = 'end_waiting', f_start_time = ?,"
			   " f_update_time = ? WHERE f_job_id = ?",
    [JOB_RUN_TAKE_OVER] =
	"UPDATE job_run SET owner = ?, fence = fence + 1 WHERE live = 1"
	" AND status = 'running' AND owner <> ? AND owner NOT IN"
	" (SELECT id FROM scheduler_instance"
	" WHERE expires_at > UTC_TIMESTAMP(3))",
    [JOB_RUN_READ] = "SELECT status, fence, timeout_ms, spent_ms,"
		     " start_time, pending_reason, f_dsl, f_runtime_conf,"
		     " f_train_runtime_conf, retries, runs, run_fence,"
		     " stop_requested, stop_by, rerun_from, ending, reason,"
		     " error_class, failed_component, failed_role,"
		     " failed_party_id"
		     " FROM job_run WHERE job_id = ?",
    [JOB_RUN_HOLD] = "UPDATE job_run SET spent_ms = ?, update_time = ?"
		     " WHERE job_id = ? AND owner = ? AND fence = ?"
		     " AND status = 'running'",
    [JOB_RUN_COUNT_RETRY] =
	"UPDATE job_run SET retries = retries + 1 WHERE job_id = ?"
	" AND owner = ? AND fence = ? AND status = 'running'",
    [JOB_RUN_SET_ENDING] =
	"UPDATE job_run SET ending = ?, reason = ?,"
	" stop_by = COALESCE(?, stop_by), error_class = ?,"
	" failed_component = ?, failed_role = ?, failed_party_id = ?"
	" WHERE job_id = ? AND owner = ? AND fence = ?"
	" AND status = 'running'",
    [JOB_RUN_SET_PENDING] = "UPDATE job_run SET pending_reason = ?"
			    " WHERE job_id = ? AND live = 1",
    [JOB_RUN_SHOW_PROGRESS] = "UPDATE t_job SET f_progress = ?,"
			      " f_current_tasks = COALESCE(?, f_current_tasks),"
			      " f_update_time = ? WHERE f_job_id = ?",
    [JOB_RUN_END] = "UPDATE job_run SET status = ?, live = 0, reason = ?,"
		    " stop_by = COALESCE(?, stop_by), pending_reason = NULL,"
		    " error_class = ?, failed_component = ?,"
		    " failed_role = ?, failed_party_id = ?,"
		    " spent_ms = ?, update_time = ?, end_time = ?, elapsed = ?"
		    " WHERE job_id = ? AND owner = ? AND fence = ?"
		    " AND status = 'running'",
    [JOB_RUN_END_WAITING] =
	"UPDATE job_run SET status = ?, live = 0, reason = ?,"
	" stop_by = COALESCE(?, stop_by), pending_reason = NULL,"
	" error_class = ?, update_time = ?, end_time = ? WHERE job_id = ?"
	" AND status = 'waiting'",
    [JOB_RUN_SHOW_END] =
	"UPDATE t_job SET f_status = ?, f_tag = 'job_end', f_reason = ?,"
	" f_update_time = ?, f_end_time = ?, f_elapsed = ?"
	" WHERE f_job_id = ?",
};
DB_STATEMENTS(stmts);

void
job_run_release(struct job_run *j)
{
	free(j->stop_by);
	free(j->rerun_from);
	free(j->ending);
	free(j->reason);
	free(j->error_class);
	free(j->failed_component);
	free(j->failed_role);
	free(j->failed_party_id);
	free(j->pending_reason);
	free(j->dsl);
	free(j->conf);
	free(j->train_conf);
	memset(j, 0, sizeof(*j));
}

void
job_run_list_release(struct job_run_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].stop_by);
	}
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

static void
add_light(const struct db_rows *rows, struct job_run_list *l)
{
	struct job_run_light *j;

	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	j = &l->v[l->n++];
	snprintf(j->job_id, sizeof(j->job_id), "%s", db_text(rows, 0));
	j->stop_requested = db_int(rows, 1);
	j->stop_by = xstrdup_null(db_text(rows, 2));
}

static enum err
read_list(struct db *db, const char *sql, int64_t bind,
    struct job_run_list *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = db_query(db, sql, DB_BINDS(DB_INT(bind)), &rows, err);
	while (!rc && !(rc = db_next(rows, err)))
		add_light(rows, out);
	db_end(&rows);
	if (rc == ERR_NOTFOUND)
		return ERR_OK;
	job_run_list_release(out);
	return rc;
}

enum err
job_run_waiting(
    struct db *db, int64_t limit, struct job_run_list *out, struct buf *err)
{
	return read_list(db, stmts[JOB_RUN_WAITING], limit, out, err);
}

enum err
job_run_owned(
    struct db *db, int64_t owner, struct job_run_list *out, struct buf *err)
{
	return read_list(db, stmts[JOB_RUN_OWNED], owner, out, err);
}

enum err
job_run_stops(
    struct db *db, int64_t owner, struct job_run_list *out, struct buf *err)
{
	return read_list(db, stmts[JOB_RUN_STOPS], owner, out, err);
}

enum err
job_run_any(struct db *db, bool *out, struct buf *err)
{
	int64_t found = 0;
	enum err rc =
	    db_number(db, stmts[JOB_RUN_ANY], DB_NONE, 0, &found, err);

	*out = found != 0;
	return rc;
}

enum err
job_run_claim(struct db *db, const char *job_id, int64_t owner, int64_t now,
    struct buf *err)
{
	enum err rc = db_exec_one(db, stmts[JOB_RUN_CLAIM],
	    DB_BINDS(DB_INT(owner), DB_INT(now), DB_INT(now), DB_TEXT(job_id)),
	    err);

	if (rc)
		return rc;
	return db_exec(db, stmts[JOB_RUN_SHOW_START],
	    DB_BINDS(DB_INT(now), DB_INT(now), DB_TEXT(job_id)), err);
}

static enum err
take_over(struct db *db, void *ctx, struct buf *err)
{
	const int64_t *owner = ctx;

	return db_exec(db, stmts[JOB_RUN_TAKE_OVER],
	    DB_BINDS(DB_INT(*owner), DB_INT(*owner)), err);
}

enum err
job_run_take_over(struct db *db, int64_t owner, int64_t *n_out, struct buf *err)
{
	/* A transaction only so that it is repeated after a deadlock. */
	enum err rc = db_transact(db, take_over, &owner, err);

	*n_out = rc ? 0 : db_affected(db);
	return rc;
}

enum err
job_run_read(
    struct db *db, const char *job_id, struct job_run *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = db_one(
	    db, stmts[JOB_RUN_READ], DB_BINDS(DB_TEXT(job_id)), &rows, err);
	if (!rc) {
		snprintf(out->job_id, sizeof(out->job_id), "%s", job_id);
		out->status = state_parse(db_text(rows, 0));
		out->fence = db_int(rows, 1);
		out->timeout_ms = db_int(rows, 2);
		out->spent_ms = db_int(rows, 3);
		out->start_time = db_int(rows, 4);
		out->pending_reason = xstrdup_null(db_text(rows, 5));
		out->dsl = xstrdup(db_text(rows, 6));
		out->conf = xstrdup(db_text(rows, 7));
		out->train_conf = xstrdup_null(db_text(rows, 8));
		out->retries = db_int(rows, 9);
		out->runs = db_int(rows, 10);
		out->run_fence = db_int(rows, 11);
		out->stop_requested = db_int(rows, 12);
		out->stop_by = xstrdup_null(db_text(rows, 13));
		out->rerun_from = xstrdup_null(db_text(rows, 14));
		out->ending = xstrdup_null(db_text(rows, 15));
		out->reason = xstrdup_null(db_text(rows, 16));
		out->error_class = xstrdup_null(db_text(rows, 17));
		out->failed_component = xstrdup_null(db_text(rows, 18));
		out->failed_role = xstrdup_null(db_text(rows, 19));
		out->failed_party_id = xstrdup_null(db_text(rows, 20));
	}
	db_end(&rows);
	return rc;
}

enum err
job_run_hold(struct db *db, const struct job_run_guard *g, int64_t spent_ms,
    int64_t now, struct buf *err)
{
	return db_exec_one(db, stmts[JOB_RUN_HOLD],
	    DB_BINDS(DB_INT(spent_ms), DB_INT(now), DB_TEXT(g->job_id),
		DB_INT(g->owner), DB_INT(g->fence)),
	    err);
}

enum err
job_run_count_retry(
    struct db *db, const struct job_run_guard *g, struct buf *err)
{
	return db_exec_one(db, stmts[JOB_RUN_COUNT_RETRY],
	    DB_BINDS(DB_TEXT(g->job_id), DB_INT(g->owner), DB_INT(g->fence)),
	    err);
}

enum err
job_run_set_ending(struct db *db, const struct job_run_guard *g,
    enum state_event event, const struct job_run_end *e, struct buf *err)
{
	return db_exec_one(db, stmts[JOB_RUN_SET_ENDING],
	    DB_BINDS(DB_TEXT(state_event_name(event)), DB_REASON(e->reason),
		DB_TEXT(e->stop_by), DB_TEXT(e->error_class),
		DB_TEXT(e->component), DB_TEXT(e->role), DB_TEXT(e->party_id),
		DB_TEXT(g->job_id), DB_INT(g->owner), DB_INT(g->fence)),
	    err);
}

enum err
job_run_set_pending(
    struct db *db, const char *job_id, const char *reason, struct buf *err)
{
	return db_exec(db, stmts[JOB_RUN_SET_PENDING],
	    DB_BINDS(DB_REASON(reason), DB_TEXT(job_id)), err);
}

enum err
job_run_set_progress(struct db *db, const char *job_id, int progress,
    const char *task_id, int64_t now, struct buf *err)
{
	struct buf tasks = BUF_INIT;
	enum err rc;

	if (task_id)
		buf_addf(&tasks, "[\"%s\"]", task_id);
	rc = db_exec(db, stmts[JOB_RUN_SHOW_PROGRESS],
	    DB_BINDS(DB_INT(progress), DB_TEXT(task_id ? tasks.ptr : NULL),
		DB_INT(now), DB_TEXT(job_id)),
	    err);
	buf_release(&tasks);
	return rc;
}

static enum err
show_end(struct db *db, const char *job_id, const struct job_run_end *e,
    struct buf *err)
{
	struct db_bind elapsed =
	    e->start_time ? DB_INT(clock_span_ms(e->start_time, e->now))
			  : DB_NULL;

	return db_exec(db, stmts[JOB_RUN_SHOW_END],
	    DB_BINDS(DB_TEXT(state_name(e->status)), DB_REASON(e->reason),
		DB_INT(e->now), DB_INT(e->now), elapsed, DB_TEXT(job_id)),
	    err);
}

enum err
job_run_end(struct db *db, const struct job_run_guard *g,
    const struct job_run_end *e, struct buf *err)
{
	enum err rc = db_exec_one(db, stmts[JOB_RUN_END],
	    DB_BINDS(DB_TEXT(state_name(e->status)), DB_REASON(e->reason),
		DB_TEXT(e->stop_by), DB_TEXT(e->error_class),
		DB_TEXT(e->component), DB_TEXT(e->role), DB_TEXT(e->party_id),
		DB_INT(e->spent_ms), DB_INT(e->now), DB_INT(e->now),
		DB_INT(clock_span_ms(e->start_time, e->now)),
		DB_TEXT(g->job_id), DB_INT(g->owner), DB_INT(g->fence)),
	    err);

	return rc ? rc : show_end(db, g->job_id, e, err);
}

enum err
job_run_end_waiting(struct db *db, const char *job_id,
    const struct job_run_end *e, struct buf *err)
{
	enum err rc = db_exec_one(db, stmts[JOB_RUN_END_WAITING],
	    DB_BINDS(DB_TEXT(state_name(e->status)), DB_REASON(e->reason),
		DB_TEXT(e->stop_by), DB_TEXT(e->error_class), DB_INT(e->now),
		DB_INT(e->now), DB_TEXT(job_id)),
	    err);

	return rc ? rc : show_end(db, job_id, e, err);
}
