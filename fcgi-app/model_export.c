/*
 * GET (or POST) /v1/model/export: the archive goes out while it is made. What
 * fails after its first byte leaves it without its end, which every reader of
 * zip archives notices.
 */
#include "fcgi-app/model_form.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/model/model_archive.h"
#include "lib/model/model_tree.h"

static bool
send_bytes(void *arg, const void *bytes, size_t len)
{
	struct reply *rp = arg;

	reply_bytes(rp, bytes, len);
	return !rp->is_broken;
}

/* The folder's own name: that of a model id that is no file name is short. */
static void
add_name(const struct model_form *f, struct buf *out)
{
	struct buf parent = BUF_INIT;
	const char *slash;

	path_parent(f->root.ptr, &parent);
	slash = strrchr(parent.ptr, '/');
	buf_addf(
	    out, "attachment; filename=%s_%s.zip", slash + 1, f->model.version);
	buf_release(&parent);
}

static enum err
send(const struct model_form *f, struct reply *rp, struct buf *err)
{
	struct model_sink sink = {send_bytes, rp};
	struct define_meta meta = {0};
	struct buf disposition = BUF_INIT, why = BUF_INIT;
	enum err rc = model_tree_read(f->root.ptr, &meta, err);

	if (rc == ERR_NOTFOUND)
		return model_form_missing(f, rp);
	if (rc)
		return rc;
	add_name(f, &disposition);
	reply_head(rp, "application/zip", disposition.ptr);
	if (model_archive_write(f->root.ptr, &meta, &sink, &why))
		log_error("export of %s %s broken off: %s", f->party_model.ptr,
		    f->model.version, why.ptr);
	define_meta_release(&meta);
	buf_release(&disposition);
	buf_release(&why);
	return ERR_OK;
}

enum err
model_export(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct model_form f;
	bool is_answered;
	enum err rc = model_form_read(app, rq, 0, &f, rp, &is_answered, err);

	if (!rc && !is_answered)
		rc = send(&f, rp, err);
	model_form_release(&f);
	return rc;
}
