/* The model, in and out, and the guest's table of predictions. */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lr_model.pb-c.h"
#include "task/components/hetero_lr.h"
#include "task/components/instances.h"

#define META  "HeteroLogisticRegressionMeta"
#define PARAM "HeteroLogisticRegressionParam"

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static enum err
write_meta(struct lr *lr, struct buf *err)
{
	Model__LRModelMeta meta = MODEL__LRMODEL_META__INIT;

	meta.penalty = text(lr->p.penalty_name);
	meta.tol = lr->p.tol;
	meta.alpha = lr->p.alpha;
	meta.optimizer = text(lr->p.optimizer.name);
	meta.batch_size = lr->p.batch_size;
	meta.learning_rate = lr->p.optimizer.learning_rate;
	meta.max_iter = lr->p.max_iter;
	meta.early_stop = text(lr->p.early_stop_name);
	meta.fit_intercept = lr->p.fit_intercept && !lr_is(lr, "host");
	return instances_save(lr->t, META, "LRModelMeta", &meta.base, err);
}

/* The arbiter's message is empty, as FATE's is. */
static enum err
write_param(struct lr *lr, struct buf *err)
{
	Model__LRModelParam param = MODEL__LRMODEL_PARAM__INIT;
	Model__LRModelParam__WeightEntry *entries, **list;
	size_t d = lr->train.d;
	enum err rc;

	if (lr_is(lr, "arbiter"))
		return instances_save(
		    lr->t, PARAM, "LRModelParam", &param.base, err);
	entries = xcalloc(d, sizeof(*entries));
	list = xcalloc(d, sizeof(*list));
	for (size_t j = 0; j < d; j++) {
		model__lrmodel_param__weight_entry__init(&entries[j]);
		entries[j].key = lr->train.schema.header[j];
		entries[j].value = lr->w[j];
		list[j] = &entries[j];
	}
	param.iters = (int32_t)lr->iters;
	param.is_converged = lr->converged;
	param.weight = list;
	param.n_weight = d;
	param.intercept = lr->has_intercept ? lr->w[d] : 0;
	param.header = lr->train.schema.header;
	param.n_header = d;
	param.best_iteration = (int32_t)lr->best_iteration;
	rc = instances_save(lr->t, PARAM, "LRModelParam", &param.base, err);
	free(entries);
	free(list);
	return rc;
}

enum err
lr_write_model(struct lr *lr, struct buf *err)
{
	enum err rc = write_meta(lr, err);

	return rc ? rc : write_param(lr, err);
}

static enum err
take_weights(struct lr *lr, const Model__LRModelParam *param, struct buf *err)
{
	struct table_schema *s = &lr->eval.schema;
	size_t k;

	lr->has_intercept = lr_is(lr, "guest");
	lr->n_w = lr->eval.d + 1;
	lr->w = xcalloc(lr->n_w, sizeof(*lr->w));
	for (size_t j = 0; j < lr->eval.d; j++) {
		for (k = 0; k < param->n_weight &&
			    strcmp(param->weight[k]->key, s->header[j]) != 0;
		     k++)
			;
		if (k == param->n_weight)
			return err_set(err, ERR_INVALID,
			    "the model has no weight for column \"%s\"",
			    s->header[j]);
		lr->w[j] = param->weight[k]->value;
	}
	if (param->n_weight != lr->eval.d)
		return err_set(err, ERR_INVALID,
		    "the model has %zu columns and the data %zu",
		    param->n_weight, lr->eval.d);
	lr->w[lr->eval.d] = param->intercept;
	return ERR_OK;
}

enum err
lr_read_model(struct lr *lr, struct buf *err)
{
	ProtobufCMessage *m = NULL;
	enum err rc;

	if (!task_model(lr->t))
		return err_set(err, ERR_INVALID,
		    "there is no model to predict with; give HeteroLR an "
		    "input model or train_data");
	rc = instances_load(lr->t, PARAM, "LRModelParam", &m, err);
	if (rc)
		return rc;
	rc = take_weights(lr, (Model__LRModelParam *)m, err);
	protobuf_c_message_free_unpacked(m, NULL);
	return rc;
}

/* ---- the table of predictions ---- */

void
lr_print_label(const struct table_label *label, struct buf *out)
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
row_text(const struct lr *lr, const struct table_label *label, double p,
    const char *type, struct buf *out)
{
	char one[32], zero[32];

	num_format_double(p, one);
	num_format_double(1 - p, zero);
	buf_reset(out);
	buf_addc(out, '[');
	lr_print_label(label, out);
	buf_addf(out, ", %d, %s, {\"0\": %s, \"1\": %s}, \"%s\"]",
	    p > lr->p.threshold ? 1 : 0, one, zero, one, type);
}

static enum err
add_rows(struct lr *lr, struct table_writer *w, const struct lr_data *data,
    const char *type, struct buf *err)
{
	struct buf line = BUF_INIT;
	struct table_row row = {.label = {.type = TABLE_NO_LABEL}};
	double *p = xcalloc(data->n + 1, sizeof(*p));
	enum err rc;

	rc = lr_score_guest(lr, data, p, err);
	for (size_t i = 0; !rc && i < data->n; i++) {
		row_text(lr, &data->labels[i], p[i], type, &line);
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
lr_output_schema(const struct lr_data *data, struct table_schema *s)
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
predict_guest(struct lr *lr, struct buf *err)
{
	bool fits = lr->t->mode != TASK_PREDICT;
	const struct lr_data *shown = fits ? &lr->train : &lr->eval;
	struct table_writer *w = NULL;
	struct table_schema schema;
	struct table_stats stats;
	enum err rc;

	lr_output_schema(shown, &schema);
	rc = table_writer_open(
	    task_output_path(lr->t), &schema, TABLE_UNSORTED, &w, err);
	if (!rc && lr->t->mode != TASK_FIT)
		rc = add_rows(
		    lr, w, &lr->eval, fits ? "validate" : "predict", err);
	if (!rc && fits)
		rc = add_rows(lr, w, &lr->train, "train", err);
	if (!rc)
		rc = table_writer_finish(&w, &stats, err);
	if (!rc)
		task_output_table(lr->t, &stats, &schema, shown->partitions);
	table_writer_abort(&w);
	table_schema_release(&schema);
	return rc;
}

enum err
lr_predict(struct lr *lr, struct buf *err)
{
	bool arbiter = lr_is(lr, "arbiter");
	enum err rc = ERR_OK;

	if (lr_is(lr, "guest"))
		return predict_guest(lr, err);
	if (lr->t->mode != TASK_FIT)
		rc = arbiter ? lr_score_arbiter(lr, lr->n_eval, err)
			     : lr_score_host(lr, &lr->eval, err);
	if (!rc && lr->t->mode != TASK_PREDICT)
		rc = arbiter ? lr_score_arbiter(lr, lr->n, err)
			     : lr_score_host(lr, &lr->train, err);
	return rc;
}
