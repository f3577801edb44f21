/*
 * t_job is light; roles, DSL and configurations stand once per job in job_run
 * and are joined here. Filters on those texts use no index and run under the
 * time limit of filter_stream().
 */
#include "lib/store/job_query.h"
#include "lib/base/mem.h"
#include "lib/core/failure.h"
#include "lib/store/job_run.h"

enum {
	JOB_QUERY_FIND,
	JOB_QUERY_INITIATOR,
	JOB_QUERY_STOP,
	JOB_QUERY_CANCEL,
	JOB_QUERY_STREAM,
	JOB_QUERY_STREAM_JOB,
	JOB_QUERY_CONFIG,
	JOB_QUERY_DESCRIBE,
	JOB_QUERY__MAX
};

#define SHOWN                                                                 \
	"SELECT j.f_job_id, j.f_name, j.f_description, j.f_tag, j.f_role,"    \
	" j.f_party_id, r.f_roles, j.f_work_mode, j.f_initiator_party_id,"    \
	" j.f_is_initiator, r.f_dsl, r.f_runtime_conf,"                       \
	" r.f_train_runtime_conf, j.f_run_ip, j.f_status, j.f_current_steps," \
	" j.f_current_tasks, j.f_progress, j.f_create_time, j.f_update_time," \
	" j.f_start_time, j.f_end_time, j.f_elapsed, j.f_reason,"             \
	" r.pending_reason AS f_pending_reason,"                              \
	" r.priority AS f_priority, r.auto_retries AS f_auto_retries,"        \
	" r.retries AS f_retries, r.runs AS f_runs,"                          \
	" r.stop_by AS f_stop_by, r.stop_reason AS f_stop_reason,"            \
	" r.stop_time AS f_stop_time, r.error_class AS f_error_class,"        \
	" r.failed_component AS f_failed_component,"                          \
	" r.failed_role AS f_failed_role,"                                    \
	" r.failed_party_id AS f_failed_party_id"
#define FROM " FROM t_job j JOIN job_run r ON r.job_id = j.f_job_id"

static const char *const stmts[JOB_QUERY__MAX] = {
    [JOB_QUERY_FIND] =
	"SELECT status, initiator_role, initiator_party_id, f_dsl,"
	" f_runtime_conf, f_train_runtime_conf FROM job_run"
	" WHERE job_id = ?",
    [JOB_QUERY_INITIATOR] = "SELECT initiator_role, initiator_party_id"
			    " FROM job_run WHERE job_id = ?",
    [JOB_QUERY_STOP] = "UPDATE job_run SET stop_requested = ?, stop_by = ?,"
		       " stop_reason = ?, stop_time = ?, update_time = ?"
		       " WHERE job_id = ? AND live = 1 AND stop_requested = 0",
    [JOB_QUERY_CANCEL] = "UPDATE job_run SET stop_requested = 1,"
			 " stop_by = ?, stop_reason = ?, stop_time = ?"
			 " WHERE job_id = ? AND live = 1"
			 " AND stop_requested = 0 AND status = 'waiting'",
    [JOB_QUERY_STREAM] = SHOWN ", CAST(NULL AS SIGNED) AS f_jobs_ahead" FROM,
    /* Counted for one job only: a list of all would count each by each. */
    [JOB_QUERY_STREAM_JOB] =
	SHOWN ", CASE WHEN r.live = 1 AND r.status = 'waiting' THEN"
	      " (SELECT COUNT(*) FROM job_run q WHERE q.live = 1"
	      " AND q.status = 'waiting' AND (q.queue_rank < r.queue_rank OR"
	      " (q.queue_rank = r.queue_rank AND q.seq < r.seq))) END"
	      " AS f_jobs_ahead" FROM,
    [JOB_QUERY_CONFIG] =
	"SELECT r.job_id, r.f_dsl, r.f_runtime_conf, r.f_train_runtime_conf"
	" FROM t_job j JOIN job_run r ON r.job_id = j.f_job_id",
    [JOB_QUERY_DESCRIBE] =
	"UPDATE t_job SET f_description = COALESCE(NULLIF(?, ''),"
	" f_description), f_update_time = ?"
	" WHERE f_job_id = ? AND f_role = ? AND f_party_id = ?",
};
DB_STATEMENTS(stmts);

#define LONG_TEXT      ((size_t)8 << 20)
#define BY_JOB	       " ORDER BY j.f_job_id, j.f_role, j.f_party_id"
#define BY_TIME	       " ORDER BY j.f_create_time"
#define CANCEL_AT_ONCE 100

static const struct filter_column columns[] = {
    {"job_id", "j.f_job_id", ID_JOB_MAX},
    {"name", "j.f_name", 500},
    {"description", "j.f_description", 65535},
    {"tag", "j.f_tag", 50},
    {"role", "j.f_role", 50},
    {"party_id", "j.f_party_id", 50},
    {"roles", "r.f_roles", LONG_TEXT},
    {"work_mode", "j.f_work_mode", 0},
    {"initiator_party_id", "j.f_initiator_party_id", 50},
    {"is_initiator", "j.f_is_initiator", 0},
    {"dsl", "r.f_dsl", LONG_TEXT},
    {"runtime_conf", "r.f_runtime_conf", LONG_TEXT},
    {"train_runtime_conf", "r.f_train_runtime_conf", LONG_TEXT},
    {"run_ip", "j.f_run_ip", 100},
    {"status", "j.f_status", 50},
    {"current_steps", "j.f_current_steps", 500},
    {"current_tasks", "j.f_current_tasks", 500},
    {"progress", "j.f_progress", 0},
    {"create_time", "j.f_create_time", 0},
    {"update_time", "j.f_update_time", 0},
    {"start_time", "j.f_start_time", 0},
    {"end_time", "j.f_end_time", 0},
    {"elapsed", "j.f_elapsed", 0},
};

const struct filter_column *
job_query_columns(size_t *n_out)
{
	*n_out = ARRAY_LEN(columns);
	return columns;
}

enum err
job_query_stream(struct db *db, const struct filter *f, struct db_rows **out,
    struct buf *err)
{
	struct filter_query q = {
	    .head =
		stmts[f->has_job_id ? JOB_QUERY_STREAM_JOB : JOB_QUERY_STREAM],
	    .tail = f->has_job_id ? BY_JOB : BY_TIME,
	    .filter = f,
	};

	return filter_stream(db, &q, out, err);
}

enum err
job_query_config(struct db *db, const struct filter *f, struct db_rows **out,
    struct buf *err)
{
	struct filter_query q = {
	    .head = stmts[JOB_QUERY_CONFIG],
	    .tail = f->has_job_id ? BY_JOB " LIMIT 1" : BY_TIME " LIMIT 1",
	    .filter = f,
	};

	return filter_stream(db, &q, out, err);
}

enum err
job_query_describe(
    struct db *db, const struct job_query_description *d, struct buf *err)
{
	return db_exec_one(db, stmts[JOB_QUERY_DESCRIBE],
	    DB_BINDS(DB_TEXT(d->text), DB_INT(d->now), DB_TEXT(d->job_id),
		DB_TEXT(d->role), DB_TEXT(d->party_id)),
	    err);
}

void
job_query_release(struct job_query *j)
{
	free(j->status);
	free(j->initiator_role);
	free(j->initiator_party_id);
	free(j->dsl);
	free(j->conf);
	free(j->train_conf);
	memset(j, 0, sizeof(*j));
}

enum err
job_query_find(
    struct db *db, const char *job_id, struct job_query *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_one(
	    db, stmts[JOB_QUERY_FIND], DB_BINDS(DB_TEXT(job_id)), &rows, err);

	memset(out, 0, sizeof(*out));
	if (!rc) {
		out->status = xstrdup(db_text(rows, 0));
		out->initiator_role = xstrdup(db_text(rows, 1));
		out->initiator_party_id = xstrdup(db_text(rows, 2));
		out->dsl = xstrdup(db_text(rows, 3));
		out->conf = xstrdup(db_text(rows, 4));
		out->train_conf = xstrdup_null(db_text(rows, 5));
	}
	db_end(&rows);
	return rc;
}

enum err
job_query_initiator(struct db *db, const char *job_id, char role_out[51],
    char party_out[ID_PARTY_MAX + 1], struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_one(db, stmts[JOB_QUERY_INITIATOR],
	    DB_BINDS(DB_TEXT(job_id)), &rows, err);

	if (!rc) {
		snprintf(role_out, 51, "%s", db_text(rows, 0));
		snprintf(party_out, ID_PARTY_MAX + 1, "%s", db_text(rows, 1));
	}
	db_end(&rows);
	return rc;
}

/* ERR_CONFLICT: it waits no more, or somebody asked before. */
static enum err
cancel_work(struct db *db, void *ctx, struct buf *err)
{
	const struct job_query_stop *s = ctx;
	struct buf reason = BUF_INIT;
	struct job_run_end end = {.status = STATE_CANCELED,
	    .now = s->now,
	    .error_class = failure_name(FAILURE_STOPPED)};
	enum err rc = db_exec_one(db, stmts[JOB_QUERY_CANCEL],
	    DB_BINDS(DB_TEXT(s->by), DB_TEXT(s->reason), DB_INT(s->now),
		DB_TEXT(s->job_id)),
	    err);

	buf_addf(&reason, "canceled by %s before it started%s%s", s->by,
	    s->reason ? ": " : "", s->reason ? s->reason : "");
	end.reason = reason.ptr;
	if (!rc)
		rc = job_run_end_waiting(db, s->job_id, &end, err);
	buf_release(&reason);
	return rc;
}

enum err
job_query_stop(struct db *db, const struct job_query_stop *s,
    bool *canceled_out, struct buf *err)
{
	struct job_query_stop copy = *s;
	char role[51], party[ID_PARTY_MAX + 1];
	enum err rc = job_query_initiator(db, s->job_id, role, party, err);

	*canceled_out = false;
	if (rc)
		return rc;
	if (!s->is_kill) {
		rc = db_transact(db, cancel_work, &copy, err);
		*canceled_out = rc == ERR_OK;
		if (rc != ERR_CONFLICT)
			return rc;
		buf_reset(err);
	}
	return db_exec(db, stmts[JOB_QUERY_STOP],
	    DB_BINDS(DB_INT(s->is_kill ? 2 : 1), DB_TEXT(s->by),
		DB_TEXT(s->reason), DB_INT(s->now), DB_INT(s->now),
		DB_TEXT(s->job_id)),
	    err);
}

struct cancel_all {
	const char *by;
	int64_t now;
	size_t n_found;
	size_t n_canceled;
};

/*
 * One batch. A job that started meanwhile is no longer waiting; one that is to
 * be killed is left to the scheduler.
 */
static enum err
cancel_batch(struct db *db, void *ctx, struct buf *err)
{
	struct cancel_all *c = ctx;
	struct job_run_list list;
	enum err rc = job_run_waiting(db, CANCEL_AT_ONCE, &list, err);

	c->n_found = list.n;
	c->n_canceled = 0;
	for (size_t i = 0; !rc && i < list.n; i++) {
		struct job_query_stop one = {
		    .job_id = list.v[i].job_id, .by = c->by, .now = c->now};

		rc = cancel_work(db, &one, NULL);
		c->n_canceled += rc == ERR_OK;
		if (rc == ERR_CONFLICT)
			rc = ERR_OK;
		else if (rc)
			err_set(err, rc, "canceling job %s failed", one.job_id);
	}
	job_run_list_release(&list);
	return rc;
}

enum err
job_query_cancel_waiting(
    struct db *db, const char *by, int64_t now, size_t *n_out, struct buf *err)
{
	struct cancel_all c = {.by = by, .now = now};
	enum err rc;

	*n_out = 0;
	do {
		rc = db_transact(db, cancel_batch, &c, err);
		if (!rc)
			*n_out += c.n_canceled;
	} while (!rc && c.n_found == CANCEL_AT_ONCE && c.n_canceled);
	return rc;
}
