/* One row by its key, so that a claim costs no more than a look. */
#include "lib/store/job_need.h"
#include "lib/base/mem.h"

enum { JOB_NEED_UPLOAD, JOB_NEED__MAX };

static const char *const stmts[JOB_NEED__MAX] = {
    [JOB_NEED_UPLOAD] = "SELECT f_runtime_conf FROM job_run"
			" WHERE job_id = ? AND kind = 'upload'",
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
