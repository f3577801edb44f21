/* A locking read: what follows it sees what was committed by then. */
#include "lib/store/job_hold.h"

enum { JOB_HOLD_ENDED, JOB_HOLD__MAX };

static const char *const stmts[JOB_HOLD__MAX] = {
    [JOB_HOLD_ENDED] = "SELECT seq FROM job_run WHERE job_id = ?"
		       " AND live = 0 FOR UPDATE",
};
DB_STATEMENTS(stmts);

enum err
job_hold_ended(struct db *db, const char *job_id, struct buf *err)
{
	int64_t seq = 0;
	enum err rc = db_number(
	    db, stmts[JOB_HOLD_ENDED], DB_BINDS(DB_TEXT(job_id)), 0, &seq, err);

	return !rc && !seq ? ERR_NOTFOUND : rc;
}
