#include "lib/base/below.h"
#include "lib/base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Cuts names off `whole`, which go before `rest`, until it exists. */
static char *
resolve_existing(struct buf *whole, struct buf *rest)
{
	struct buf longer = BUF_INIT;
	char *real;

	while (!(real = realpath(whole->ptr, NULL)) && errno == ENOENT) {
		const char *slash = strrchr(whole->ptr, '/');

		if (!slash || !path_is_component(slash + 1))
			break;
		path_set(&longer, "%s%s", slash, rest->ptr);
		path_set(rest, "%s", longer.ptr);
		buf_truncate(whole, (size_t)(slash - whole->ptr));
		if (!whole->len)
			buf_adds(whole, "/");
	}
	buf_release(&longer);
	return real;
}

static bool
is_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	return !strncmp(path, root, len) && path[len] == '/' && path[len + 1];
}

bool
below_resolve(const char *root, const char *path, struct buf *root_out,
    struct buf *path_out)
{
	struct buf whole = BUF_INIT, rest = BUF_INIT;
	char *real_root = realpath(root, NULL), *real = NULL;
	bool is_relative = *path != '/', ok = false;

	if (!real_root)
		goto out;
	path_set(&whole, "%s%s%s", is_relative ? root : "",
	    is_relative ? "/" : "", path);
	real = resolve_existing(&whole, &rest);
	if (!real)
		goto out;
	path_set(root_out, "%s", real_root);
	path_set(path_out, "%s%s", strcmp(real, "/") ? real : "", rest.ptr);
	ok = is_below(path_out->ptr, root_out->ptr);
out:
	free(real_root);
	free(real);
	buf_release(&whole);
	buf_release(&rest);
	return ok;
}

static int
open_folder(int at, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at, name, flags);

	if (fd < 0 && errno == ENOENT &&
	    (!mkdirat(at, name, 0750) || errno == EEXIST))
		fd = openat(at, name, flags);
	return fd;
}

enum err
below_open_folder(const char *root, const char *path, int *dir_fd_out,
    const char **name_out, struct buf *err)
{
	const char *at = path + strlen(root) + 1, *slash;
	char name[NAME_MAX + 1];
	int fd = -1, next;

	*dir_fd_out = -1;
	if (!is_below(path, root))
		return err_set(
		    err, ERR_DENIED, "'%s' does not lie below %s", path, root);
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (; fd >= 0 && (slash = strchr(at, '/')) != NULL; at = slash + 1) {
		size_t len = (size_t)(slash - at);

		snprintf(name, sizeof(name), "%.*s",
		    len < sizeof(name) ? (int)len : 0, at);
		errno = EINVAL;
		next = path_is_component(name) ? open_folder(fd, name) : -1;
		close(fd);
		fd = next;
	}
	if (fd < 0)
		return err_set_errno(err, ERR_DENIED,
		    "the folder of '%s' cannot be opened without following a "
		    "link",
		    path);
	*dir_fd_out = fd;
	*name_out = at;
	return ERR_OK;
}
