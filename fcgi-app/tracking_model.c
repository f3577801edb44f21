/*
 * POST /v1/tracking/component/output/model: lib/model reads the folder; the
 * Param message goes to data, Meta and the module's name to meta.
 */
#include "fcgi-app/target.h"
#include "lib/model/model_dir.h"
#include "lib/model/model_path.h"

/* A job's parameters name its model; a job of another kind has none. */
static enum err
model_dir(const struct app *app, const struct target_job *job,
    const struct target *t, const char *alias, struct buf *out, struct buf *err)
{
	struct model_ref m = {
	    .work_dir = app->cfg->site.work_dir,
	    .role = t->role,
	    .party_id = t->party_id,
	    .model_id = json_str(job->conf.job_parameters, "model_id", ""),
	    .version = json_str(job->conf.job_parameters, "model_version", ""),
	};

	return model_path_component(&m, t->component, alias, out, err);
}

/* A prediction makes no model: it shows the one that it applies, if any. */
static const char *
model_alias(const struct target_job *job, size_t component)
{
	const struct dsl_component *c = &job->dsl.components[component];
	const struct dsl_input *in = dsl_pipeline_input(c);

	if (!job->conf.is_predict)
		return c->model_alias;
	return in ? in->alias : NULL;
}

static enum err
read_model(const char *dir, struct reply *rp, struct buf *err)
{
	struct model_view view = {0};
	enum err rc = model_dir_to_json(dir, &view, err);

	if (rc)
		return rc;
	rp->meta = cJSON_CreateObject();
	json_add_str(rp->meta, "module_name", view.module);
	if (view.meta)
		json_add(rp->meta, "meta_data", view.meta);
	cJSON_Delete(rp->data);
	rp->data = view.param;
	view.meta = view.param = NULL;
	model_view_release(&view);
	return reply_say(rp, 0, "success");
}

static enum err
answer(struct app *app, const struct target_job *job, const struct target *t,
    struct reply *rp, struct buf *err)
{
	struct buf dir = BUF_INIT;
	size_t i;
	enum err rc = target_component(job, t, &i, err);
	const char *alias = NULL;

	if (!rc && !job->party)
		rc = err_set(err, ERR_INVALID,
		    "job %s has no party %s of "
		    "role %s",
		    t->job_id, t->party_id, t->role);
	if (!rc)
		alias = model_alias(job, i);
	if (!rc && !alias)
		rc = reply_say(rp, 0, "no data");
	else if (!rc)
		rc = model_dir(app, job, t, alias, &dir, err);
	if (!rc && alias) {
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
