/*
 * POST /v1/tracking/component/output/model. The folder names the module and
 * the message type of each buffer (lib/model/model.h); of the two buffers the
 * one whose name ends in Meta goes to meta.
 */
#include "fcgi-app/target.h"
#include "lib/base/path.h"
#include "lib/model/model.h"

#define BUFFER_MAX ((size_t)256 << 20)

static bool
ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && !strcmp(s + n - m, tail);
}

static enum err
model_dir(const struct app *app, const struct target_job *job,
    const struct target *t, const char *alias, struct buf *out, struct buf *err)
{
	const char *version =
	    json_str(job->conf.job_parameters, "model_version", "");
	const char *parts[] = {
	    version, t->role, t->party_id, t->component, alias};

	path_set(out, "%s/models", app->cfg->site.work_dir);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!path_is_component(parts[i]))
			return err_set(err, ERR_INVALID,
			    "'%.64s' can be no part of a path", parts[i]);
		buf_addf(out, "/%s", parts[i]);
	}
	return ERR_OK;
}

/* One buffer as JSON. */
static enum err
read_buffer(const char *dir, const char *buffer, const char *message,
    cJSON **out, struct buf *err)
{
	const ProtobufCMessageDescriptor *type = model_message(message);
	struct buf path = BUF_INIT, bytes = BUF_INIT;
	ProtobufCMessage *m = NULL;
	enum err rc;

	path_set(&path, "%s/%s", dir, buffer);
	if (!type || !path_is_component(buffer))
		rc = err_set(err, ERR_INTERNAL, "%s is of an unknown type %s",
		    path.ptr, message);
	else
		rc = path_read_file(path.ptr, BUFFER_MAX, &bytes, err);
	if (!rc)
		rc = model_unpack(type, bytes.ptr, bytes.len, &m, err);
	if (!rc) {
		*out = model_to_json(m);
		protobuf_c_message_free_unpacked(m, NULL);
	}
	buf_release(&path);
	buf_release(&bytes);
	return rc;
}

/* "<buffer> <message>" */
static enum err
read_line(
    const char *dir, char *line, struct reply *rp, cJSON *meta, struct buf *err)
{
	char *message = strchr(line, ' ');
	cJSON *value = NULL;
	enum err rc;

	if (!message)
		return ERR_OK;
	*message++ = '\0';
	rc = read_buffer(dir, line, message, &value, err);
	if (rc)
		return rc == ERR_NOTFOUND ? ERR_INTERNAL : rc;
	if (ends_with(line, "Meta"))
		json_add(meta, "meta_data", value);
	else {
		cJSON_Delete(rp->data);
		rp->data = value;
	}
	return ERR_OK;
}

static enum err
read_model(const char *dir, struct reply *rp, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	cJSON *meta = NULL;
	char *rest, *line;
	enum err rc;

	path_set(&path, "%s/module", dir);
	rc = path_read_file(path.ptr, 65536, &text, err);
	if (rc)
		goto out;
	rest = text.ptr;
	line = strsep(&rest, "\n");
	meta = cJSON_CreateObject();
	rp->meta = meta;
	json_add_str(meta, "module_name", line);
	while (!rc && (line = strsep(&rest, "\n")))
		rc = read_line(dir, line, rp, meta, err);
	if (!rc)
		rc = reply_say(rp, 0, "success");
out:
	buf_release(&path);
	buf_release(&text);
	return rc;
}

static enum err
answer(struct app *app, const struct target_job *job, const struct target *t,
    struct reply *rp, struct buf *err)
{
	struct buf dir = BUF_INIT;
	size_t i;
	enum err rc = target_component(job, t, &i, err);

	if (!rc && !job->party)
		rc = err_set(err, ERR_INVALID,
		    "job %s has no party %s of "
		    "role %s",
		    t->job_id, t->party_id, t->role);
	if (!rc)
		rc = model_dir(
		    app, job, t, job->dsl.components[i].model_alias, &dir, err);
	if (!rc) {
		rc = read_model(dir.ptr, rp, err);
		if (rc == ERR_NOTFOUND)
			rc = reply_say(rp, 0, "no data");
	}
	buf_release(&dir);
	return rc;
}

enum err
tracking_output_model(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct target_job job;
	struct target t;
	enum err rc = target_read(app, &in, TARGET_COMPONENT, &t, err);

	if (rc)
		return rc;
	rc = target_job_read(app, &t, &job, err);
	if (rc == ERR_NOTFOUND)
		return reply_say(rp, 100, "can not found job: %s", t.job_id);
	if (!rc)
		rc = answer(app, &job, &t, rp, err);
	target_job_release(&job);
	return rc;
}
