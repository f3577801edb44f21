/*
 * The table is found by its version: a name may be another table by now. A
 * task is one transaction, its metric rows too, which are those of one
 * component of one job. Its files go when that is committed: who is killed in
 * between leaves files, and none that a row speaks of is gone.
 */
#include "lib/store/job_clean.h"
#include "lib/store/catalogue.h"
#include "lib/store/job_hold.h"
#include "lib/store/metric_delete.h"

enum { JOB_CLEAN_TABLE, JOB_CLEAN__MAX };

static const char *const stmts[JOB_CLEAN__MAX] = {
    [JOB_CLEAN_TABLE] = "SELECT f_table_id FROM t_data_view WHERE f_job_id = ?"
			" AND f_task_id = ? AND f_role = ? AND f_party_id = ?",
};
DB_STATEMENTS(stmts);

static enum err
delete_metrics(struct db *db, const char *job_id,
    const struct task_query_place *t, struct buf *err)
{
	struct filter f;
	enum err rc;

	filter_init(&f);
	filter_add(&f, "f_job_id", DB_TEXT(job_id));
	filter_add(&f, "f_component_name", DB_TEXT(t->component));
	filter_add(&f, "f_role", DB_TEXT(t->role));
	filter_add(&f, "f_party_id", DB_TEXT(t->party_id));
	rc = metric_delete(db, &f, err);
	filter_release(&f);
	return rc;
}

static enum err
clean_work(struct db *db, void *ctx, struct buf *err)
{
	const struct job_clean *c = ctx;
	const struct task_query_place *t = c->task;
	int64_t id = 0;
	enum err rc = job_hold_ended(db, c->job_id, err);

	if (!rc)
		rc = db_number(db, stmts[JOB_CLEAN_TABLE],
		    DB_BINDS(DB_TEXT(c->job_id), DB_TEXT(t->task_id),
			DB_TEXT(t->role), DB_TEXT(t->party_id)),
		    0, &id, err);
	if (!rc && id)
		rc = catalogue_delete_made(db, id, c->job_id, c->now, err);
	return rc ? rc : delete_metrics(db, c->job_id, t, err);
}

/* A rerun that came between the two keeps its files. */
static enum err
move_work(struct db *db, void *ctx, struct buf *err)
{
	const struct job_clean *c = ctx;
	enum err rc = job_hold_ended(db, c->job_id, err);

	return rc ? rc : c->move(c->arg, err);
}

enum err
job_clean_task(struct db *db, const struct job_clean *c, struct buf *err)
{
	struct job_clean copy = *c;

	enum err rc = db_transact(db, clean_work, &copy, err);

	return rc ? rc : db_transact(db, move_work, &copy, err);
}
