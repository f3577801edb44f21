#include "lib/base/path.h"
#include "lib/base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LEN_MAX   255
#define MAKE_AGAIN_MAX 100

const char *
path_set(struct buf *out, const char *fmt, ...)
{
	va_list ap;

	buf_reset(out);
	va_start(ap, fmt);
	buf_vaddf(out, fmt, ap);
	va_end(ap);
	return out->ptr;
}

bool
path_is_component(const char *s)
{
	size_t len = strlen(s);

	if (!len || len > NAME_LEN_MAX || !strcmp(s, ".") || !strcmp(s, ".."))
		return false;
	for (; *s; s++)
		if (*s == '/' || iscntrl((unsigned char)*s))
			return false;
	return true;
}

enum err
path_mkdirs_below(const char *base, const char *path, struct buf *err)
{
	struct buf part = BUF_INIT;
	const char *p = path + strlen(base);
	int n_again = MAKE_AGAIN_MAX;
	enum err rc = ERR_OK;

	buf_adds(&part, base);
	while (!rc && *p) {
		size_t n = strcspn(p + 1, "/") + 1;

		buf_add(&part, p, n);
		p += n;
		if (mkdir(part.ptr, 0750) == 0 || errno == EEXIST)
			continue;
		if (errno == ENOENT && (!*base || path_exists(base)) &&
		    n_again-- > 0) {
			buf_truncate(&part, strlen(base));
			p = path + strlen(base);
			continue;
		}
		rc = errno == ENOENT && *base
			 ? err_set(
			       err, ERR_NOTFOUND, "the folder %s is gone", base)
			 : err_set_errno(err, ERR_IO,
			       "cannot make the folder %s", part.ptr);
	}
	buf_release(&part);
	return rc;
}

enum err
path_mkdirs(const char *path, struct buf *err)
{
	return path_mkdirs_below("", path, err);
}

static enum err
read_all(
    int fd, size_t limit, const char *path, struct buf *out, struct buf *err)
{
	for (;;) {
		ssize_t n;

		buf_reserve(out, 65536);
		n = read(fd, out->ptr + out->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(
			    err, ERR_IO, "cannot read %s", path);
		if (n == 0)
			return ERR_OK;
		out->len += (size_t)n;
		out->ptr[out->len] = '\0';
		if (out->len > limit)
			return err_set(err, ERR_INVALID,
			    "%s has more than %zu bytes", path, limit);
	}
}

enum err
path_read_file(const char *path, size_t limit, struct buf *out, struct buf *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	enum err rc;

	if (fd < 0)
		return err_set_errno(err,
		    errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "cannot open %s",
		    path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		rc = err_set(err, ERR_INVALID, "%s is not a file", path);
	else
		rc = read_all(fd, limit, path, out, err);
	close(fd);
	return rc;
}

bool
path_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

enum err
path_sync_dir(const char *path, struct buf *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err rc = ERR_OK;

	if (fd < 0 || fsync(fd) < 0)
		rc = err_set_errno(err, ERR_IO, "cannot sync %s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

const char *
path_parent(const char *path, struct buf *out)
{
	const char *slash = strrchr(path, '/');

	buf_reset(out);
	if (!slash)
		buf_adds(out, ".");
	else if (slash == path)
		buf_adds(out, "/");
	else
		buf_add(out, path, (size_t)(slash - path));
	return out->ptr;
}

bool
path_link_fd(int fd, const char *path)
{
	char own[64];

	snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

/* Nameless until it is whole; false where that cannot be, and no file. */
static bool
write_nameless(const char *path, const void *data, size_t len, bool is_durable)
{
	struct buf dir = BUF_INIT;
	int fd = open(
	    path_parent(path, &dir), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640);
	bool is_done = fd >= 0 && path_write_all(fd, data, len) &&
		       (!is_durable || fsync(fd) == 0) &&
		       path_link_fd(fd, path);

	if (fd >= 0)
		close(fd);
	buf_release(&dir);
	return is_done;
}

static enum err
write_beside(const char *path, const void *data, size_t len,
    enum path_durability durability, struct buf *err)
{
	struct buf tmp = BUF_INIT;
	enum err rc = ERR_OK;
	int fd;

	buf_addf(&tmp, "%s.%d.tmp", path, (int)getpid());
	fd =
	    open(tmp.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		durability == PATH_PRIVATE ? 0600 : 0640);
	if (fd < 0) {
		rc = err_set_errno(err, ERR_IO, "cannot create %s", tmp.ptr);
		goto out;
	}
	if (!path_write_all(fd, data, len) ||
	    (durability == PATH_DURABLE && fsync(fd) < 0))
		rc = err_set_errno(err, ERR_IO, "cannot write %s", path);
	close(fd);
	if (!rc && rename(tmp.ptr, path) < 0)
		rc = err_set_errno(err, ERR_IO, "cannot rename to %s", path);
	if (rc)
		unlink(tmp.ptr);
out:
	buf_release(&tmp);
	return rc;
}

enum err
path_write_file(const char *path, const void *data, size_t len,
    enum path_durability durability, struct buf *err)
{
	bool is_durable = durability == PATH_DURABLE;
	bool is_done = (is_durable || durability == PATH_ONCE) &&
		       !path_exists(path) &&
		       write_nameless(path, data, len, is_durable);
	struct buf dir = BUF_INIT;
	enum err rc =
	    is_done ? ERR_OK : write_beside(path, data, len, durability, err);

	if (!rc && is_durable)
		rc = path_sync_dir(path_parent(path, &dir), err);
	buf_release(&dir);
	return rc;
}

static int
remove_entry(
    const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

enum err
path_remove_tree(const char *path, struct buf *err)
{
	int flags = FTW_DEPTH | FTW_PHYS | FTW_MOUNT;

	if (nftw(path, remove_entry, 16, flags) < 0 && errno != ENOENT)
		return err_set_errno(err, ERR_IO, "cannot remove %s", path);
	return ERR_OK;
}

bool
path_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}
