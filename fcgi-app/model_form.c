/*
 * FATE's clients send JSON to all but import, which gets a form; both are
 * taken everywhere. The file streams into the spool whatever stands before
 * or behind it.
 */
#include "fcgi-app/model_form.h"
#include "fcgi-app/multipart.h"
#include "fcgi-app/query_string.h"
#include "fcgi-app/target.h"
#include "lib/base/mem.h"
#include "lib/base/utf8.h"

#include <strings.h>

#define FIELDS_MAX ((size_t)65536)
#define PARTY_MAX  9999999999

struct reading {
	struct model_form *form;
	struct request *rq;
	int64_t limit;
	struct buf name; /* of the current field */
	struct buf value;
	size_t n_bytes; /* of all fields */
	bool in_file;
};

static enum err
part_begin(void *arg, const char *name, const char *file_name, struct buf *err)
{
	struct reading *r = arg;

	(void)file_name;
	r->in_file = !strcmp(name, "file");
	if (r->in_file && r->form->has_file)
		return err_set(err, ERR_INVALID,
		    "there is more than one part named 'file'");
	r->form->has_file |= r->in_file && r->limit;
	buf_reset(&r->name);
	buf_reset(&r->value);
	buf_adds(&r->name, name);
	return ERR_OK;
}

static enum err
file_data(struct reading *r, const void *bytes, size_t len, struct buf *err)
{
	if (!r->limit)
		return ERR_OK;
	if (r->form->file.size + (int64_t)len > r->limit) {
		r->rq->is_too_large = true;
		return err_set(err, ERR_INVALID,
		    "the file has more than %lld bytes (api.model_limit)",
		    (long long)r->limit);
	}
	return spool_write(&r->form->file, bytes, len, err);
}

static enum err
part_data(void *arg, const void *bytes, size_t len, struct buf *err)
{
	struct reading *r = arg;

	if (r->in_file)
		return file_data(r, bytes, len, err);
	r->n_bytes += len;
	if (r->n_bytes > FIELDS_MAX)
		return err_set(err, ERR_INVALID,
		    "the fields of the form have more than %zu bytes",
		    FIELDS_MAX);
	buf_add(&r->value, bytes, len);
	return ERR_OK;
}

static enum err
part_end(void *arg, struct buf *err)
{
	struct reading *r = arg;

	if (r->in_file || json_get(r->form->fields, r->name.ptr))
		return ERR_OK;
	if (strlen(r->value.ptr) != r->value.len ||
	    !utf8_is_valid(r->value.ptr, r->value.len))
		return err_set(err, ERR_INVALID,
		    "the form's field '%.64s' is no text", r->name.ptr);
	json_add_str(r->form->fields, r->name.ptr, r->value.ptr);
	return ERR_OK;
}

static enum err
read_multipart(struct model_form *f, struct request *rq, const struct cfg *cfg,
    int64_t limit, struct buf *err)
{
	struct reading r = {.form = f, .rq = rq, .limit = limit};
	struct multipart_sink sink = {part_begin, part_data, part_end, &r};
	struct multipart m;
	enum err rc;

	buf_init(&r.name);
	buf_init(&r.value);
	f->fields = cJSON_CreateObject();
	rc = multipart_init(&m, rq->content_type, &sink, err);
	if (!rc && limit)
		rc = spool_open(&f->file, cfg, err);
	if (!rc)
		rc = multipart_receive(&m, rq, err);
	multipart_release(&m);
	buf_release(&r.name);
	buf_release(&r.value);
	return rc;
}

static enum err
read_urlencoded(struct model_form *f, struct request *rq, struct buf *err)
{
	struct buf text = BUF_INIT;
	enum err rc = request_read_text(rq, FIELDS_MAX, &text, err);

	if (!rc)
		rc = query_string_parse(text.ptr, &f->fields, err);
	buf_release(&text);
	return rc;
}

static enum err
read_body(struct model_form *f, struct request *rq, const struct cfg *cfg,
    int64_t limit, struct buf *err)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = rq->content_type;
	enum err rc;

	if (!strncasecmp(type, "multipart/", 10))
		return read_multipart(f, rq, cfg, limit, err);
	if (!strncasecmp(type, form, sizeof(form) - 1))
		return read_urlencoded(f, rq, err);
	rc = request_read_json(rq, (size_t)cfg->api.body_limit, err);
	f->fields = rq->body;
	rq->body = NULL;
	return rc;
}

/* ---- the model ---- */

static enum err
read_model(struct model_form *f, const struct cfg *cfg, struct buf *err)
{
	struct json_in in = {.obj = f->fields};
	int64_t party;
	enum err rc;

	f->model.work_dir = cfg->site.work_dir;
	f->model.role = json_in_str(&in, "role", JSON_REQUIRED, 50);
	f->model.model_id =
	    json_in_str(&in, "model_id", JSON_REQUIRED, ID_NAME_MAX);
	f->model.version =
	    json_in_str(&in, "model_version", JSON_REQUIRED, 200);
	party = json_in_int(&in, "party_id", JSON_REQUIRED, 0, PARTY_MAX, 0);
	rc = json_in_done(&in, err);
	if (rc)
		return rc;
	snprintf(f->party_id, sizeof(f->party_id), "%lld", (long long)party);
	f->model.party_id = f->party_id;
	ids_party_model(
	    f->model.role, f->party_id, f->model.model_id, &f->party_model);
	if (strchr(f->model.role, '#'))
		return err_set(err, ERR_INVALID,
		    "field 'role' is '%s', expected a role", f->model.role);
	return model_path_root(&f->model, &f->root, err);
}

enum err
model_form_read(struct app *app, struct request *rq, int64_t file_limit,
    struct model_form *out, struct reply *rp, bool *is_answered,
    struct buf *err)
{
	static const char *const required[] = {
	    "model_id", "model_version", "role", "party_id"};
	enum err rc;

	*out = (struct model_form){.file = {.fd = -1, .path = BUF_INIT}};
	buf_init(&out->party_model);
	buf_init(&out->root);
	rc = read_body(out, rq, app->cfg, file_limit, err);
	*is_answered = rc == ERR_INVALID;
	if (*is_answered) {
		reply_http(rp, rq->is_too_large ? 413 : 400, 100, err->ptr);
		return ERR_OK;
	}
	if (rc)
		return rc;
	*is_answered =
	    !target_has_all(out->fields, required, ARRAY_LEN(required), rp);
	return *is_answered ? ERR_OK : read_model(out, app->cfg, err);
}

void
model_form_release(struct model_form *f)
{
	cJSON_Delete(f->fields);
	spool_release(&f->file);
	buf_release(&f->party_model);
	buf_release(&f->root);
}

enum err
model_form_missing(const struct model_form *f, struct reply *rp)
{
	return reply_say(rp, 100, "Can not found %s %s model local cache",
	    f->party_model.ptr, f->model.version);
}
