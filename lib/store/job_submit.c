/*
 * The key on job_run.job_id is what makes ids unique over all workers and
 * hosts; a clash changes nothing and the caller draws another.
 */
#include "lib/store/job_submit.h"
#include "lib/base/mem.h"
#include "lib/store/upload_session.h"

enum { JOB_SUBMIT_RUN, JOB_SUBMIT__MAX };

static const char *const stmts[JOB_SUBMIT__MAX] = {
    [JOB_SUBMIT_RUN] =
	"INSERT INTO job_run (job_id, kind, status, live, initiator_role,"
	" initiator_party_id, work_mode, n_components, max_width, timeout_ms,"
	" priority, queue_rank, task_cores, task_memory, demand, auto_retries,"
	" submit_token, submit_digest, submit_answer,"
	" f_roles, f_dsl, f_runtime_conf, f_train_runtime_conf, create_time,"
	" update_time)"
	" VALUES (?, ?, 'waiting', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	" ?, ?, ?, ?, ?, ?, ?, ?)",
};
DB_STATEMENTS(stmts);

#define PARTY_COLUMNS 11

static enum err
insert_run(struct db *db, const struct job_submit *s, struct buf *err)
{
	return db_exec(db, stmts[JOB_SUBMIT_RUN],
	    DB_BINDS(DB_TEXT(s->job_id), DB_TEXT(s->kind),
		DB_TEXT(s->initiator_role), DB_TEXT(s->initiator_party_id),
		DB_INT(s->work_mode), DB_INT(s->n_components),
		DB_INT(s->max_width), DB_INT(s->timeout_ms),
		DB_INT(s->priority), DB_INT(-s->priority),
		DB_INT(s->task_cores), DB_INT(s->task_memory),
		DB_TEXT(s->demand), DB_INT(s->auto_retries), DB_TEXT(s->token),
		DB_TEXT(s->digest), DB_TEXT(s->answer), DB_TEXT(s->roles),
		DB_TEXT(s->dsl), DB_TEXT(s->conf), DB_TEXT(s->train_conf),
		DB_INT(s->now), DB_INT(s->now)),
	    err);
}

static enum err
insert_parties(struct db *db, const struct job_submit *s, struct buf *err)
{
	struct db_multi multi = {
	    .head = "INSERT INTO t_job (f_job_id, f_role, f_party_id,"
		    " f_description, f_work_mode, f_initiator_party_id,"
		    " f_is_initiator, f_run_ip, f_status, f_create_time,"
		    " f_update_time)",
	    .tail = "",
	    .n_cols = PARTY_COLUMNS,
	    .n_rows = s->n_parties,
	};
	struct db_bind *values = xreallocarray(
	    NULL, s->n_parties + 1, PARTY_COLUMNS * sizeof(*values));
	enum err rc;

	for (size_t i = 0; i < s->n_parties; i++) {
		const struct job_submit_party *p = &s->parties[i];
		const struct db_bind row[PARTY_COLUMNS] = {DB_TEXT(s->job_id),
		    DB_TEXT(p->role), DB_TEXT(p->party_id), DB_TEXT(""),
		    DB_INT(s->work_mode), DB_TEXT(s->initiator_party_id),
		    DB_INT(p->is_initiator), DB_TEXT(s->run_ip),
		    DB_TEXT("waiting"), DB_INT(s->now), DB_INT(s->now)};

		memcpy(values + i * PARTY_COLUMNS, row, sizeof(row));
	}
	multi.values = values;
	rc = db_insert_many(db, &multi, err);
	free(values);
	return rc;
}

static enum err
submit_work(struct db *db, void *ctx, struct buf *err)
{
	const struct job_submit *s = ctx;
	enum err rc = insert_run(db, s, err);

	if (!rc)
		rc = insert_parties(db, s, err);
	if (!rc && s->upload_session)
		rc = upload_session_finish(
		    db, s->upload_session, s->job_id, s->now, err);
	return rc;
}

enum err
job_submit(struct db *db, const struct job_submit *s, struct buf *err)
{
	struct job_submit copy = *s;

	return db_transact(db, submit_work, &copy, err);
}
