/*
 * Entries in the order of FATE's writer: what is above comes before what is
 * below. Times are constant, so that an archive is a function of the model.
 */
#include "lib/model/model_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/model/archive_zip.h"
#include "lib/model/model_tree.h"

#define CHUNK	   65536
#define ENTRY_TIME 1577836800 /* 2020-01-01 UTC */

struct writer {
	const char *root;
	const struct define_meta *meta;
	const struct model_sink *sink;
	struct archive *zip;
	struct archive_entry *entry;
	char *chunk;
	bool is_over; /* it failed: nothing more goes out */
};

static la_ssize_t
on_write(struct archive *a, void *arg, const void *bytes, size_t len)
{
	struct writer *w = arg;

	if (!w->is_over && w->sink->write(w->sink->arg, bytes, len))
		return (la_ssize_t)len;
	archive_set_error(a, EPIPE, "the receiver is gone");
	return -1;
}

static enum err
fail(struct writer *w, const char *name, struct buf *err)
{
	const char *why = archive_error_string(w->zip);

	return err_set(err, ERR_IO, "cannot write %s to the archive: %s", name,
	    why ? why : "?");
}

/* `size` -1: a folder. */
static enum err
add_entry(struct writer *w, const char *name, int64_t size, struct buf *err)
{
	archive_entry_clear(w->entry);
	archive_entry_set_pathname_utf8(w->entry, name);
	archive_entry_set_mtime(w->entry, ENTRY_TIME, 0);
	archive_entry_set_filetype(w->entry, size < 0 ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(w->entry, size < 0 ? 0755 : 0644);
	archive_entry_set_size(w->entry, size < 0 ? 0 : size);
	if (archive_write_header(w->zip, w->entry) != ARCHIVE_OK)
		return fail(w, name, err);
	return ERR_OK;
}

static enum err
add_bytes(struct writer *w, const char *name, const void *bytes, size_t len,
    struct buf *err)
{
	enum err rc = add_entry(w, name, (int64_t)len, err);

	if (!rc && archive_write_data(w->zip, bytes, len) != (la_ssize_t)len)
		rc = fail(w, name, err);
	return rc;
}

static enum err
copy(struct writer *w, const char *name, int fd, struct buf *err)
{
	ssize_t n;

	while ((n = read(fd, w->chunk, CHUNK)) > 0)
		if (archive_write_data(w->zip, w->chunk, (size_t)n) != n)
			return fail(w, name, err);
	return n < 0 ? err_set_errno(err, ERR_IO, "reading %s", name) : ERR_OK;
}

static enum err
add_file(struct writer *w, const char *name, const char *path, struct buf *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	enum err rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		rc = err_set_errno(err, ERR_IO, "%s", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(err, ERR_INVALID, "%s is not a file", path);
	else
		rc = add_entry(w, name, st.st_size, err);
	if (!rc)
		rc = copy(w, name, fd, err);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- definitions ---- */

static int
is_proto(const struct dirent *e)
{
	return define_meta_is_name(e->d_name);
}

static enum err
add_kept_protos(struct writer *w, const char *dir, struct dirent **names, int n,
    struct buf *err)
{
	struct buf name = BUF_INIT, path = BUF_INIT;
	enum err rc = ERR_OK;

	for (int i = 0; !rc && i < n; i++) {
		path_set(&name, "define/proto/%s", names[i]->d_name);
		path_set(&path, "%s/%s", dir, names[i]->d_name);
		rc = add_file(w, name.ptr, path.ptr, err);
	}
	buf_release(&name);
	buf_release(&path);
	return rc;
}

static enum err
add_own_protos(struct writer *w, struct buf *err)
{
	struct buf name = BUF_INIT;
	enum err rc = ERR_OK;

	for (const struct embed_file *f = model_protos; !rc && f->name; f++) {
		path_set(&name, "define/proto/%s", f->name);
		rc = add_bytes(w, name.ptr, f->text, f->len, err);
	}
	buf_release(&name);
	return rc;
}

/* Those that the model came with, else our own. */
static enum err
add_protos(struct writer *w, struct buf *err)
{
	struct buf dir = BUF_INIT;
	struct dirent **names = NULL;
	int n;
	enum err rc;

	path_set(&dir, "%s/" MODEL_DEFINE_DIR "/proto", w->root);
	n = scandir(dir.ptr, &names, is_proto, alphasort);
	rc = n > 0 ? add_kept_protos(w, dir.ptr, names, n, err)
		   : add_own_protos(w, err);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	buf_release(&dir);
	return rc;
}

static enum err
add_meta(struct writer *w, struct buf *err)
{
	struct buf text = BUF_INIT;
	enum err rc;

	define_meta_print(w->meta, &text);
	rc = add_bytes(w, "define/define_meta.yaml", text.ptr, text.len, err);
	buf_release(&text);
	return rc;
}

/* ---- buffers ---- */

static enum err
add_folders(struct writer *w, struct buf *err)
{
	struct buf name = BUF_INIT;
	const struct define_buffer *b = w->meta->buffers;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < w->meta->n_buffers; i++) {
		if (i && !strcmp(b[i].component, b[i - 1].component))
			continue;
		path_set(&name, "variables/data/%s/", b[i].component);
		rc = add_entry(w, name.ptr, -1, err);
	}
	buf_release(&name);
	return rc;
}

static enum err
add_buffers(struct writer *w, struct buf *err)
{
	struct buf name = BUF_INIT, path = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < w->meta->n_buffers; i++) {
		const struct define_buffer *b = &w->meta->buffers[i];

		path_set(
		    &name, "variables/data/%s/%s/", b->component, b->alias);
		if (!i || strcmp(b->component, b[-1].component) != 0 ||
		    strcmp(b->alias, b[-1].alias) != 0)
			rc = add_entry(w, name.ptr, -1, err);
		buf_adds(&name, b->name);
		model_tree_path(w->root, b, &path);
		if (!rc)
			rc = add_file(w, name.ptr, path.ptr, err);
	}
	buf_release(&name);
	buf_release(&path);
	return rc;
}

static enum err
add_pipeline(struct writer *w, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc;

	path_set(&path, "%s/pipeline/pipeline/Pipeline", w->root);
	rc = add_file(w, "pipeline.pb", path.ptr, err);
	buf_release(&path);
	return rc;
}

static enum err
write_all(struct writer *w, struct buf *err)
{
	static const struct {
		const char *folder; /* NULL: call */
		enum err (*add)(struct writer *w, struct buf *err);
	} steps[] = {{"define/", NULL}, {"variables/", NULL},
	    {NULL, add_pipeline}, {"define/proto/", NULL}, {NULL, add_meta},
	    {NULL, add_protos}, {"variables/data/", NULL},
	    {"variables/index/", NULL}, {NULL, add_folders},
	    {NULL, add_buffers}};
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < ARRAY_LEN(steps); i++)
		rc = steps[i].add ? steps[i].add(w, err)
				  : add_entry(w, steps[i].folder, -1, err);
	return rc;
}

enum err
model_archive_write(const char *root, const struct define_meta *meta,
    const struct model_sink *sink, struct buf *err)
{
	struct writer w = {.root = root, .meta = meta, .sink = sink};
	struct zip_locale locale;
	enum err rc = ERR_OK;

	zip_locale_begin(&locale);
	w.zip = archive_write_new();
	w.entry = archive_entry_new();
	w.chunk = xmalloc(CHUNK);
	if (archive_write_set_format_zip(w.zip) != ARCHIVE_OK ||
	    archive_write_set_options(w.zip,
		"compression=deflate,"
		"hdrcharset=UTF-8") < ARCHIVE_WARN ||
	    archive_write_set_bytes_in_last_block(w.zip, 1) != ARCHIVE_OK ||
	    archive_write_open(w.zip, &w, NULL, on_write, NULL) != ARCHIVE_OK)
		rc = fail(&w, "the head", err);
	if (!rc)
		rc = write_all(&w, err);
	/* A failed archive gets no directory at its end; it is closed all the
	 * same, because libarchive forgets its buffer otherwise. */
	w.is_over = rc != ERR_OK;
	if (archive_write_close(w.zip) != ARCHIVE_OK && !rc)
		rc = fail(&w, "the end", err);
	archive_write_free(w.zip);
	zip_locale_end(&locale);
	archive_entry_free(w.entry);
	free(w.chunk);
	return rc;
}
