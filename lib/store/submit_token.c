/* The unique key on submit_token is what lets one job alone have it. */
#include "lib/store/submit_token.h"
#include "lib/base/mem.h"

enum { SUBMIT_TOKEN_FIND, SUBMIT_TOKEN__MAX };

static const char *const stmts[SUBMIT_TOKEN__MAX] = {
    [SUBMIT_TOKEN_FIND] = "SELECT job_id, submit_digest, submit_answer"
			  " FROM job_run WHERE submit_token = ?",
};
DB_STATEMENTS(stmts);

enum err
submit_token_find(struct db *db, const char *token,
    struct submit_token_job *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_one(
	    db, stmts[SUBMIT_TOKEN_FIND], DB_BINDS(DB_TEXT(token)), &rows, err);

	memset(out, 0, sizeof(*out));
	if (!rc) {
		snprintf(
		    out->job_id, sizeof(out->job_id), "%s", db_text(rows, 0));
		out->digest = xstrdup_null(db_text(rows, 1));
		out->answer = xstrdup_null(db_text(rows, 2));
	}
	db_end(&rows);
	return rc;
}

void
submit_token_job_release(struct submit_token_job *j)
{
	free(j->digest);
	free(j->answer);
	memset(j, 0, sizeof(*j));
}
