/*
 * The turn is one row, changed by whoever admits: its lock makes schedulers
 * count and claim one after the other, on one server as well as on a cluster
 * that certifies writes. Whoever finds the number that it left there knows
 * that nobody admitted since, and need not count the others again.
 */
#include "lib/store/job_queue.h"
#include "lib/base/mem.h"

#include <string.h>

enum {
	JOB_QUEUE_BEHIND,
	JOB_QUEUE_SINCE,
	JOB_QUEUE_TURN_ALONE,
	JOB_QUEUE_TURN_TAKE,
	JOB_QUEUE_TURN_MAKE,
	JOB_QUEUE_TURN_READ,
	JOB_QUEUE_OTHER_JOBS,
	JOB_QUEUE_OTHER_TASKS,
	JOB_QUEUE_SET_PENDING,
	JOB_QUEUE_SET_PASSED,
	JOB_QUEUE__MAX
};

#define ROW                                                      \
	"SELECT job_id, queue_rank, seq, max_width, task_cores," \
	" task_memory, demand, passed_ms, stop_requested,"       \
	" stop_by, pending_reason FROM job_run WHERE live = 1"   \
	" AND status = 'waiting'"
#define ORDER " ORDER BY queue_rank, seq LIMIT ?"
#define EIGHT "?, ?, ?, ?, ?, ?, ?, ?"

static const char *const stmts[JOB_QUEUE__MAX] = {
    [JOB_QUEUE_BEHIND] = ROW " AND (queue_rank > ? OR (queue_rank = ?"
			     " AND seq > ?))" ORDER,
    [JOB_QUEUE_SINCE] = ROW " AND seq > ?" ORDER,
    [JOB_QUEUE_TURN_ALONE] = "UPDATE site_admission SET turn = turn + 1"
			     " WHERE id = 1 AND turn = ?",
    [JOB_QUEUE_TURN_TAKE] = "UPDATE site_admission SET turn = turn + 1"
			    " WHERE id = 1",
    [JOB_QUEUE_TURN_MAKE] = "INSERT IGNORE INTO site_admission (id, turn)"
			    " VALUES (1, 1)",
    [JOB_QUEUE_TURN_READ] = "SELECT turn FROM site_admission WHERE id = 1",
    [JOB_QUEUE_OTHER_JOBS] = "SELECT COUNT(*) FROM job_run WHERE live = 1"
			     " AND status = 'running' AND owner <> ?",
    [JOB_QUEUE_OTHER_TASKS] =
	"SELECT t.f_role, t.f_party_id, COUNT(*),"
	" CAST(SUM(j.task_cores) AS SIGNED),"
	" CAST(SUM(j.task_memory) AS SIGNED)"
	" FROM job_run j JOIN t_task t"
	" ON t.f_job_id = j.job_id AND t.f_status = 'running'"
	" WHERE j.live = 1 AND j.status = 'running' AND j.owner <> ?"
	" GROUP BY t.f_role, t.f_party_id",
    [JOB_QUEUE_SET_PENDING] =
	"UPDATE job_run SET pending_reason = ? WHERE live = 1"
	" AND status = 'waiting' AND job_id IN"
	" (" EIGHT ", " EIGHT ", " EIGHT ", " EIGHT ")",
    [JOB_QUEUE_SET_PASSED] = "UPDATE job_run SET passed_ms = ?"
			     " WHERE job_id = ? AND status = 'waiting'"
			     " AND passed_ms < ?",
};
DB_STATEMENTS(stmts);

enum err
job_queue_behind(struct db *db, const struct job_queue_place *place,
    int64_t limit, struct db_rows **out, struct buf *err)
{
	return db_query(db, stmts[JOB_QUEUE_BEHIND],
	    DB_BINDS(DB_INT(place->rank), DB_INT(place->rank),
		DB_INT(place->seq), DB_INT(limit)),
	    out, err);
}

enum err
job_queue_since(struct db *db, int64_t seq, int64_t limit, struct db_rows **out,
    struct buf *err)
{
	return db_query(db, stmts[JOB_QUEUE_SINCE],
	    DB_BINDS(DB_INT(seq), DB_INT(limit)), out, err);
}

enum err
job_queue_next(struct db_rows *rows, struct job_queue_row *out, struct buf *err)
{
	enum err rc = db_next(rows, err);

	if (!rc)
		*out = (struct job_queue_row){
		    .job_id = db_text(rows, 0),
		    .place = {db_int(rows, 1), db_int(rows, 2)},
		    .max_width = db_int(rows, 3),
		    .task_cores = db_int(rows, 4),
		    .task_memory = db_int(rows, 5),
		    .demand = db_text(rows, 6),
		    .passed_ms = db_int(rows, 7),
		    .stop_requested = db_int(rows, 8),
		    .stop_by = db_text(rows, 9),
		    .pending_reason = db_text(rows, 10),
		};
	return rc;
}

/* ---- the turn ---- */

static enum err
take_turn(struct db *db, struct buf *err)
{
	enum err rc =
	    db_exec_one(db, stmts[JOB_QUEUE_TURN_TAKE], DB_NONE, NULL);

	if (rc != ERR_CONFLICT)
		return rc ? err_set(err, rc, "cannot take the site's turn")
			  : ERR_OK;
	rc = db_exec(db, stmts[JOB_QUEUE_TURN_MAKE], DB_NONE, err);
	return rc ? rc : db_exec(db, stmts[JOB_QUEUE_TURN_TAKE], DB_NONE, err);
}

enum err
job_queue_turn(struct db *db, int64_t *turn, bool *alone_out, struct buf *err)
{
	enum err rc = ERR_CONFLICT;

	if (*turn)
		rc = db_exec_one(db, stmts[JOB_QUEUE_TURN_ALONE],
		    DB_BINDS(DB_INT(*turn)), NULL);
	*alone_out = rc == ERR_OK;
	if (!rc) {
		++*turn;
		return ERR_OK;
	}
	if (rc != ERR_CONFLICT)
		return err_set(err, rc, "cannot take the site's turn");
	rc = take_turn(db, err);
	return rc ? rc
		  : db_number(
			db, stmts[JOB_QUEUE_TURN_READ], DB_NONE, 0, turn, err);
}

/* ---- others ---- */

static void
add_tasks(const struct db_rows *rows, bool keys, struct quota_use *use)
{
	use->site[QUOTA_TASKS] += db_int(rows, 2);
	use->site[QUOTA_CORES] += db_int(rows, 3);
	use->site[QUOTA_MEMORY] += db_int(rows, 4);
	if (keys)
		quota_use_task(
		    use, db_text(rows, 0), db_text(rows, 1), db_int(rows, 2));
}

enum err
job_queue_others(struct db *db, int64_t owner, bool keys, struct quota_use *use,
    struct buf *err)
{
	struct db_rows *rows = NULL;
	int64_t n_jobs = 0;
	enum err rc = db_number(db, stmts[JOB_QUEUE_OTHER_JOBS],
	    DB_BINDS(DB_INT(owner)), 0, &n_jobs, err);

	use->site[QUOTA_JOBS] += n_jobs;
	if (rc || !n_jobs)
		return rc;
	rc = db_query(db, stmts[JOB_QUEUE_OTHER_TASKS], DB_BINDS(DB_INT(owner)),
	    &rows, err);
	while (!rc && !(rc = db_next(rows, err)))
		add_tasks(rows, keys, use);
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* ---- what is shown and kept of waiting ---- */

enum err
job_queue_set_pending(struct db *db, const char *const *job_ids, size_t n,
    const char *reason, struct buf *err)
{
	struct db_bind binds[1 + JOB_QUEUE_IDS] = {DB_TEXT(reason)};

	/* One text for every number of jobs: the last id stands in. */
	for (size_t i = 0; i < JOB_QUEUE_IDS; i++)
		binds[1 + i] = DB_TEXT(job_ids[i < n ? i : n - 1]);
	return db_exec(db, stmts[JOB_QUEUE_SET_PENDING],
	    (struct db_binds){binds, ARRAY_LEN(binds)}, err);
}

enum err
job_queue_set_passed(
    struct db *db, const char *job_id, int64_t ms, struct buf *err)
{
	return db_exec(db, stmts[JOB_QUEUE_SET_PASSED],
	    DB_BINDS(DB_INT(ms), DB_TEXT(job_id), DB_INT(ms)), err);
}
