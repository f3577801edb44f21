/*
 * Uploads that arrive in pieces. A session is open, then finished (a job took
 * its file) or given up; only an open one takes bytes. Its file is
 * <work>/spool/session-<id>, and belongs to the job once that is stored.
 */
#ifndef FF_STORE_UPLOAD_SESSION_H
#define FF_STORE_UPLOAD_SESSION_H

#include "lib/base/digest.h"
#include "lib/core/ids.h"
#include "lib/store/db.h"

struct upload_session {
	char id[ID_RANDOM_LEN];
	bool is_open;
	char *params;	 /* JSON: what becomes of the file */
	char *file_name; /* for people only, or NULL */
	int64_t file_bytes;
	char file_sha256[DIGEST_HEX_LEN];
	char job_id[ID_JOB_MAX + 1]; /* "" until finished */
};

/* Frees the texts of what open and find filled in. */
void upload_session_release(struct upload_session *s);

/*
 * Gives `s` (params, file_name, file_bytes and file_sha256 are set, all
 * borrowed) its id: that of the open session for the same file and parameters
 * if there is one, else of a new one.
 */
enum err upload_session_open(
    struct db *db, struct upload_session *s, int64_t now, struct buf *err);

/* ERR_NOTFOUND says what may have become of it. */
enum err upload_session_find(
    struct db *db, const char *id, struct upload_session *out, struct buf *err);

/* It is in use; ERR_NOTFOUND unless it is open. */
enum err upload_session_touch(
    struct db *db, const char *id, int64_t now, struct buf *err);

/*
 * The job took the file: within the transaction that stores the job.
 * ERR_DENIED unless the session is open.
 */
enum err upload_session_finish(struct db *db, const char *id,
    const char *job_id, int64_t now, struct buf *err);

/* Gives an open one up and removes its file; ERR_CONFLICT if it is not. */
enum err upload_session_cancel(
    struct db *db, const char *work_dir, const char *id, struct buf *err);

/*
 * Gives up what nobody used since `before`, then names what can go: sessions
 * that were given up, and those whose job has ended and that are older than
 * `before`; at most `limit`. The caller removes their files, then forgets
 * them.
 */
typedef void upload_session_each(const char *id, void *ctx);
enum err upload_session_sweep(struct db *db, int64_t before, int limit,
    upload_session_each *each, void *ctx, struct buf *err);
enum err upload_session_forget(struct db *db, const char *id, struct buf *err);
/* Removes the file of a session that is not open, and forgets it. */
enum err upload_session_remove(
    struct db *db, const char *work_dir, const char *id, struct buf *err);

/*
 * Is anything to become of its file: is it open, or does a job that took it
 * wait or run? Its row is there before the file is.
 */
enum err upload_session_needs_file(
    struct db *db, const char *id, bool *needed_out, struct buf *err);

/* Its file, whether there is one or not. */
void upload_session_path(const char *work_dir, const char *id, struct buf *out);

#endif
