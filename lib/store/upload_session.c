/*
 * A session ends in two steps, so that no file is removed under a job and none
 * is left behind: first is_open becomes NULL by a guarded statement, then the
 * file goes, then the row. Whoever dies in between leaves a closed row without
 * a job, which the next sweep takes up.
 */
#include "lib/store/upload_session.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <errno.h>
#include <unistd.h>

enum {
	SESSION_FIND,
	SESSION_FIND_OPEN,
	SESSION_INSERT,
	SESSION_TOUCH,
	SESSION_FINISH,
	SESSION_CLOSE,
	SESSION_EXPIRE,
	SESSION_CLOSED,
	SESSION_FORGET,
	SESSION_NEEDS,
	SESSION__MAX
};

static const char *const stmts[SESSION__MAX] = {
    [SESSION_FIND] = "SELECT is_open, params, file_name, file_bytes,"
		     " file_sha256, job_id FROM upload_session"
		     " WHERE session_id = ?",
    [SESSION_FIND_OPEN] = "SELECT session_id FROM upload_session"
			  " WHERE request_key = ? AND is_open = 1",
    [SESSION_INSERT] =
	"INSERT INTO upload_session (session_id, request_key, is_open, params,"
	" file_name, file_bytes, file_sha256, create_time, update_time)"
	" VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?)",
    [SESSION_TOUCH] = "UPDATE upload_session SET update_time = ?"
		      " WHERE session_id = ? AND is_open = 1",
    [SESSION_FINISH] = "UPDATE upload_session"
		       " SET is_open = NULL, job_id = ?, update_time = ?"
		       " WHERE session_id = ? AND is_open = 1",
    [SESSION_CLOSE] = "UPDATE upload_session SET is_open = NULL"
		      " WHERE session_id = ? AND is_open = 1",
    [SESSION_EXPIRE] = "UPDATE upload_session SET is_open = NULL"
		       " WHERE is_open = 1 AND update_time < ?",
    [SESSION_CLOSED] =
	"SELECT session_id FROM upload_session AS s WHERE is_open IS NULL"
	" AND (job_id IS NULL OR (update_time < ? AND NOT EXISTS"
	" (SELECT 1 FROM job_run AS j WHERE j.job_id = s.job_id"
	" AND j.live = 1))) ORDER BY seq LIMIT ?",
    [SESSION_FORGET] = "DELETE FROM upload_session"
		       " WHERE session_id = ? AND is_open IS NULL",
    [SESSION_NEEDS] = "SELECT 1 FROM upload_session AS s"
		      " WHERE session_id = ? AND (is_open = 1 OR EXISTS"
		      " (SELECT 1 FROM job_run AS j WHERE j.job_id = s.job_id"
		      " AND j.live = 1))",
};
DB_STATEMENTS(stmts);

void
upload_session_release(struct upload_session *s)
{
	free(s->params);
	free(s->file_name);
	memset(s, 0, sizeof(*s));
}

void
upload_session_path(const char *work_dir, const char *id, struct buf *out)
{
	path_set(out, "%s/spool/session-%s", work_dir, id);
}

/* ---- opening ---- */

static struct db_bind
request_key(const struct upload_session *s, uint8_t out[DIGEST_SHA256_LEN])
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "%lld %s %s", (long long)s->file_bytes, s->file_sha256,
	    s->params);
	digest_sha256(text.ptr, text.len, out);
	buf_release(&text);
	return DB_BYTES(out, DIGEST_SHA256_LEN);
}

static enum err
find_open(struct db *db, struct upload_session *s, struct db_bind key,
    struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc =
	    db_one(db, stmts[SESSION_FIND_OPEN], DB_BINDS(key), &rows, err);

	if (!rc)
		snprintf(s->id, sizeof(s->id), "%s", db_text(rows, 0));
	db_end(&rows);
	return rc;
}

static enum err
insert(struct db *db, struct upload_session *s, struct db_bind key, int64_t now,
    struct buf *err)
{
	ids_random(s->id);
	return db_exec(db, stmts[SESSION_INSERT],
	    DB_BINDS(DB_TEXT(s->id), key, DB_TEXT(s->params),
		DB_TEXT(s->file_name), DB_INT(s->file_bytes),
		DB_TEXT(s->file_sha256), DB_INT(now), DB_INT(now)),
	    err);
}

enum err
upload_session_open(
    struct db *db, struct upload_session *s, int64_t now, struct buf *err)
{
	uint8_t bytes[DIGEST_SHA256_LEN];
	struct db_bind key = request_key(s, bytes);
	struct buf none = BUF_INIT;
	enum err rc = find_open(db, s, key, err);

	if (rc == ERR_NOTFOUND) {
		rc = insert(db, s, key, now, &none);
		if (rc == ERR_CONFLICT) /* another made it just now */
			rc = find_open(db, s, key, err);
		else if (rc)
			buf_adds(err, none.ptr);
		buf_release(&none);
	} else if (!rc)
		rc = upload_session_touch(db, s->id, now, err);
	s->is_open = !rc;
	return rc;
}

/* ---- one session ---- */

static enum err
is_gone(const char *id, struct buf *err)
{
	return err_set(err, ERR_NOTFOUND,
	    "there is no upload session '%.64s': it was canceled, or nobody "
	    "used it for longer than api.upload_session_ttl",
	    id);
}

enum err
upload_session_find(
    struct db *db, const char *id, struct upload_session *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = db_one(db, stmts[SESSION_FIND], DB_BINDS(DB_TEXT(id)), &rows, err);
	if (!rc && db_is_null(rows, 0) && db_is_null(rows, 5))
		rc = ERR_NOTFOUND; /* given up */
	if (!rc) {
		snprintf(out->id, sizeof(out->id), "%s", id);
		out->is_open = !db_is_null(rows, 0);
		out->params = xstrdup(db_text(rows, 1));
		out->file_name = xstrdup_null(db_text(rows, 2));
		out->file_bytes = db_int(rows, 3);
		snprintf(out->file_sha256, sizeof(out->file_sha256), "%s",
		    db_text(rows, 4));
		if (!db_is_null(rows, 5))
			snprintf(out->job_id, sizeof(out->job_id), "%s",
			    db_text(rows, 5));
	}
	db_end(&rows);
	return rc == ERR_NOTFOUND ? is_gone(id, err) : rc;
}

enum err
upload_session_touch(
    struct db *db, const char *id, int64_t now, struct buf *err)
{
	enum err rc = db_exec(
	    db, stmts[SESSION_TOUCH], DB_BINDS(DB_INT(now), DB_TEXT(id)), err);

	return !rc && !db_affected(db) ? is_gone(id, err) : rc;
}

enum err
upload_session_finish(struct db *db, const char *id, const char *job_id,
    int64_t now, struct buf *err)
{
	enum err rc = db_exec(db, stmts[SESSION_FINISH],
	    DB_BINDS(DB_TEXT(job_id), DB_INT(now), DB_TEXT(id)), err);

	if (!rc && !db_affected(db))
		rc = err_set(err, ERR_DENIED,
		    "the upload session %s was finished or canceled meanwhile",
		    id);
	return rc;
}

/* ---- the end ---- */

enum err
upload_session_forget(struct db *db, const char *id, struct buf *err)
{
	return db_exec(db, stmts[SESSION_FORGET], DB_BINDS(DB_TEXT(id)), err);
}

enum err
upload_session_remove(
    struct db *db, const char *work_dir, const char *id, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc = ERR_OK;

	upload_session_path(work_dir, id, &path);
	if (unlink(path.ptr) && errno != ENOENT)
		rc = err_set_errno(err, ERR_IO, "cannot remove %s", path.ptr);
	if (!rc)
		rc = upload_session_forget(db, id, err);
	buf_release(&path);
	return rc;
}

enum err
upload_session_cancel(
    struct db *db, const char *work_dir, const char *id, struct buf *err)
{
	enum err rc =
	    db_exec_one(db, stmts[SESSION_CLOSE], DB_BINDS(DB_TEXT(id)), err);

	return rc ? rc : upload_session_remove(db, work_dir, id, err);
}

enum err
upload_session_needs_file(
    struct db *db, const char *id, bool *needed_out, struct buf *err)
{
	int64_t found = 0;
	enum err rc = db_number(
	    db, stmts[SESSION_NEEDS], DB_BINDS(DB_TEXT(id)), 0, &found, err);

	*needed_out = rc || found;
	return rc;
}

enum err
upload_session_sweep(struct db *db, int64_t before, int limit,
    upload_session_each *each, void *ctx, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc =
	    db_exec(db, stmts[SESSION_EXPIRE], DB_BINDS(DB_INT(before)), err);

	if (!rc)
		rc = db_query(db, stmts[SESSION_CLOSED],
		    DB_BINDS(DB_INT(before), DB_INT(limit)), &rows, err);
	while (!rc && !(rc = db_next(rows, err)))
		each(db_text(rows, 0), ctx);
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}
