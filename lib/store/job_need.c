/*
 * A claim looks at one row by its key. Whether a file is needed is asked of
 * the configurations of the uploads that live, which is exact: no age and no
 * clock is believed, and a job whose commit is on its way is not overlooked.
 * LIMIT: MySQL, which spells NOWAIT otherwise than MariaDB, waits for that.
 */
#include "lib/store/job_need.h"
#include "lib/base/mem.h"

enum { JOB_NEED_UPLOAD, JOB_NEED_FILES, JOB_NEED__MAX };

static const char *const stmts[JOB_NEED__MAX] = {
    [JOB_NEED_UPLOAD] = "SELECT f_runtime_conf FROM job_run"
			" WHERE job_id = ? AND kind = 'upload'",
    [JOB_NEED_FILES] = "SELECT f_runtime_conf FROM job_run WHERE live = 1"
		       " AND kind = 'upload'"
		       " LOCK IN SHARE MODE /*M! NOWAIT */",
};
DB_STATEMENTS(stmts);

enum err
job_need_upload(
    struct db *db, const char *job_id, char **conf_out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_one(
	    db, stmts[JOB_NEED_UPLOAD], DB_BINDS(DB_TEXT(job_id)), &rows, err);

	*conf_out = rc ? NULL : xstrdup(db_text(rows, 0));
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

enum err
job_need_files(struct db *db, job_need_each *each, void *ctx, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_query(db, stmts[JOB_NEED_FILES], DB_NONE, &rows, err);

	while (!rc && !(rc = db_next(rows, err)))
		each(db_text(rows, 0), ctx);
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}
