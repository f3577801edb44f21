/* The model, in and out, and the guest's table of predictions. */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lr_model.pb-c.h"
#include "task/components/glm.h"
#include "task/components/instances.h"

#define META  "HeteroLogisticRegressionMeta"
#define PARAM "HeteroLogisticRegressionParam"

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static enum err
write_meta(struct glm *glm, struct buf *err)
{
	Model__LRModelMeta meta = MODEL__LRMODEL_META__INIT;

	meta.penalty = text(glm->p.penalty_name);
	meta.tol = glm->p.tol;
	meta.alpha = glm->p.alpha;
	meta.optimizer = text(glm->p.optimizer.name);
	meta.batch_size = glm->p.batch_size;
	meta.learning_rate = glm->p.optimizer.learning_rate;
	meta.max_iter = glm->p.max_iter;
	meta.early_stop = text(glm->p.early_stop_name);
	meta.fit_intercept = glm->p.fit_intercept && !glm_is(glm, "host");
	return instances_save(glm->t, META, "LRModelMeta", &meta.base, err);
}

/* The arbiter's message is empty, as FATE's is. */
static enum err
write_param(struct glm *glm, struct buf *err)
{
	Model__LRModelParam param = MODEL__LRMODEL_PARAM__INIT;
	Model__LRModelParam__WeightEntry *entries, **list;
	size_t d = glm->train.d;
	enum err rc;

	if (glm_is(glm, "arbiter"))
		return instances_save(
		    glm->t, PARAM, "LRModelParam", &param.base, err);
	entries = xcalloc(d, sizeof(*entries));
	list = xcalloc(d, sizeof(*list));
	for (size_t j = 0; j < d; j++) {
		model__lrmodel_param__weight_entry__init(&entries[j]);
		entries[j].key = glm->train.schema.header[j];
		entries[j].value = glm->w[j];
		list[j] = &entries[j];
	}
	param.iters = (int32_t)glm->iters;
	param.is_converged = glm->converged;
	param.weight = list;
	param.n_weight = d;
	param.intercept = glm->has_intercept ? glm->w[d] : 0;
	param.header = glm->train.schema.header;
	param.n_header = d;
	param.best_iteration = (int32_t)glm->best_iteration;
	rc = instances_save(glm->t, PARAM, "LRModelParam", &param.base, err);
	free(entries);
	free(list);
	return rc;
}

enum err
glm_write_model(struct glm *glm, struct buf *err)
{
	enum err rc = write_meta(glm, err);

	return rc ? rc : write_param(glm, err);
}

static enum err
take_weights(struct glm *glm, const Model__LRModelParam *param, struct buf *err)
{
	struct table_schema *s = &glm->eval.schema;
	size_t k;

	glm->has_intercept = glm_is(glm, "guest");
	glm->n_w = glm->eval.d + 1;
	glm->w = xcalloc(glm->n_w, sizeof(*glm->w));
	for (size_t j = 0; j < glm->eval.d; j++) {
		for (k = 0; k < param->n_weight &&
			    strcmp(param->weight[k]->key, s->header[j]) != 0;
		     k++)
			;
		if (k == param->n_weight)
			return err_set(err, ERR_INVALID,
			    "the model has no weight for column \"%s\"",
			    s->header[j]);
		glm->w[j] = param->weight[k]->value;
	}
	if (param->n_weight != glm->eval.d)
		return err_set(err, ERR_INVALID,
		    "the model has %zu columns and the data %zu",
		    param->n_weight, glm->eval.d);
	glm->w[glm->eval.d] = param->intercept;
	return ERR_OK;
}

enum err
glm_read_model(struct glm *glm, struct buf *err)
{
	ProtobufCMessage *m = NULL;
	enum err rc;

	if (!task_model(glm->t))
		return err_set(err, ERR_INVALID,
		    "there is no model to predict with; give HeteroLR an "
		    "input model or train_data");
	rc = instances_load(glm->t, PARAM, "LRModelParam", &m, err);
	if (rc)
		return rc;
	rc = take_weights(glm, (Model__LRModelParam *)m, err);
	protobuf_c_message_free_unpacked(m, NULL);
	return rc;
}

/* ---- the table of predictions ---- */

void
glm_print_label(const struct table_label *label, struct buf *out)
{
	char real[32];

	if (label->type == TABLE_LABEL_INT) {
		buf_addf(out, "%lld", (long long)label->i);
	} else if (label->type == TABLE_LABEL_REAL) {
		num_format_double(label->r, real);
		buf_adds(out, real);
	} else if (label->type == TABLE_LABEL_TEXT) {
		json_print_str(label->s, false, out);
	} else {
		buf_adds(out, "null");
	}
}

static void
row_text(const struct glm *glm, const struct table_label *label, double p,
    const char *type, struct buf *out)
{
	char one[32], zero[32];

	num_format_double(p, one);
	num_format_double(1 - p, zero);
	buf_reset(out);
	buf_addc(out, '[');
	glm_print_label(label, out);
	buf_addf(out, ", %d, %s, {\"0\": %s, \"1\": %s}, \"%s\"]",
	    p > glm->p.threshold ? 1 : 0, one, zero, one, type);
}

static enum err
add_rows(struct glm *glm, struct table_writer *w, const struct glm_data *data,
    const char *type, struct buf *err)
{
	struct buf line = BUF_INIT;
	struct table_row row = {.label = {.type = TABLE_NO_LABEL}};
	double *p = xcalloc(data->n + 1, sizeof(*p));
	enum err rc;

	rc = glm_score_guest(glm, data, p, err);
	for (size_t i = 0; !rc && i < data->n; i++) {
		row_text(glm, &data->labels[i], p[i], type, &line);
		row.id = data->ids[i];
		row.id_len = strlen(row.id);
		row.text = line.ptr;
		row.text_len = line.len;
		rc = table_writer_add(w, &row, err);
	}
	buf_release(&line);
	free(p);
	return rc;
}

void
glm_output_schema(const struct glm_data *data, struct table_schema *s)
{
	static const char *const header[] = {"label", "predict_result",
	    "predict_score", "predict_detail", "type"};

	table_schema_init(s, TABLE_LIST);
	s->sid_name = xstrdup_null(data->schema.sid_name);
	for (size_t i = 0; i < ARRAY_LEN(header); i++)
		table_schema_add(s, header[i]);
}

/* The validation rows come first: of equal ids the last one wins. */
static enum err
predict_guest(struct glm *glm, struct buf *err)
{
	bool fits = glm->t->mode != TASK_PREDICT;
	const struct glm_data *shown = fits ? &glm->train : &glm->eval;
	struct table_writer *w = NULL;
	struct table_schema schema;
	struct table_stats stats;
	enum err rc;

	glm_output_schema(shown, &schema);
	rc = table_writer_open(
	    task_output_path(glm->t), &schema, TABLE_UNSORTED, &w, err);
	if (!rc && glm->t->mode != TASK_FIT)
		rc = add_rows(
		    glm, w, &glm->eval, fits ? "validate" : "predict", err);
	if (!rc && fits)
		rc = add_rows(glm, w, &glm->train, "train", err);
	if (!rc)
		rc = table_writer_finish(&w, &stats, err);
	if (!rc)
		task_output_table(glm->t, &stats, &schema, shown->partitions);
	table_writer_abort(&w);
	table_schema_release(&schema);
	return rc;
}

enum err
glm_predict(struct glm *glm, struct buf *err)
{
	bool arbiter = glm_is(glm, "arbiter");
	enum err rc = ERR_OK;

	if (glm_is(glm, "guest"))
		return predict_guest(glm, err);
	if (glm->t->mode != TASK_FIT)
		rc = arbiter ? glm_score_arbiter(glm, glm->n_eval, err)
			     : glm_score_host(glm, &glm->eval, err);
	if (!rc && glm->t->mode != TASK_PREDICT)
		rc = arbiter ? glm_score_arbiter(glm, glm->n, err)
			     : glm_score_host(glm, &glm->train, err);
	return rc;
}
