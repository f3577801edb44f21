/*
 * POST /v1/model/transfer: FATE-Serving fetches a model, buffer by buffer in
 * base64. The answer goes out while the files are read.
 */
#include "fcgi-app/app.h"
#include "lib/base/base64.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/core/ids.h"
#include "lib/model/model_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK 49152 /* a multiple of three */

static enum err
send_file(const char *path, struct reply *rp, struct buf *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *chunk = xmalloc(CHUNK);
	struct buf text = BUF_INIT;
	size_t len = 0;
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, chunk + len, CHUNK - len)) > 0) {
		len += (size_t)n;
		if (len < CHUNK)
			continue;
		buf_reset(&text);
		base64_add(&text, chunk, len);
		reply_bytes(rp, text.ptr, text.len);
		len = 0;
	}
	buf_reset(&text);
	base64_add(&text, chunk, len);
	reply_bytes(rp, text.ptr, text.len);
	if (n < 0)
		err_set_errno(err, ERR_IO, "%s", path);
	if (fd >= 0)
		close(fd);
	free(chunk);
	buf_release(&text);
	return n < 0 ? ERR_IO : ERR_OK;
}

static enum err
send_buffers(const char *root, const struct define_meta *meta, struct reply *rp,
    struct buf *err)
{
	struct buf text = BUF_INIT, key = BUF_INIT, path = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < meta->n_buffers; i++) {
		const struct define_buffer *b = &meta->buffers[i];

		buf_reset(&key);
		buf_addf(&key, "%s.%s:%s", b->component, b->alias, b->name);
		buf_reset(&text);
		buf_adds(&text, i ? "," : "");
		json_print_str(key.ptr, true, &text);
		buf_adds(&text, ":\"");
		reply_bytes(rp, text.ptr, text.len);
		rc = send_file(model_tree_path(root, b, &path), rp, err);
		reply_bytes(rp, "\"", 1);
	}
	buf_release(&text);
	buf_release(&key);
	buf_release(&path);
	return rc;
}

static enum err
transfer(const struct model_ref *m, const char *name_space, struct reply *rp,
    struct buf *err)
{
	struct buf root = BUF_INIT, why = BUF_INIT;
	struct define_meta meta = {0};
	enum err rc = model_path_root(m, &root, err);

	if (!rc)
		rc = model_tree_read(root.ptr, &meta, err);
	if (rc == ERR_NOTFOUND) {
		rc = reply_say(rp, 100, "Can not found %s %s model local cache",
		    name_space, m->version);
	} else if (!rc) {
		reply_open(rp);
		/* An answer that breaks off stays open on purpose. */
		if (send_buffers(root.ptr, &meta, rp, &why))
			log_error("transfer of %s %s broken off: %s",
			    name_space, m->version, why.ptr);
		else
			reply_close(rp);
	}
	define_meta_release(&meta);
	buf_release(&root);
	buf_release(&why);
	return rc;
}

enum err
model_transfer(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct model_ref m = {.work_dir = app->cfg->site.work_dir};
	const char *name_space =
	    json_in_str(&in, "namespace", JSON_REQUIRED, 600);
	char *parts;
	enum err rc;

	m.version = json_in_str(&in, "name", JSON_REQUIRED, 200);
	rc = json_in_done(&in, err);
	if (rc)
		return rc;
	parts = xstrdup(name_space);
	rc = model_tree_split(parts, &m, err);
	if (!rc)
		rc = transfer(&m, name_space, rp, err);
	free(parts);
	return rc;
}
