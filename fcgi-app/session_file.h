/* The file of an upload session: appended to by one request at a time. */
#ifndef FF_FCGI_SESSION_FILE_H
#define FF_FCGI_SESSION_FILE_H

#include "lib/base/cfg.h"
#include "lib/base/digest.h"

struct session_file {
	int fd; /* -1: not open */
	int64_t size;
	struct buf path;
};

/*
 * Opens it for appending, making it if need be, and locks it against other
 * requests. ERR_BUSY when another has it for longer than a moment.
 */
enum err session_file_open(struct session_file *f, const struct cfg *cfg,
    const char *id, struct buf *err);
enum err session_file_append(
    struct session_file *f, const void *bytes, size_t len, struct buf *err);
/* What was appended is on disk when this returns. */
enum err session_file_sync(struct session_file *f, struct buf *err);
/* Empties it again. */
enum err session_file_truncate(struct session_file *f, struct buf *err);
enum err session_file_digest(
    struct session_file *f, char hex[DIGEST_HEX_LEN], struct buf *err);
void session_file_close(struct session_file *f);

/*
 * How many bytes are there, without the lock; they are on disk when this
 * returns. 0 when there is no file yet.
 */
enum err session_file_size(
    const struct cfg *cfg, const char *id, int64_t *size_out, struct buf *err);

#endif
