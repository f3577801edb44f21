/*
 * Files go to a scratch folder beside the real one first. When there is no
 * real one yet, the scratch folder becomes it; else each file is renamed into
 * it.
 */
#include "cli/unpack.h"
#include "cli/interrupt.h"
#include "lib/base/path.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BLOCK	     65536
#define PATH_LEN_MAX 1024
#define DEPTH_MAX    16

struct unpacking {
	struct archive *in;
	struct buf scratch;
	struct buf names; /* of the files, each with its NUL */
	int n;
};

/* Relative, and each part of it a plain name. */
static bool
is_safe(const char *path)
{
	char part[PATH_LEN_MAX];
	int depth = 0;

	if (strlen(path) >= PATH_LEN_MAX)
		return false;
	for (const char *p = path;; p++) {
		size_t n = strcspn(p, "/");

		memcpy(part, p, n);
		part[n] = '\0';
		if (!path_is_component(part) || ++depth > DEPTH_MAX)
			return false;
		p += n;
		if (!*p)
			return true;
	}
}

static enum err
copy_data(struct archive *in, int fd, const char *path, struct buf *err)
{
	char block[BLOCK];
	la_ssize_t n;

	while ((n = archive_read_data(in, block, sizeof(block))) > 0) {
		if (interrupt_seen())
			return err_set(err, ERR_IO, "interrupted");
		if (!path_write_all(fd, block, (size_t)n))
			return err_set_errno(
			    err, ERR_IO, "cannot write %s", path);
	}
	if (n < 0)
		return err_set(err, ERR_INVALID, "the archive is damaged: %s",
		    archive_error_string(in));
	return ERR_OK;
}

static enum err
copy_entry(struct unpacking *u, const char *name, struct buf *err)
{
	struct buf path = BUF_INIT, folder = BUF_INIT;
	enum err rc;
	int fd = -1;

	path_set(&path, "%s/%s", u->scratch.ptr, name);
	rc = path_mkdirs(path_parent(path.ptr, &folder), err);
	if (rc)
		goto out;
	fd = open(path.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0 && errno == EEXIST)
		rc = err_set(err, ERR_DENIED, "the archive has %s twice", name);
	else if (fd < 0)
		rc = err_set_errno(err, ERR_IO, "cannot write %s", path.ptr);
	else
		rc = copy_data(u->in, fd, path.ptr, err);
	if (fd >= 0 && close(fd) < 0 && !rc)
		rc = err_set_errno(err, ERR_IO, "cannot write %s", path.ptr);
	buf_add(&u->names, name, strlen(name) + 1);
	u->n++;
out:
	buf_release(&path);
	buf_release(&folder);
	return rc;
}

static enum err
take_entry(struct unpacking *u, struct archive_entry *entry, struct buf *err)
{
	const char *name = archive_entry_pathname(entry);

	if (name && archive_entry_filetype(entry) == AE_IFDIR)
		return ERR_OK; /* made by the files in it */
	if (!name || !is_safe(name))
		return err_set(err, ERR_DENIED,
		    "the archive holds a path that leaves its folder; nothing "
		    "was unpacked");
	if (archive_entry_filetype(entry) != AE_IFREG ||
	    archive_entry_hardlink(entry))
		return err_set(err, ERR_DENIED,
		    "the archive holds %s, which is no regular file; nothing "
		    "was unpacked",
		    name);
	return copy_entry(u, name, err);
}

static enum err
read_all(struct unpacking *u, const char *archive, struct buf *err)
{
	struct archive_entry *entry;
	enum err rc = ERR_OK;
	int got;

	archive_read_support_format_tar(u->in);
	archive_read_support_filter_gzip(u->in);
	if (archive_read_open_filename(u->in, archive, BLOCK) != ARCHIVE_OK)
		return err_set(err, ERR_INVALID, "it is no archive");
	while ((got = archive_read_next_header(u->in, &entry)) == ARCHIVE_OK) {
		rc = take_entry(u, entry, err);
		if (rc)
			return rc;
	}
	if (got != ARCHIVE_EOF)
		return err_set(err, ERR_INVALID, "the archive is damaged: %s",
		    archive_error_string(u->in));
	return ERR_OK;
}

static enum err
publish(const struct unpacking *u, const char *folder, struct buf *err)
{
	struct buf from = BUF_INIT, to = BUF_INIT, parent = BUF_INIT;
	const char *name = u->names.ptr;
	enum err rc = ERR_OK;

	if (rename(u->scratch.ptr, folder) == 0)
		return ERR_OK;
	for (int i = 0; !rc && i < u->n; i++, name += strlen(name) + 1) {
		path_set(&from, "%s/%s", u->scratch.ptr, name);
		path_set(&to, "%s/%s", folder, name);
		rc = path_mkdirs(path_parent(to.ptr, &parent), err);
		if (!rc && rename(from.ptr, to.ptr) < 0)
			rc = err_set_errno(
			    err, ERR_IO, "cannot write %s", to.ptr);
	}
	buf_release(&from);
	buf_release(&to);
	buf_release(&parent);
	return rc;
}

enum err
unpack(const char *archive, const char *folder, int *n_out, struct buf *err)
{
	struct unpacking u = {
	    .in = archive_read_new(), .scratch = BUF_INIT, .names = BUF_INIT};
	enum err rc;

	buf_addf(&u.scratch, "%s.fateflow-%d", folder, (int)getpid());
	path_remove_tree(u.scratch.ptr, NULL);
	rc = path_mkdirs(u.scratch.ptr, err);
	if (!rc)
		rc = read_all(&u, archive, err);
	if (!rc && !u.n)
		rc = err_set(err, ERR_NOTFOUND, "the archive is empty");
	if (!rc)
		rc = publish(&u, folder, err);
	path_remove_tree(u.scratch.ptr, NULL);
	archive_read_free(u.in);
	*n_out = u.n;
	buf_release(&u.scratch);
	buf_release(&u.names);
	return rc;
}
