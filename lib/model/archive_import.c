/*
 * Everything happens in a folder of its own below <work>/models/.incoming,
 * whose name nobody asks for; only what was found whole gets the model's name.
 * A writer that died leaves its folder, which a later one sweeps by its age.
 */
#include "lib/model/model_archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/path.h"
#include "lib/core/ids.h"
#include "lib/model/archive_zip.h"
#include "lib/model/model_check.h"
#include "lib/model/model_index.h"
#include "lib/model/model_tree.h"

#define STALE_S	      3600
#define PIPELINE_MAX  ((size_t)16 << 20)
#define CHECKED(name) MODEL_DEFINE_DIR "/" name

struct import {
	struct archive *zip;
	struct buf incoming; /* <work>/models/.incoming */
	struct buf scratch;  /* a folder in it */
	int64_t bytes_left;
	size_t n_buffers;
	struct define_meta meta;
};

/* ---- the folder ---- */

static void
sweep_stale(const char *incoming)
{
	DIR *d = opendir(incoming);
	struct buf path = BUF_INIT;
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		path_set(&path, "%s/%s", incoming, e->d_name);
		if (lstat(path.ptr, &st) == 0 &&
		    st.st_mtime < time(NULL) - STALE_S)
			(void)path_remove_tree(path.ptr, NULL);
	}
	if (d)
		closedir(d);
	buf_release(&path);
}

static enum err
make_scratch(struct import *in, const char *work_dir, struct buf *err)
{
	char name[ID_RANDOM_LEN];
	enum err rc;

	path_set(&in->incoming, "%s/models/.incoming", work_dir);
	rc = path_mkdirs(in->incoming.ptr, err);
	if (rc)
		return rc;
	sweep_stale(in->incoming.ptr);
	ids_random(name);
	path_set(&in->scratch, "%s/%s", in->incoming.ptr, name);
	return path_mkdirs(in->scratch.ptr, err);
}

/* ---- unpacking ---- */

static enum err
too_large(const struct import *in, const struct zip_entry *e, struct buf *err)
{
	if (in->bytes_left < 0)
		return err_set(err, ERR_INVALID,
		    "the archive unpacks to more than is taken "
		    "(api.model_limit)");
	return err_set(err, ERR_INVALID,
	    "the archive's entry \"%.200s\" has more than %lld bytes", e->name,
	    (long long)e->max_bytes);
}

static enum err
unpack_bytes(
    struct import *in, const struct zip_entry *e, int fd, struct buf *err)
{
	int64_t left = e->max_bytes;
	const void *bytes;
	const char *why;
	size_t len;
	la_int64_t at;
	int got;

	while ((got = archive_read_data_block(in->zip, &bytes, &len, &at)) ==
	       ARCHIVE_OK) {
		in->bytes_left -= (int64_t)len;
		left -= (int64_t)len;
		if (in->bytes_left < 0 || left < 0)
			return too_large(in, e, err);
		if (!path_write_all(fd, bytes, len))
			return err_set_errno(
			    err, ERR_IO, "unpacking into %s", in->scratch.ptr);
	}
	if (got == ARCHIVE_EOF)
		return ERR_OK;
	/* A wrong checksum is a mere warning to libarchive. */
	why = archive_error_string(in->zip);
	return err_set(err, ERR_INVALID,
	    "the archive's entry \"%.200s\" is damaged: %s", e->name,
	    why ? why : "?");
}

static enum err
unpack_file(struct import *in, const struct zip_entry *e, struct buf *err)
{
	struct buf path = BUF_INIT, parent = BUF_INIT;
	int fd = -1;
	enum err rc;

	path_set(&path, "%s/%s", in->scratch.ptr, e->place.ptr);
	rc = path_mkdirs(path_parent(path.ptr, &parent), err);
	if (rc)
		goto out;
	fd = open(path.ptr,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 && (errno == EEXIST || errno == EISDIR || errno == ENOTDIR))
		rc = err_set(err, ERR_INVALID,
		    "the archive holds \"%.200s\" more than once", e->name);
	else if (fd < 0)
		rc = err_set_errno(err, ERR_IO, "creating %s", path.ptr);
	else
		rc = unpack_bytes(in, e, fd, err);
	if (!rc && fsync(fd) < 0)
		rc = err_set_errno(err, ERR_IO, "syncing %s", path.ptr);
	in->n_buffers += e->kind == ZIP_BUFFER;
out:
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	buf_release(&parent);
	return rc;
}

static enum err
unpack(struct import *in, struct buf *err)
{
	struct zip_entry e = {.place = BUF_INIT};
	enum err rc;

	while (!(rc = zip_next(in->zip, &e, err)))
		if (e.kind != ZIP_FOLDER && (rc = unpack_file(in, &e, err)))
			break;
	buf_release(&e.place);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* ---- what was unpacked ---- */

static enum err
read_checked(struct import *in, const char *place, size_t limit,
    struct buf *out, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc;

	path_set(&path, "%s/%s", in->scratch.ptr, place);
	rc = path_read_file(path.ptr, limit, out, NULL);
	if (rc)
		rc = err_set(err, ERR_INVALID, "the archive has no %s",
		    strrchr(place, '/') + 1);
	buf_release(&path);
	return rc;
}

static enum err
check_meta(struct import *in, struct buf *err)
{
	struct buf text = BUF_INIT;
	enum err rc = read_checked(
	    in, CHECKED("define_meta.yaml"), DEFINE_META_MAX, &text, err);

	if (!rc)
		rc = define_meta_parse(text.ptr, text.len, &in->meta, err);
	buf_release(&text);
	return rc;
}

static enum err
check_buffer(struct import *in, const struct define_buffer *b, struct buf *err)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	enum err rc;

	model_tree_path(in->scratch.ptr, b, &path);
	rc = model_check_file(model_message(b->message), path.ptr, &why);
	if (rc == ERR_NOTFOUND)
		rc = err_set(err, ERR_INVALID,
		    "define_meta.yaml names the buffer %s of %s.%s, which is "
		    "not in the archive",
		    b->name, b->component, b->alias);
	else if (rc)
		err_set(err, rc, "buffer %s of %s.%s: %s", b->name,
		    b->component, b->alias, why.ptr);
	buf_release(&path);
	buf_release(&why);
	return rc;
}

static enum err
check_buffers(struct import *in, struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < in->meta.n_buffers; i++)
		rc = check_buffer(in, &in->meta.buffers[i], err);
	/* All that are named are there, so others must be what is more. */
	if (!rc && in->n_buffers != in->meta.n_buffers)
		rc = err_set(err, ERR_INVALID,
		    "the archive holds %zu buffers, define_meta.yaml names %zu",
		    in->n_buffers, in->meta.n_buffers);
	return rc;
}

/* There, called a Pipeline, and the same in both places. */
static enum err
check_pipeline(struct import *in, struct buf *err)
{
	const struct define_buffer *b = define_meta_find_buffer(
	    &in->meta, "pipeline", "pipeline", "Pipeline");
	struct buf outer = BUF_INIT, inner = BUF_INIT;
	enum err rc;

	if (!b || strcmp(b->message, "Pipeline") != 0)
		return err_set(err, ERR_INVALID,
		    "the archive has no pipeline: its training did not "
		    "finish");
	rc =
	    read_checked(in, CHECKED("pipeline.pb"), PIPELINE_MAX, &outer, err);
	if (!rc)
		rc = read_checked(in, "pipeline/pipeline/Pipeline",
		    PIPELINE_MAX, &inner, err);
	if (!rc && (outer.len != inner.len ||
		       memcmp(outer.ptr, inner.ptr, outer.len) != 0))
		rc = err_set(err, ERR_INVALID,
		    "pipeline.pb is not the pipeline in variables/data");
	buf_release(&outer);
	buf_release(&inner);
	return rc;
}

/* ---- publication ---- */

static enum err
sync_below(struct import *in, const char *place, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc;

	path_set(&path, "%s/%s", in->scratch.ptr, place);
	rc = path_exists(path.ptr) ? path_sync_dir(path.ptr, err) : ERR_OK;
	buf_release(&path);
	return rc;
}

/* The index of one folder: rows i up to the next folder's; moves *i. */
static enum err
write_index(struct import *in, size_t *i, struct buf *err)
{
	const struct define_buffer *first = &in->meta.buffers[*i], *b = first;
	const struct define_buffer *end = in->meta.buffers + in->meta.n_buffers;
	struct buf path = BUF_INIT, text = BUF_INIT;
	enum err rc;

	buf_addf(&text, "%s\n",
	    define_meta_find(&in->meta, first->component)->module);
	for (; b < end && !strcmp(b->component, first->component) &&
	       !strcmp(b->alias, first->alias);
	     b++)
		buf_addf(&text, "%s %s\n", b->name, b->message);
	*i = (size_t)(b - in->meta.buffers);
	path_set(&path, "%s/%s/%s/" MODEL_INDEX_FILE, in->scratch.ptr,
	    first->component, first->alias);
	rc = path_write_file(path.ptr, text.ptr, text.len, PATH_DURABLE, err);
	if (!rc)
		rc = sync_below(in, first->component, err);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

static enum err
finish(struct import *in, struct buf *err)
{
	static const char *const checked[] = {
	    CHECKED("define_meta.yaml"), CHECKED("pipeline.pb")};
	struct buf path = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < in->meta.n_buffers;)
		rc = write_index(in, &i, err);
	for (size_t i = 0; i < 2; i++) {
		path_set(&path, "%s/%s", in->scratch.ptr, checked[i]);
		(void)unlink(path.ptr);
	}
	if (!rc)
		rc = sync_below(in, CHECKED("proto"), err);
	if (!rc)
		rc = sync_below(in, MODEL_DEFINE_DIR, err);
	if (!rc)
		rc = path_sync_dir(in->scratch.ptr, err);
	buf_release(&path);
	return rc;
}

/* A folder that is not empty stops rename(), so nothing is overwritten. */
static enum err
publish(struct import *in, const char *root, struct buf *err)
{
	struct buf parent = BUF_INIT;
	enum err rc = path_mkdirs(path_parent(root, &parent), err);

	if (!rc && rename(in->scratch.ptr, root) < 0) {
		rc = errno == ENOTEMPTY || errno == EEXIST
			 ? ERR_CONFLICT
			 : err_set_errno(
			       err, ERR_IO, "cannot rename to %s", root);
	} else if (!rc) {
		rc = path_sync_dir(parent.ptr, err);
	}
	buf_release(&parent);
	return rc;
}

static enum err
import(struct import *in, const char *root, struct buf *err)
{
	enum err rc = unpack(in, err);

	if (!rc)
		rc = check_meta(in, err);
	if (!rc)
		rc = check_buffers(in, err);
	if (!rc)
		rc = check_pipeline(in, err);
	if (!rc)
		rc = finish(in, err);
	return rc ? rc : publish(in, root, err);
}

enum err
model_archive_import(
    const struct model_ref *m, int fd, int64_t max_bytes, struct buf *err)
{
	struct import in = {.bytes_left = max_bytes};
	struct buf root = BUF_INIT;
	struct zip_locale locale;
	enum err rc = model_path_root(m, &root, err);

	zip_locale_begin(&locale);
	buf_init(&in.incoming);
	buf_init(&in.scratch);
	if (!rc && path_exists(root.ptr))
		rc = ERR_CONFLICT;
	if (!rc)
		rc = zip_open(fd, &in.zip, err);
	if (!rc)
		rc = make_scratch(&in, m->work_dir, err);
	if (!rc)
		rc = import(&in, root.ptr, err);
	if (rc && in.scratch.len)
		(void)path_remove_tree(in.scratch.ptr, NULL);
	if (in.zip)
		archive_read_free(in.zip);
	zip_locale_end(&locale);
	define_meta_release(&in.meta);
	buf_release(&in.incoming);
	buf_release(&in.scratch);
	buf_release(&root);
	return rc;
}
