/* The light columns of job_run, for people. */
#include "lib/store/job_history.h"
#include "lib/base/mem.h"

#include <stdlib.h>

enum { JOB_HISTORY_READ, JOB_HISTORY__MAX };

static const char *const stmts[JOB_HISTORY__MAX] = {
    [JOB_HISTORY_READ] =
	"SELECT kind, status, initiator_role, initiator_party_id, reason,"
	" stop_by, n_components, stop_requested, create_time, start_time,"
	" end_time, stop_reason, stop_time FROM job_run WHERE job_id = ?",
};
DB_STATEMENTS(stmts);

enum err
job_history_read(
    struct db *db, const char *job_id, struct job_history *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_one(
	    db, stmts[JOB_HISTORY_READ], DB_BINDS(DB_TEXT(job_id)), &rows, err);

	memset(out, 0, sizeof(*out));
	if (!rc) {
		out->kind = xstrdup(db_text(rows, 0));
		out->status = xstrdup(db_text(rows, 1));
		out->initiator_role = xstrdup(db_text(rows, 2));
		out->initiator_party_id = xstrdup(db_text(rows, 3));
		out->reason = xstrdup_null(db_text(rows, 4));
		out->stop_by = xstrdup_null(db_text(rows, 5));
		out->n_components = db_int(rows, 6);
		out->stop_requested = db_int(rows, 7);
		out->create_time = db_int(rows, 8);
		out->start_time = db_int(rows, 9);
		out->end_time = db_int(rows, 10);
		out->stop_reason = xstrdup_null(db_text(rows, 11));
		out->stop_time = db_int(rows, 12);
	}
	db_end(&rows);
	return rc;
}

void
job_history_release(struct job_history *h)
{
	free(h->kind);
	free(h->status);
	free(h->initiator_role);
	free(h->initiator_party_id);
	free(h->reason);
	free(h->stop_by);
	free(h->stop_reason);
	memset(h, 0, sizeof(*h));
}
