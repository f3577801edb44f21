/*
 * The pipeline was made by this server or came in by an import, so what is
 * in it is checked like a request.
 */
#include "fcgi-app/create_predict.h"
#include "lib/base/path.h"
#include "lib/model/pipeline.h"

#include <string.h>

static struct model_ref
model_of(const struct app *app, const struct conf *conf, const char *role,
    const char *party_id)
{
	return (struct model_ref){
	    .work_dir = app->cfg->site.work_dir,
	    .role = role,
	    .party_id = party_id,
	    .model_id = json_str(conf->job_parameters, "model_id", ""),
	    .version = json_str(conf->job_parameters, "model_version", ""),
	};
}

static enum err
take_pipeline(const struct pipeline *p, struct conf *conf, struct dsl *dsl,
    struct buf *err)
{
	cJSON *inference = NULL, *train = NULL;
	enum err rc = json_parse(p->inference_dsl, strlen(p->inference_dsl),
	    "the pipeline's inference_dsl", &inference, err);

	if (!rc)
		rc = json_parse(p->train_runtime_conf,
		    strlen(p->train_runtime_conf),
		    "the pipeline's train_runtime_conf", &train, err);
	if (!rc)
		rc = conf_set_train(conf, train, err);
	if (!rc)
		rc = dsl_parse(inference, DSL_PREDICT, dsl, err);
	cJSON_Delete(inference);
	cJSON_Delete(train);
	return rc;
}

static enum err
check_model(const struct app *app, const struct conf *conf,
    const struct dsl_input *in, const struct conf_party *p, struct buf *err)
{
	struct model_ref m = model_of(app, conf, p->role, p->party_id);
	struct buf dir = BUF_INIT;
	enum err rc =
	    model_path_component(&m, in->component, in->alias, &dir, err);

	if (!rc && !path_exists(dir.ptr))
		buf_addf(err,
		    "%sthe model %s of %s, %s %s, is not here (model %s, "
		    "version %s)",
		    err->len ? "; " : "", in->alias, in->component, p->role,
		    p->party_id, m.model_id, m.version);
	buf_release(&dir);
	return rc;
}

/* All that are missing are named. */
static enum err
check_models(const struct app *app, const struct conf *conf,
    const struct dsl *dsl, struct buf *err)
{
	size_t before = err->len;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < dsl->n_components; i++) {
		const struct dsl_input *in =
		    dsl_pipeline_input(&dsl->components[i]);

		for (size_t k = 0; in && !rc && k < conf->n_parties; k++)
			if (conf_needs_run(conf, dsl, i, &conf->parties[k]))
				rc = check_model(
				    app, conf, in, &conf->parties[k], err);
	}
	return rc ? rc : err->len > before ? ERR_INVALID : ERR_OK;
}

static bool
reads_tables(const struct dsl *dsl)
{
	for (size_t i = 0; i < dsl->n_components; i++)
		for (size_t k = 0; k < dsl->components[i].n_inputs; k++)
			if (dsl->components[i].inputs[k].source == DSL_ARGS)
				return true;
	return false;
}

static enum err
check_args(const struct conf *conf, const struct dsl *dsl, struct buf *err)
{
	size_t before = err->len;

	for (size_t i = 0; reads_tables(dsl) && i < conf->n_parties; i++) {
		const struct conf_party *p = &conf->parties[i];
		const char *name, *name_space;

		if (conf_has_tables(conf->train,
			conf_find_party(conf->train, p->role, p->party_id)) &&
		    conf_args_table(conf, p, "eval_data", &name, &name_space))
			buf_addf(err,
			    "%srole_parameters.%s.args.data.eval_data names "
			    "no table of %s %s, who had one in the training",
			    err->len ? "; " : "", p->role, p->role,
			    p->party_id);
	}
	return err->len > before ? ERR_INVALID : ERR_OK;
}

enum err
create_predict(
    struct app *app, struct conf *conf, struct dsl *dsl, struct buf *err)
{
	struct model_ref m =
	    model_of(app, conf, conf->initiator_role, conf->initiator_party_id);
	struct pipeline p;
	enum err rc = pipeline_read(&m, &p, err);

	if (rc == ERR_NOTFOUND)
		rc = ERR_INVALID; /* the request's fault, not the address's */
	if (!rc)
		rc = take_pipeline(&p, conf, dsl, err);
	if (!rc)
		rc = check_models(app, conf, dsl, err);
	if (!rc)
		rc = check_args(conf, dsl, err);
	pipeline_release(&p);
	return rc;
}
