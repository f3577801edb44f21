/*
 * The length of the file is the truth about how far an upload has come, so
 * there is nothing else to keep in step with it. The lock is the open file's:
 * it goes with a worker that is killed, and lasts while one that was cut off
 * still writes.
 */
#include "fcgi-app/session_file.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/base/proc.h"
#include "lib/store/upload_session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK	   ((size_t)256 << 10)
#define LOCK_TRIES 20
#define LOCK_MS	   50

/* The request before may have been cut off just now and still be ending. */
static enum err
lock_patiently(struct session_file *f, struct buf *err)
{
	struct buf why = BUF_INIT;
	enum err rc = ERR_BUSY;

	for (int i = 0; rc == ERR_BUSY && i < LOCK_TRIES; i++) {
		if (i)
			poll(NULL, 0, LOCK_MS);
		buf_reset(&why);
		rc = proc_lock(f->path.ptr, &f->fd, &why);
	}
	if (rc)
		buf_adds(err, why.ptr);
	buf_release(&why);
	return rc;
}

enum err
session_file_open(struct session_file *f, const struct cfg *cfg, const char *id,
    struct buf *err)
{
	struct stat st;
	enum err rc;

	f->fd = -1;
	buf_init(&f->path);
	upload_session_path(cfg->site.work_dir, id, &f->path);
	rc = lock_patiently(f, err);
	if (rc)
		return rc;
	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode))
		return err_set(
		    err, ERR_IO, "%s is no regular file", f->path.ptr);
	f->size = st.st_size;
	return ERR_OK;
}

enum err
session_file_append(
    struct session_file *f, const void *bytes, size_t len, struct buf *err)
{
	const char *p = bytes;

	while (len) {
		ssize_t n = pwrite(f->fd, p, len, f->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(
			    err, ERR_IO, "writing %s", f->path.ptr);
		p += n;
		len -= (size_t)n;
		f->size += n;
	}
	return ERR_OK;
}

enum err
session_file_sync(struct session_file *f, struct buf *err)
{
	struct buf dir = BUF_INIT;
	enum err rc = ERR_OK;

	if (fdatasync(f->fd))
		rc = err_set_errno(err, ERR_IO, "syncing %s", f->path.ptr);
	if (!rc)
		rc = path_sync_dir(path_parent(f->path.ptr, &dir), err);
	buf_release(&dir);
	return rc;
}

enum err
session_file_truncate(struct session_file *f, struct buf *err)
{
	if (ftruncate(f->fd, 0))
		return err_set_errno(err, ERR_IO, "emptying %s", f->path.ptr);
	f->size = 0;
	return session_file_sync(f, err);
}

enum err
session_file_digest(
    struct session_file *f, char hex[DIGEST_HEX_LEN], struct buf *err)
{
	struct digest *d = digest_new();
	uint8_t sum[DIGEST_SHA256_LEN];
	char *chunk = xmalloc(CHUNK);
	int64_t at = 0;
	ssize_t n;

	while ((n = pread(f->fd, chunk, CHUNK, at)) > 0 ||
	       (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		digest_update(d, chunk, (size_t)n);
		at += n;
	}
	digest_final(d, sum);
	digest_hex(sum, sizeof(sum), hex);
	free(chunk);
	if (n < 0)
		return err_set_errno(err, ERR_IO, "reading %s", f->path.ptr);
	return ERR_OK;
}

void
session_file_close(struct session_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	buf_release(&f->path);
}

enum err
session_file_size(
    const struct cfg *cfg, const char *id, int64_t *size_out, struct buf *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	enum err rc = ERR_OK;
	int fd;

	*size_out = 0;
	upload_session_path(cfg->site.work_dir, id, &path);
	fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		goto out;
	/* The length first: what comes in meanwhile is not synced. */
	if (fd < 0 || fstat(fd, &st) || fdatasync(fd))
		rc = err_set_errno(err, ERR_IO, "cannot read %s", path.ptr);
	else
		*size_out = st.st_size;
	close(fd);
out:
	buf_release(&path);
	return rc;
}
