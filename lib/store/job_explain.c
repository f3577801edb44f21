/*
 * Few statements, each by a key, so that asking costs little while everybody
 * asks. They are not one snapshot: the job may have moved between them, and
 * the next question sees that.
 */
#include "lib/store/job_explain.h"
#include "lib/base/mem.h"
#include "lib/store/instance_query.h"

#include <stdlib.h>

enum {
	EXPLAIN_JOB,
	EXPLAIN_PROGRESS,
	EXPLAIN_AHEAD,
	EXPLAIN_RUNNING,
	EXPLAIN_OWNER,
	EXPLAIN_TASKS,
	EXPLAIN_ATTEMPTS,
	EXPLAIN__MAX
};

static const char *const stmts[EXPLAIN__MAX] = {
    [EXPLAIN_JOB] =
	"SELECT status, kind, initiator_role, initiator_party_id, reason,"
	" pending_reason, error_class, failed_component, failed_role,"
	" failed_party_id, stop_by, stop_reason, rerun_from, stop_requested,"
	" stop_time, owner, seq, queue_rank, priority, runs, retries,"
	" auto_retries, n_components, timeout_ms, spent_ms, create_time,"
	" update_time, start_time, end_time FROM job_run WHERE job_id = ?",
    [EXPLAIN_PROGRESS] = "SELECT MAX(f_progress) FROM t_job"
			 " WHERE f_job_id = ?",
    [EXPLAIN_AHEAD] = "SELECT COUNT(*) FROM job_run WHERE live = 1"
		      " AND status = 'waiting' AND (queue_rank < ?"
		      " OR (queue_rank = ? AND seq < ?))",
    [EXPLAIN_RUNNING] = "SELECT COUNT(*) FROM job_run WHERE live = 1"
			" AND status = 'running'",
    [EXPLAIN_OWNER] = "SELECT COUNT(*) FROM scheduler_instance"
		      " WHERE id = ? AND expires_at > UTC_TIMESTAMP(3)",
    [EXPLAIN_TASKS] =
	"SELECT f_component_name, f_role, f_party_id, f_reason,"
	" f_error_class, f_dir, f_status, f_attempt, f_start_time, f_end_time,"
	" f_message, f_progress, f_run_pid, f_spent_ms, f_idle_ms"
	" FROM t_task WHERE f_job_id = ?"
	" ORDER BY f_start_time, f_task_id, f_role, f_party_id",
    [EXPLAIN_ATTEMPTS] =
	"SELECT component, role, party_id, reason, error_class, dir, status,"
	" attempt, start_time, end_time FROM task_attempt WHERE job_id = ?"
	" ORDER BY attempt, start_time, task_id, role, party_id",
};
DB_STATEMENTS(stmts);

#define TASK_COLUMNS 15

static void
take_job(const struct db_rows *rows, struct job_explain *j)
{
	char **const texts[] = {&j->kind, &j->initiator_role,
	    &j->initiator_party_id, &j->reason, &j->pending_reason,
	    &j->error_class, &j->failed_component, &j->failed_role,
	    &j->failed_party_id, &j->stop_by, &j->stop_reason, &j->rerun_from};
	int64_t *const numbers[] = {&j->stop_requested, &j->stop_time,
	    &j->owner, &j->seq, &j->queue_rank, &j->priority, &j->runs,
	    &j->retries, &j->auto_retries, &j->n_components, &j->timeout_ms,
	    &j->spent_ms, &j->create_time, &j->update_time, &j->start_time,
	    &j->end_time};
	size_t at = 0;

	j->status = state_parse(db_text(rows, at++));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = xstrdup_null(db_text(rows, at++));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		*numbers[i] = db_int(rows, at++);
}

static void
add_task(const struct db_rows *rows, struct job_explain_tasks *l)
{
	const char *dir = db_text(rows, 5);
	struct job_explain_task t = {
	    .component = xstrdup(db_text(rows, 0)),
	    .role = xstrdup(db_text(rows, 1)),
	    .party_id = xstrdup(db_text(rows, 2)),
	    .reason = xstrdup_null(db_text(rows, 3)),
	    .error_class = xstrdup_null(db_text(rows, 4)),
	    .dir = xstrdup(dir ? dir : ""),
	    .status = state_parse(db_text(rows, 6)),
	    .attempt = db_int(rows, 7),
	    .start_time = db_int(rows, 8),
	    .end_time = db_int(rows, 9),
	    .silent_ms = -1,
	};

	if (db_columns(rows) == TASK_COLUMNS) {
		t.message = xstrdup_null(db_text(rows, 10));
		t.progress = db_int(rows, 11);
		t.pid = db_int(rows, 12);
		t.spent_ms = db_int(rows, 13);
		t.idle_ms = db_int(rows, 14);
	}
	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = t;
}

static enum err
read_tasks(struct db *db, const char *sql, const char *job_id,
    struct job_explain_tasks *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_query(db, sql, DB_BINDS(DB_TEXT(job_id)), &rows, err);

	while (!rc && !(rc = db_next(rows, err)))
		add_task(rows, out);
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static enum err
read_site(struct db *db, struct job_explain *j, struct buf *err)
{
	int64_t owner = 0;
	enum err rc = db_number(
	    db, stmts[EXPLAIN_RUNNING], DB_NONE, 0, &j->n_running, err);

	if (!rc)
		rc = instance_query_alive(db, &j->n_schedulers, err);
	if (!rc && j->status == STATE_RUNNING)
		rc = db_number(db, stmts[EXPLAIN_OWNER],
		    DB_BINDS(DB_INT(j->owner)), 0, &owner, err);
	if (!rc && j->status == STATE_WAITING)
		rc = db_number(db, stmts[EXPLAIN_AHEAD],
		    DB_BINDS(DB_INT(j->queue_rank), DB_INT(j->queue_rank),
			DB_INT(j->seq)),
		    0, &j->n_ahead, err);
	j->has_scheduler = owner > 0;
	return rc;
}

enum err
job_explain_read(
    struct db *db, const char *job_id, struct job_explain *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	struct db_binds id = DB_BINDS(DB_TEXT(job_id));
	enum err rc = db_one(db, stmts[EXPLAIN_JOB], id, &rows, err);

	memset(out, 0, sizeof(*out));
	snprintf(out->job_id, sizeof(out->job_id), "%s", job_id);
	if (!rc)
		take_job(rows, out);
	db_end(&rows);
	if (!rc)
		rc = db_number(
		    db, stmts[EXPLAIN_PROGRESS], id, 0, &out->progress, err);
	if (!rc)
		rc = read_site(db, out, err);
	if (!rc)
		rc = read_tasks(
		    db, stmts[EXPLAIN_TASKS], job_id, &out->tasks, err);
	if (!rc)
		rc = read_tasks(
		    db, stmts[EXPLAIN_ATTEMPTS], job_id, &out->attempts, err);
	if (rc)
		job_explain_release(out);
	return rc;
}

static void
release_tasks(struct job_explain_tasks *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].component);
		free(l->v[i].role);
		free(l->v[i].party_id);
		free(l->v[i].message);
		free(l->v[i].reason);
		free(l->v[i].error_class);
		free(l->v[i].dir);
	}
	free(l->v);
}

void
job_explain_release(struct job_explain *j)
{
	free(j->kind);
	free(j->initiator_role);
	free(j->initiator_party_id);
	free(j->reason);
	free(j->pending_reason);
	free(j->error_class);
	free(j->failed_component);
	free(j->failed_role);
	free(j->failed_party_id);
	free(j->stop_by);
	free(j->stop_reason);
	free(j->rerun_from);
	release_tasks(&j->tasks);
	release_tasks(&j->attempts);
	memset(j, 0, sizeof(*j));
}

/* ---- what follows from it ---- */

static bool
is_done(const struct job_explain_tasks *l, const char *component)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].component, component) &&
		    l->v[i].status != STATE_SUCCESS)
			return false;
	return true;
}

static bool
is_first(const struct job_explain_tasks *l, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (!strcmp(l->v[i].component, l->v[at].component))
			return false;
	return true;
}

int64_t
job_explain_done(const struct job_explain *j)
{
	int64_t n = 0;

	for (size_t i = 0; i < j->tasks.n; i++)
		n += is_first(&j->tasks, i) &&
		     is_done(&j->tasks, j->tasks.v[i].component);
	return n;
}

static bool
is_equal(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* The task that the job's own row names. */
static bool
is_named(const struct job_explain *j, const struct job_explain_task *t)
{
	return is_equal(j->failed_component, t->component) &&
	       is_equal(j->failed_role, t->role) &&
	       is_equal(j->failed_party_id, t->party_id);
}

static bool
is_of(const struct job_explain_task *t, const char *role, const char *party_id)
{
	return (!role || !*role || !strcmp(role, t->role)) &&
	       (!party_id || !*party_id || !strcmp(party_id, t->party_id));
}

const struct job_explain_task *
job_explain_failed(
    const struct job_explain *j, const char *role, const char *party_id)
{
	const struct job_explain_task *found = NULL;

	for (size_t i = 0; i < j->tasks.n; i++) {
		const struct job_explain_task *t = &j->tasks.v[i];

		if ((t->status != STATE_FAILED && t->status != STATE_TIMEOUT) ||
		    !is_of(t, role, party_id))
			continue;
		if (is_named(j, t))
			return t;
		if (!found || t->end_time < found->end_time)
			found = t;
	}
	return found;
}
