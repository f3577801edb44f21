/*
 * bind() refuses an existing name, so the socket is bound beside it and
 * renamed over it. The newest scheduler on a host has the bell; an older one
 * still looks by itself every few seconds.
 */
#include "scheduler/doorbell.h"
#include "lib/base/path.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static enum err
set_address(struct sockaddr_un *a, const char *path, struct buf *err)
{
	size_t len = strlen(path);

	if (len >= sizeof(a->sun_path))
		return err_set(err, ERR_INVALID,
		    "the path %s has %zu bytes, a socket's may have %zu: "
		    "choose a shorter site.runtime_dir",
		    path, len, sizeof(a->sun_path) - 1);
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, len + 1);
	return ERR_OK;
}

enum err
doorbell_open(const char *runtime_dir, int *fd_out, struct buf *err)
{
	struct buf path = BUF_INIT, tmp = BUF_INIT;
	struct sockaddr_un a;
	enum err rc;
	int fd = -1;

	path_set(&path, "%s/doorbell", runtime_dir);
	path_set(&tmp, "%s/.bell.%d", runtime_dir, (int)getpid());
	rc = path_mkdirs(runtime_dir, err);
	if (!rc)
		rc = set_address(&a, tmp.ptr, err);
	if (rc)
		goto out;
	unlink(tmp.ptr);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    chmod(tmp.ptr, 0660) < 0 || rename(tmp.ptr, path.ptr) < 0) {
		rc = err_set_errno(
		    err, ERR_IO, "cannot make the doorbell %s", path.ptr);
		unlink(tmp.ptr);
		goto out;
	}
	*fd_out = fd;
	fd = -1;
out:
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	buf_release(&tmp);
	return rc;
}

size_t
doorbell_drain(int fd)
{
	char byte[16];
	size_t n = 0;

	while (recv(fd, byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

/* Does the name still lead to this socket? A connect to it tells. */
static bool
is_ours(int fd, const char *path)
{
	struct sockaddr_un a;
	bool ours = false;
	int probe;

	if (set_address(&a, path, NULL))
		return false;
	doorbell_drain(fd);
	probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (probe >= 0 && sendto(probe, "", 1, MSG_DONTWAIT,
			      (struct sockaddr *)&a, sizeof(a)) == 1)
		ours = doorbell_drain(fd) > 0;
	if (probe >= 0)
		close(probe);
	return ours;
}

void
doorbell_close(const char *runtime_dir, int *fd)
{
	struct buf path = BUF_INIT;

	if (*fd < 0)
		return;
	path_set(&path, "%s/doorbell", runtime_dir);
	if (is_ours(*fd, path.ptr))
		unlink(path.ptr);
	close(*fd);
	*fd = -1;
	buf_release(&path);
}
