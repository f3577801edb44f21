/*
 * O_TMPFILE, so that a worker killed in mid-upload leaves nothing behind;
 * where the file system has none (NFS), a named file that is unlinked on
 * failure. Locked before it has a name and for as long as the worker has not
 * decided about it: a file that is free and that no job needs is swept.
 */
#include "fcgi-app/spool.h"
#include "lib/base/path.h"
#include "lib/base/proc.h"
#include "lib/core/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void
choose_name(struct spool *s)
{
	char random[ID_RANDOM_LEN];

	ids_random(random);
	path_set(&s->path, "%s/spool/upload-%s", s->cfg->site.work_dir, random);
}

enum err
spool_open(struct spool *s, const struct cfg *cfg, struct buf *err)
{
	struct buf dir = BUF_INIT;
	enum err rc;

	memset(s, 0, sizeof(*s));
	buf_init(&s->path);
	s->cfg = cfg;
	path_set(&dir, "%s/spool", cfg->site.work_dir);
	s->fd = open(dir.ptr, O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
	if (s->fd < 0 && errno == ENOENT && !path_mkdirs(dir.ptr, NULL))
		s->fd = open(dir.ptr, O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
	if (s->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		choose_name(s);
		s->fd = open(
		    s->path.ptr, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640);
	}
	rc = s->fd < 0 ? err_set_errno(err, ERR_IO, "%s", dir.ptr)
		       : proc_lock_fd(s->fd, dir.ptr, err);
	s->digest = digest_new();
	buf_release(&dir);
	return rc;
}

enum err
spool_write(struct spool *s, const void *bytes, size_t len, struct buf *err)
{
	digest_update(s->digest, bytes, len);
	if (!path_write_all(s->fd, bytes, len))
		return err_set_errno(
		    err, ERR_IO, "writing %s/spool", s->cfg->site.work_dir);
	s->size += (int64_t)len;
	return ERR_OK;
}

/* One that had a name from the start may have lost it: its lock failed. */
static enum err
check_name(const struct spool *s, struct buf *err)
{
	struct stat st;

	return fstat(s->fd, &st) || !st.st_nlink
		   ? err_set(err, ERR_IO,
			 "%s was removed while it was received", s->path.ptr)
		   : ERR_OK;
}

static enum err
give_name(struct spool *s, struct buf *err)
{
	enum err rc = ERR_OK;

	(void)futimens(s->fd, NULL); /* its age counts from here */
	if (s->path.len)
		return check_name(s, err);
	choose_name(s);
	if (!path_link_fd(s->fd, s->path.ptr)) {
		rc = err_set_errno(err, ERR_IO, "%s", s->path.ptr);
		buf_reset(&s->path);
	}
	return rc;
}

void
spool_digest(struct spool *s, char hex[DIGEST_HEX_LEN])
{
	uint8_t sum[DIGEST_SHA256_LEN];

	digest_final(s->digest, sum);
	s->digest = NULL;
	digest_hex(sum, sizeof(sum), hex);
}

enum err
spool_publish(struct spool *s, char hex[DIGEST_HEX_LEN], struct buf *err)
{
	struct buf dir = BUF_INIT;
	enum err rc = ERR_OK;

	spool_digest(s, hex);
	if (fsync(s->fd))
		rc = err_set_errno(err, ERR_IO, "syncing an upload");
	if (!rc)
		rc = give_name(s, err);
	if (!rc)
		rc = path_sync_dir(path_parent(s->path.ptr, &dir), err);
	if (rc)
		spool_unpublish(s);
	buf_release(&dir);
	return rc;
}

void
spool_unpublish(struct spool *s)
{
	if (s->path.len)
		unlink(s->path.ptr);
	buf_reset(&s->path);
}

void
spool_release(struct spool *s)
{
	/* A digest that still runs: it was never published. */
	if (s->digest && s->path.len)
		spool_unpublish(s);
	if (s->digest)
		digest_free(s->digest);
	s->digest = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	buf_release(&s->path);
}
