/*
 * The folder appears by rename, so a reader never sees half of it. The index
 * file is written last only for the reader's eye: the rename is what counts.
 *
 * Names come from a task, which may be a program of somebody else's: each is
 * checked to be one path component before it becomes a path.
 */
#include "lib/model/model_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/model/model_index.h"

/* ---- writing ---- */

static bool
has_space(const char *s)
{
	return strpbrk(s, " \t\n") != NULL;
}

static enum err
check(const struct model_write *model, struct buf *err)
{
	size_t i;

	if (!path_is_component(model->module) || has_space(model->module))
		return err_set(
		    err, ERR_INVALID, "\"%s\" is no module", model->module);
	for (i = 0; i < model->n_buffers; i++) {
		const struct model_buffer *b = &model->buffers[i];

		if (!path_is_component(b->name) || has_space(b->name) ||
		    strcmp(b->name, MODEL_INDEX_FILE) == 0)
			return err_set(err, ERR_INVALID,
			    "\"%s\" cannot be the name of a model buffer",
			    b->name);
		if (model_message(b->message) == NULL)
			return err_set(err, ERR_INVALID,
			    "model buffer %s: \"%s\" is no known message",
			    b->name, b->message);
		if (b->len > MODEL_BUFFER_MAX)
			return err_set(err, ERR_INVALID,
			    "model buffer %s has %zu bytes, at most %zu are "
			    "kept",
			    b->name, b->len, MODEL_BUFFER_MAX);
	}
	return ERR_OK;
}

static void
print_index(const struct model_write *model, struct buf *out)
{
	size_t i;

	buf_addf(out, "%s\n", model->module);
	for (i = 0; i < model->n_buffers; i++)
		buf_addf(out, "%s %s\n", model->buffers[i].name,
		    model->buffers[i].message);
}

static enum err
write_files(const char *dir, const struct model_write *model, struct buf *err)
{
	struct buf path = BUF_INIT, index = BUF_INIT;
	enum err rc = ERR_OK;
	size_t i;

	if (mkdir(dir, 0750) < 0)
		rc = err_set_errno(
		    err, ERR_IO, "cannot make the folder %s", dir);
	for (i = 0; rc == ERR_OK && i < model->n_buffers; i++) {
		const struct model_buffer *b = &model->buffers[i];

		path_set(&path, "%s/%s", dir, b->name);
		rc = path_write_file(
		    path.ptr, b->bytes, b->len, PATH_DURABLE, err);
	}
	if (rc == ERR_OK) {
		print_index(model, &index);
		path_set(&path, "%s/" MODEL_INDEX_FILE, dir);
		rc = path_write_file(
		    path.ptr, index.ptr, index.len, PATH_DURABLE, err);
	}
	buf_release(&index);
	buf_release(&path);
	return rc;
}

static bool
file_is(const char *dir, const char *name, const void *bytes, size_t len)
{
	struct buf path = BUF_INIT, content = BUF_INIT;
	bool same;

	path_set(&path, "%s/%s", dir, name);
	same = path_read_file(path.ptr, MODEL_BUFFER_MAX, &content, NULL) ==
		   ERR_OK &&
	       content.len == len &&
	       (len == 0 || memcmp(content.ptr, bytes, len) == 0);
	buf_release(&content);
	buf_release(&path);
	return same;
}

static bool
holds_same(const char *dir, const struct model_write *model)
{
	struct buf index = BUF_INIT;
	bool same;
	size_t i;

	print_index(model, &index);
	same = file_is(dir, MODEL_INDEX_FILE, index.ptr, index.len);
	for (i = 0; same && i < model->n_buffers; i++)
		same = file_is(dir, model->buffers[i].name,
		    model->buffers[i].bytes, model->buffers[i].len);
	buf_release(&index);
	return same;
}

/* A folder that is not empty stops rename(), so nothing is overwritten. */
static enum err
publish(const char *from, const char *dir, const struct model_write *model,
    struct buf *err)
{
	struct buf parent = BUF_INIT;
	enum err rc = path_mkdirs(path_parent(dir, &parent), err);

	if (rc) {
		buf_release(&parent);
		return rc;
	}
	if (rename(from, dir) == 0)
		rc = path_sync_dir(parent.ptr, err);
	else if (errno != ENOTEMPTY && errno != EEXIST)
		rc = err_set_errno(
		    err, ERR_IO, "cannot rename %s to %s", from, dir);
	else if (!holds_same(dir, model))
		rc = err_set(
		    err, ERR_CONFLICT, "%s holds another model already", dir);
	buf_release(&parent);
	return rc;
}

enum err
model_dir_write(const char *dir, const char *scratch,
    const struct model_write *model, struct buf *err)
{
	enum err rc;

	rc = check(model, err);
	if (rc != ERR_OK)
		return rc;
	rc = path_remove_tree(scratch, err);
	if (rc == ERR_OK)
		rc = write_files(scratch, model, err);
	if (rc == ERR_OK)
		rc = publish(scratch, dir, model, err);
	path_remove_tree(scratch, NULL);
	return rc;
}

/* ---- reading ---- */

enum err
model_dir_read(const char *dir, const char *name, const char *message,
    ProtobufCMessage **out, struct buf *err)
{
	const ProtobufCMessageDescriptor *type = model_message(message);
	struct buf path = BUF_INIT, bytes = BUF_INIT;
	enum err rc;

	path_set(&path, "%s/%s", dir, name);
	if (type == NULL) {
		rc = err_set(err, ERR_INVALID, "%s: \"%s\" is no known message",
		    path.ptr, message);
		goto out;
	}
	rc = path_read_file(path.ptr, MODEL_BUFFER_MAX, &bytes, err);
	if (rc == ERR_OK)
		rc = model_unpack(type, bytes.ptr, bytes.len, out, err);
	if (rc == ERR_NOTFOUND)
		rc = ERR_INVALID; /* listed, yet gone */
out:
	buf_release(&bytes);
	buf_release(&path);
	return rc;
}

static enum err
buffer_to_json(const char *dir, const struct model_index_row *row, cJSON **out,
    struct buf *err)
{
	ProtobufCMessage *message = NULL;
	enum err rc =
	    model_dir_read(dir, row->buffer, row->message, &message, err);

	if (rc != ERR_OK)
		return rc;
	cJSON_Delete(*out);
	*out = model_to_json(message);
	protobuf_c_message_free_unpacked(message, NULL);
	return ERR_OK;
}

static bool
ends_with(const char *s, const char *tail)
{
	size_t len = strlen(s), n = strlen(tail);

	return len >= n && strcmp(s + len - n, tail) == 0;
}

static enum err
row_to_view(const char *dir, const struct model_index_row *row,
    struct model_view *view, struct buf *err)
{
	if (ends_with(row->buffer, "Meta"))
		return buffer_to_json(dir, row, &view->meta, err);
	if (ends_with(row->buffer, "Param"))
		return buffer_to_json(dir, row, &view->param, err);
	return ERR_OK;
}

enum err
model_dir_to_json(const char *dir, struct model_view *out, struct buf *err)
{
	struct model_index index;
	struct model_view view = {0};
	enum err rc = model_index_read(dir, &index, err);

	if (rc == ERR_OK)
		view.module = xstrdup(index.module);
	for (size_t i = 0; rc == ERR_OK && i < index.n_rows; i++)
		rc = row_to_view(dir, &index.rows[i], &view, err);
	if (rc == ERR_OK)
		*out = view;
	else
		model_view_release(&view);
	model_index_release(&index);
	return rc;
}

void
model_view_release(struct model_view *view)
{
	free(view->module);
	cJSON_Delete(view->meta);
	cJSON_Delete(view->param);
	*view = (struct model_view){0};
}
