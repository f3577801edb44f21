/*
 * LocalBaseline: what a party's rows alone would give, to be held against a
 * federated model. Reads the options of scikit-learn's LogisticRegression
 * that change the result, and writes predictions as HeteroLR does.
 */
#include "task/components/local_baseline.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#include <math.h>

static void
release(struct baseline *b)
{
	free(b->solver);
	free(b->penalty);
	free(b->classes);
	free(b->w);
	free(b->ends);
	table_schema_release(&b->schema);
}

/* ---- options ---- */

/* null is "none", as in later versions of scikit-learn. */
static enum err
take_penalty(struct baseline *b, const cJSON *opts, struct buf *err)
{
	const cJSON *ratio = json_get(opts, "l1_ratio");
	const struct {
		const char *name;
		double l1, l2;
	} kinds[] = {{"l2", 0, 1}, {"l1", 1, 0}, {"none", 0, 0},
	    {"elasticnet", json_double(opts, "l1_ratio", 0),
		1 - json_double(opts, "l1_ratio", 0)}};
	size_t k = 0;

	b->penalty = xstrdup(cJSON_IsNull(json_get(opts, "penalty"))
				 ? "none"
				 : json_str(opts, "penalty", "l2"));
	while (k < ARRAY_LEN(kinds) && strcmp(kinds[k].name, b->penalty) != 0)
		k++;
	if (k == ARRAY_LEN(kinds))
		return err_set(err, ERR_INVALID,
		    "model_opts.penalty is \"%.64s\", expected \"l2\", "
		    "\"l1\", \"elasticnet\" or \"none\"",
		    b->penalty);
	b->l1 = kinds[k].l1;
	b->l2 = kinds[k].l2;
	b->c = strcmp(b->penalty, "none") ? json_double(opts, "C", 1) : 1;
	if (cJSON_IsNumber(ratio) && strcmp(b->penalty, "elasticnet") != 0)
		task_log(b->t,
		    "model_opts.l1_ratio has no effect: the penalty is \"%s\"",
		    b->penalty);
	return ERR_OK;
}

static enum err
configure(struct baseline *b, struct buf *err)
{
	const cJSON *opts = json_get(b->t->param, "model_opts");
	const char *name =
	    json_str(b->t->param, "model_name", "LogisticRegression");
	const char *multi = json_str(opts, "multi_class", "auto");
	bool liblinear;

	b->tol = json_double(opts, "tol", 1e-4);
	b->max_iter = json_int(opts, "max_iter", 100);
	b->fit_intercept = json_bool(opts, "fit_intercept", true);
	b->solver = xstrdup(json_str(opts, "solver", "lbfgs"));
	liblinear = strcmp(b->solver, "liblinear") == 0;
	b->is_ovr = liblinear || strcmp(multi, "ovr") == 0;
	b->is_multinomial = strcmp(multi, "multinomial") == 0;
	if (liblinear && b->fit_intercept)
		b->intercept_column = json_double(opts, "intercept_scaling", 1);
	b->class_weight = json_get(opts, "class_weight");
	if (strcmp(name, "LogisticRegression") != 0)
		return err_set(err, ERR_INVALID,
		    "model_name is \"%.64s\", expected "
		    "\"LogisticRegression\"",
		    name);
	if (take_penalty(b, opts, err))
		return ERR_INVALID;
	if (!(b->c > 0) || !(b->tol > 0) || b->max_iter < 1)
		return err_set(err, ERR_INVALID,
		    "model_opts has C %.15g, tol %.15g and max_iter %lld, "
		    "expected numbers above 0",
		    b->c, b->tol, (long long)b->max_iter);
	return ERR_OK;
}

/* ---- predictions ---- */

/* The score is that of class 1 of two, or that of the best of more. */
static void
row_text(const struct baseline *b, const struct table_label *label,
    const double *p, const char *type, struct buf *out)
{
	char number[32];
	size_t best = 0;

	for (size_t k = 1; k < b->n_classes; k++)
		if (p[k] > p[best])
			best = k;
	buf_reset(out);
	buf_addc(out, '[');
	glm_print_label(label, out);
	num_format_double(p[b->n_classes == 2 ? 1 : best], number);
	buf_addf(out, ", %lld, %s, {", (long long)b->classes[best], number);
	for (size_t k = 0; k < b->n_classes; k++) {
		num_format_double(p[k], number);
		buf_addf(out, "%s\"%lld\": %s", k ? ", " : "",
		    (long long)b->classes[k], number);
	}
	buf_addf(out, "}, \"%s\"]", type);
}

static enum err
add_rows(const struct baseline *b, const struct glm_data *data,
    const char *type, struct table_writer *out, struct buf *err)
{
	double *p = xcalloc(data->n * b->n_classes, sizeof(*p));
	struct buf line = BUF_INIT;
	enum err rc = ERR_OK;

	baseline_probabilities(b, data, p);
	for (size_t i = 0; !rc && i < data->n; i++) {
		row_text(
		    b, &data->labels[i], p + i * b->n_classes, type, &line);
		rc = glm_output_row(out, data->ids[i], &line, err);
	}
	buf_release(&line);
	free(p);
	return rc;
}

/* The table whose rows are read again as eval data: must have the columns. */
static enum err
read_eval(const struct baseline *b, const struct task_data *input,
    struct glm_data *out, struct buf *err)
{
	enum err rc = glm_data_read(input, out, err);

	if (rc)
		return rc;
	if (out->d != b->schema.n_header)
		return err_set(err, ERR_INVALID,
		    "%s has %zu columns, train_data %zu", input->key, out->d,
		    b->schema.n_header);
	for (size_t j = 0; j < out->d; j++)
		if (strcmp(out->schema.header[j], b->schema.header[j]) != 0)
			return err_set(err, ERR_INVALID,
			    "column %zu of %s is '%s', that of train_data "
			    "'%s'",
			    j, input->key, out->schema.header[j],
			    b->schema.header[j]);
	return ERR_OK;
}

static enum err
add_eval_rows(
    const struct baseline *b, struct table_writer *out, struct buf *err)
{
	const struct task_data *input = task_input(b->t, "eval_data");
	struct glm_data data = {0};
	enum err rc = read_eval(b, input, &data, err);

	if (!rc)
		rc = add_rows(b, &data, "validate", out, err);
	glm_data_release(&data);
	return rc;
}

/* The validation rows come first: of equal ids the last one wins. */
static enum err
predict(const struct baseline *b, const struct glm_data *data, bool is_fit,
    struct buf *err)
{
	struct table_writer *out = NULL;
	struct table_schema schema;
	struct table_stats stats;
	enum err rc;

	glm_output_schema(data, &schema);
	rc = table_writer_open(
	    task_output_path(b->t), &schema, TABLE_UNSORTED, &out, err);
	if (!rc && b->t->mode == TASK_FIT_EVAL)
		rc = add_eval_rows(b, out, err);
	if (!rc)
		rc = add_rows(b, data, is_fit ? "train" : "predict", out, err);
	if (!rc)
		rc = table_writer_finish(&out, &stats, err);
	if (!rc)
		task_output_table(b->t, &stats, &schema, data->partitions);
	table_writer_abort(&out);
	table_schema_release(&schema);
	return rc;
}

/* train_data before eval_data, whatever their order. */
static const struct task_data *
find_input(const struct task *t)
{
	const struct task_data *train = task_input(t, "train_data");

	return train ? train : task_any_input(t);
}

enum err
local_baseline_run(struct task *t, struct buf *err)
{
	const struct task_data *input = find_input(t);
	bool is_fit = instances_is_fit(t);
	struct baseline b = {.t = t};
	struct glm_data data = {0};
	enum err rc = configure(&b, err);

	if (!rc && (!input || !input->path))
		rc = err_set(
		    err, ERR_INVALID, "LocalBaseline has no input table");
	if (!rc)
		rc = glm_data_read(input, &data, err);
	if (!rc) {
		table_schema_copy(&b.schema, &data.schema);
		rc = is_fit ? baseline_fit(&b, &data, err)
			    : baseline_load(&b, err);
	}
	if (!rc)
		rc = predict(&b, &data, is_fit, err);
	if (!rc)
		rc = baseline_save(&b, err);
	glm_data_release(&data);
	release(&b);
	return rc;
}
