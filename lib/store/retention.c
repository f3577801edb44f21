/*
 * Jobs are walked in the order of their ends, along an index; a mark per kind
 * says how far. The job's own row is locked while something of it goes, so
 * that a rerun, which makes it live again, comes before or after and sees all
 * or nothing. Whether a job is used is asked of the configurations that live:
 * the namespace of an output table and the version of a model hold the id.
 *
 * An output is known by its file: the scheduler names it <attempt>.table, and
 * what is published under a name that a user gave, be it uploaded or saved by
 * a component, <attempt>.publish. Namespaces tell nothing: a user may give any.
 *
 * LIMIT: a job that a clock set back by more than the retention time has let
 * end before the mark keeps its scratch until its rows go.
 */
#include "lib/store/retention.h"
#include "lib/base/mem.h"
#include "lib/store/job_hold.h"

#include <assert.h>

enum {
	RETENTION_MARK,
	RETENTION_SET_MARK,
	RETENTION_DUE,
	RETENTION_COUNT_METRICS,
	RETENTION_COUNT_TABLES,
	RETENTION_DROP_METRICS,
	RETENTION_END_TABLES,
	RETENTION_DROP_TABLES,
	RETENTION_DROP_ATTEMPTS,
	RETENTION_DROP_VIEWS,
	RETENTION_DROP_TASKS,
	RETENTION_DROP_PARTIES,
	RETENTION_DROP_JOB,
	RETENTION_IDS,
	RETENTION_STMT__MAX
};

static const char *const stmts[RETENTION_STMT__MAX] = {
    [RETENTION_MARK] = "SELECT end_time, seq FROM retention_mark"
		       " WHERE kind = ?",
    [RETENTION_SET_MARK] =
	"INSERT INTO retention_mark (kind, end_time, seq) VALUES (?, ?, ?)"
	" ON DUPLICATE KEY UPDATE end_time = VALUES(end_time),"
	" seq = VALUES(seq)",
    [RETENTION_DUE] =
	"SELECT job_id, seq, end_time, EXISTS (SELECT 1 FROM job_run AS l"
	" WHERE l.live = 1 AND LOCATE(j.job_id, l.f_runtime_conf) > 0)"
	" FROM job_run AS j WHERE live = 0 AND end_time < ?"
	" AND end_time >= ? AND (end_time > ? OR seq > ?)"
	" ORDER BY end_time, seq LIMIT ?",
    [RETENTION_COUNT_METRICS] = "SELECT COUNT(*) FROM t_tracking_metric"
				" WHERE f_job_id = ?",
    [RETENTION_COUNT_TABLES] =
	"SELECT COUNT(*) FROM data_table WHERE job_id = ? AND deleted = 0"
	" AND file LIKE '%.table'",
    [RETENTION_DROP_METRICS] = "DELETE FROM t_tracking_metric"
			       " WHERE f_job_id = ? LIMIT 1000",
    [RETENTION_END_TABLES] =
	"UPDATE data_table SET is_current = NULL, deleted = 1,"
	" ended_time = COALESCE(ended_time, ?)"
	" WHERE job_id = ? AND deleted = 0 AND file LIKE '%.table'",
    [RETENTION_DROP_TABLES] = "DELETE FROM data_table WHERE job_id = ?"
			      " AND deleted = 2 AND is_current IS NULL",
    [RETENTION_DROP_ATTEMPTS] = "DELETE FROM task_attempt WHERE job_id = ?",
    [RETENTION_DROP_VIEWS] = "DELETE FROM t_data_view WHERE f_job_id = ?",
    [RETENTION_DROP_TASKS] = "DELETE FROM t_task WHERE f_job_id = ?",
    [RETENTION_DROP_PARTIES] = "DELETE FROM t_job WHERE f_job_id = ?",
    [RETENTION_DROP_JOB] = "DELETE FROM job_run WHERE job_id = ?"
			   " AND live = 0",
    [RETENTION_IDS] = "SELECT job_id FROM job_run"
		      " WHERE job_id >= ? AND job_id < ? ORDER BY job_id",
};
DB_STATEMENTS(stmts);

static const char *const names[] = {
    [RETENTION_SCRATCH] = "scratch",
    [RETENTION_METRICS] = "metrics",
    [RETENTION_TABLES] = "tables",
    [RETENTION_JOBS] = "jobs",
};
static_assert(ARRAY_LEN(names) == RETENTION__MAX, "a name each");

const char *
retention_name(enum retention_kind kind)
{
	return names[kind];
}

/* ---- what is due ---- */

enum err
retention_mark_read(struct db *db, enum retention_kind kind,
    struct retention_mark *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc;

	*out = (struct retention_mark){0, 0};
	rc = db_one(db, stmts[RETENTION_MARK], DB_BINDS(DB_TEXT(names[kind])),
	    &rows, err);
	if (!rc) {
		out->end_time = db_int(rows, 0);
		out->seq = db_int(rows, 1);
	}
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

enum err
retention_mark_write(struct db *db, enum retention_kind kind,
    const struct retention_mark *mark, struct buf *err)
{
	return db_exec(db, stmts[RETENTION_SET_MARK],
	    DB_BINDS(DB_TEXT(names[kind]), DB_INT(mark->end_time),
		DB_INT(mark->seq)),
	    err);
}

enum err
retention_due(struct db *db, const struct retention_mark *after, int64_t before,
    struct retention_job *out, size_t limit, size_t *n_out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_query(db, stmts[RETENTION_DUE],
	    DB_BINDS(DB_INT(before), DB_INT(after->end_time),
		DB_INT(after->end_time), DB_INT(after->seq),
		DB_INT((int64_t)limit)),
	    &rows, err);

	*n_out = 0;
	while (!rc && *n_out < limit && !(rc = db_next(rows, err))) {
		struct retention_job *j = &out[(*n_out)++];

		snprintf(j->id, sizeof(j->id), "%s", db_text(rows, 0));
		j->seq = db_int(rows, 1);
		j->end_time = db_int(rows, 2);
		j->is_used = db_int(rows, 3) != 0;
	}
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

enum err
retention_count(struct db *db, enum retention_kind kind, const char *job_id,
    int64_t *n_out, struct buf *err)
{
	*n_out = 1;
	if (kind == RETENTION_METRICS)
		return db_number(db, stmts[RETENTION_COUNT_METRICS],
		    DB_BINDS(DB_TEXT(job_id)), 0, n_out, err);
	if (kind == RETENTION_TABLES)
		return db_number(db, stmts[RETENTION_COUNT_TABLES],
		    DB_BINDS(DB_TEXT(job_id)), 0, n_out, err);
	return ERR_OK;
}

/* ---- taking it ---- */

struct taking {
	const char *job_id;
	int64_t now;
	const struct retention_files *files;
	int64_t n; /* metric rows that the last step took */
};

static enum err
take_scratch(struct db *db, void *ctx, struct buf *err)
{
	struct taking *t = ctx;
	enum err rc = job_hold_ended(db, t->job_id, err);

	return rc ? rc : t->files->move(t->job_id, t->files->arg, err);
}

static enum err
take_metrics(struct db *db, void *ctx, struct buf *err)
{
	struct taking *t = ctx;
	enum err rc = job_hold_ended(db, t->job_id, err);

	if (!rc)
		rc = db_exec(db, stmts[RETENTION_DROP_METRICS],
		    DB_BINDS(DB_TEXT(t->job_id)), err);
	t->n = rc ? 0 : db_affected(db);
	return rc;
}

static enum err
take_tables(struct db *db, void *ctx, struct buf *err)
{
	struct taking *t = ctx;
	enum err rc = job_hold_ended(db, t->job_id, err);

	return rc ? rc
		  : db_exec(db, stmts[RETENTION_END_TABLES],
			DB_BINDS(DB_INT(t->now), DB_TEXT(t->job_id)), err);
}

/* The job's rows last: until they are gone, the next run finds it again. */
static enum err
take_job(struct db *db, void *ctx, struct buf *err)
{
	static const int drops[] = {RETENTION_DROP_TABLES,
	    RETENTION_DROP_ATTEMPTS, RETENTION_DROP_VIEWS, RETENTION_DROP_TASKS,
	    RETENTION_DROP_PARTIES, RETENTION_DROP_JOB};
	struct taking *t = ctx;
	enum err rc = job_hold_ended(db, t->job_id, err);

	if (!rc)
		rc = t->files->check(t->job_id, t->files->arg, err);
	for (size_t i = 0; !rc && i < ARRAY_LEN(drops); i++)
		rc = db_exec(
		    db, stmts[drops[i]], DB_BINDS(DB_TEXT(t->job_id)), err);
	return rc;
}

static enum err
take_all_metrics(struct db *db, struct taking *t, struct buf *err)
{
	enum err rc;

	do
		rc = db_transact(db, take_metrics, t, err);
	while (!rc && t->n > 0);
	return rc;
}

enum err
retention_take(struct db *db, enum retention_kind kind, const char *job_id,
    int64_t now, const struct retention_files *files, struct buf *err)
{
	struct taking t = {job_id, now, files, 0};
	bool is_all = kind == RETENTION_JOBS;
	enum err rc = ERR_OK;

	if (kind == RETENTION_METRICS || is_all)
		rc = take_all_metrics(db, &t, err);
	if (!rc && (kind == RETENTION_TABLES || is_all))
		rc = db_transact(db, take_tables, &t, err);
	if (!rc && kind == RETENTION_SCRATCH)
		rc = db_transact(db, take_scratch, &t, err);
	if (!rc && is_all)
		rc = db_transact(db, take_job, &t, err);
	if (!rc && is_all)
		rc = files->move(job_id, files->arg, err);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

enum err
retention_ids(struct db *db, const char *first, const char *end,
    retention_each *each, void *arg, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_query(db, stmts[RETENTION_IDS],
	    DB_BINDS(DB_TEXT(first), DB_TEXT(end)), &rows, err);

	while (!rc && !(rc = db_next(rows, err)))
		each(db_text(rows, 0), arg);
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}
