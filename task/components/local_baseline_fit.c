/*
 * What is made least is, as in scikit-learn,
 *
 *	c * sum over rows of weight * -ln p(class)
 *	  + l1 * sum of |w| + l2 * sum of w^2 / 2
 *
 * without the intercepts among the w (but for liblinear, where the intercept
 * is a column's value times its weight); p is a sigmoid for two classes, a
 * softmax for more, or, one class against the rest, a sigmoid for each, fitted
 * by itself, whose shares of their sum are the probabilities.
 */
#include "lib/base/mem.h"
#include "lib/math/lbfgs.h"
#include "task/components/local_baseline.h"

#include <math.h>
#include <stdlib.h>

#define CLASSES_MAX 1000

struct fit {
	struct baseline *b;
	const struct glm_data *data;
	size_t *class_of; /* row: which class */
	double *weight;	  /* row */
	size_t m;	  /* vectors that are fitted at once */
	size_t *target;	  /* row: which class of those */
	double *z;	  /* row by vector: scores, then what to pull by */
	int64_t looks;
};

double *
baseline_vector(const struct baseline *b, size_t k)
{
	return b->w + k * (b->schema.n_header + 1);
}

double
baseline_span(const struct baseline *b)
{
	return b->is_multinomial && b->n_classes == 2 ? 2 : 1;
}

/* ---- classes ---- */

static size_t
class_place(const struct baseline *b, int64_t label)
{
	return instances_place(b->classes, b->n_classes, label);
}

static enum err
read_label(const struct glm_data *data, size_t i, int64_t *out, struct buf *err)
{
	const struct table_label *l = &data->labels[i];
	double v = l->type == TABLE_LABEL_INT ? (double)l->i : l->r;

	*out = (int64_t)v;
	if ((l->type == TABLE_LABEL_INT || l->type == TABLE_LABEL_REAL) &&
	    v == floor(v) && fabs(v) < 1e15)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "row '%s' has no label that is a whole number", data->ids[i]);
}

static enum err
add_class(struct baseline *b, int64_t label, struct buf *err)
{
	size_t at = class_place(b, label);

	if (at < b->n_classes && b->classes[at] == label)
		return ERR_OK;
	if (b->n_classes == CLASSES_MAX)
		return err_set(err, ERR_INVALID,
		    "the labels have more than %d classes", CLASSES_MAX);
	memmove(b->classes + at + 1, b->classes + at,
	    (b->n_classes - at) * sizeof(*b->classes));
	b->classes[at] = label;
	b->n_classes++;
	return ERR_OK;
}

static enum err
find_classes(struct fit *f, struct buf *err)
{
	struct baseline *b = f->b;
	int64_t label;
	enum err rc = ERR_OK;

	b->classes = xcalloc(CLASSES_MAX, sizeof(*b->classes));
	for (size_t i = 0; !rc && i < f->data->n; i++) {
		rc = read_label(f->data, i, &label, err);
		if (!rc)
			rc = add_class(b, label, err);
	}
	if (!rc && b->n_classes < 2)
		rc = err_set(err, ERR_INVALID,
		    "all rows are of one class; a classifier needs two");
	for (size_t i = 0; !rc && i < f->data->n; i++) {
		rc = read_label(f->data, i, &label, err);
		f->class_of[i] = class_place(b, label);
	}
	return rc;
}

/*
 * null: 1; "balanced": n / (groups * rows of that group), where groups are the
 * targets; or an object, by label. liblinear, of more than two classes, has
 * the classes for groups and weighs the rows of the one class alone, which it
 * fits against the rest.
 */
static void
weigh_rows(struct fit *f)
{
	const struct baseline *b = f->b;
	const cJSON *given = b->class_weight;
	bool is_apart = b->n_classes > 2 && !strcmp(b->solver, "liblinear");
	const size_t *group = is_apart ? f->class_of : f->target;
	size_t n = f->data->n, n_groups = f->m == 1 ? 2 : f->m;
	double *rows;
	char label[24];

	if (is_apart)
		n_groups = b->n_classes;
	rows = xcalloc(n_groups, sizeof(*rows));
	for (size_t i = 0; i < n; i++)
		rows[group[i]]++;
	for (size_t i = 0; i < n; i++) {
		snprintf(label, sizeof(label), "%lld",
		    (long long)b->classes[f->class_of[i]]);
		if (is_apart && !f->target[i])
			f->weight[i] = 1;
		else if (cJSON_IsString(given))
			f->weight[i] =
			    (double)n / ((double)n_groups * rows[group[i]]);
		else
			f->weight[i] = json_double(given, label, 1);
	}
	free(rows);
}

/* ---- scores ---- */

/* z[i * m + k] = row i * vector k, as often as it counts */
static void
score_rows(const struct baseline *b, const double *w, size_t m,
    const struct glm_data *data, double *z)
{
	size_t d = b->schema.n_header;
	double *u = xcalloc(data->n, sizeof(*u)), span = baseline_span(b);

	for (size_t k = 0; k < m; k++) {
		const double *v = w + k * (d + 1);

		glm_data_scores(data, v, v[d], 0, data->n, u);
		for (size_t i = 0; i < data->n; i++)
			z[i * m + k] = span * u[i];
	}
	free(u);
}

/* Scores to probabilities, in place; the logarithm of their sum. */
static double
softmax(double *z, size_t m)
{
	double most = z[0], sum = 0;

	for (size_t k = 1; k < m; k++)
		most = fmax(most, z[k]);
	for (size_t k = 0; k < m; k++)
		sum += z[k] = exp(z[k] - most);
	for (size_t k = 0; k < m; k++)
		z[k] /= sum;
	return most + log(sum);
}

/* A row's loss; z becomes p - [is that class]. */
static double
row_loss(double *z, size_t m, size_t class)
{
	double own, loss;

	if (m == 1) {
		own = class ? z[0] : -z[0];
		loss = fmax(0, -own) + log1p(exp(-fabs(own)));
		z[0] = sigmoid(z[0]) - (double)class;
		return loss;
	}
	own = z[class];
	loss = softmax(z, m) - own;
	z[class] -= 1;
	return loss;
}

static void
pull_row(const struct fit *f, size_t i, double factor, double *gradient)
{
	const struct glm_data *data = f->data;
	size_t d = f->b->schema.n_header, n = d, from = i * d;

	if (data->columns) {
		from = data->start[i];
		n = data->start[i + 1] - from;
	}
	for (size_t j = 0; j < n; j++)
		gradient[data->columns ? data->columns[from + j] : j] +=
		    factor * data->values[from + j];
	if (f->b->fit_intercept)
		gradient[d] += factor;
}

/*
 * What the squares of the weights of vector v cost; its slope is added to the
 * gradient.
 */
static double
punish(const struct baseline *b, const double *v, double *gradient)
{
	size_t d = b->schema.n_header;
	double sum = 0, strength = b->l2 * baseline_span(b);
	double column = b->intercept_column;

	for (size_t j = 0; j < d; j++) {
		sum += v[j] * v[j] / 2;
		gradient[j] += strength * v[j];
	}
	if (column > 0) {
		sum += v[d] * v[d] / (2 * column * column);
		gradient[d] += strength * v[d] / (column * column);
	}
	return strength * sum;
}

/* What each number's absolute value costs; NULL when nothing. */
static double *
absolute_costs(const struct fit *f)
{
	const struct baseline *b = f->b;
	size_t d = b->schema.n_header;
	double *costs = NULL, strength = b->l1 * baseline_span(b);

	if (!(strength > 0))
		return NULL;
	costs = xcalloc(f->m * (d + 1), sizeof(*costs));
	for (size_t k = 0; k < f->m; k++) {
		double *v = costs + k * (d + 1);

		for (size_t j = 0; j < d; j++)
			v[j] = strength;
		if (b->intercept_column > 0)
			v[d] = strength / b->intercept_column;
	}
	return costs;
}

static double
objective(void *arg, const double *w, double *gradient)
{
	struct fit *f = arg;
	struct baseline *b = f->b;
	size_t m = f->m, d = b->schema.n_header;
	double sum = 0, span = baseline_span(b);

	task_progress(
	    b->t, 0, "evaluation %lld of the loss", (long long)++f->looks);
	memset(gradient, 0, m * (d + 1) * sizeof(*gradient));
	score_rows(b, w, m, f->data, f->z);
	for (size_t i = 0; i < f->data->n; i++) {
		double *z = f->z + i * m;
		double weight = b->c * f->weight[i];

		sum += weight * row_loss(z, m, f->target[i]);
		for (size_t k = 0; k < m; k++)
			pull_row(
			    f, i, weight * span * z[k], gradient + k * (d + 1));
	}
	for (size_t k = 0; k < m; k++)
		sum += punish(b, w + k * (d + 1), gradient + k * (d + 1));
	return sum;
}

/* The vectors of one loss, from k on. */
static void
fit_vectors(struct fit *f, size_t k)
{
	struct baseline *b = f->b;
	struct lbfgs_result result;
	double *costs = absolute_costs(f);
	struct lbfgs_param param = {.n = f->m * (b->schema.n_header + 1),
	    .tol = b->tol,
	    .max_iter = b->max_iter,
	    .l1 = costs};

	weigh_rows(f);
	lbfgs_minimize(&param, objective, f, baseline_vector(b, k), &result);
	for (size_t i = 0; i < f->m; i++)
		b->ends[k + i] =
		    (struct baseline_end){result.iters, result.is_converged};
	free(costs);
}

static void
fit_each(struct fit *f)
{
	f->m = 1;
	for (size_t k = 0; k < f->b->n_vectors; k++) {
		for (size_t i = 0; i < f->data->n; i++)
			f->target[i] = f->class_of[i] == k;
		fit_vectors(f, k);
	}
}

enum err
baseline_fit(struct baseline *b, const struct glm_data *data, struct buf *err)
{
	struct fit f = {.b = b, .data = data};
	enum err rc;

	f.class_of = xcalloc(data->n, sizeof(*f.class_of));
	rc = find_classes(&f, err);
	if (rc)
		goto out;
	b->n_vectors = b->n_classes == 2 ? 1 : b->n_classes;
	b->w = xcalloc(b->n_vectors * (b->schema.n_header + 1), sizeof(*b->w));
	b->ends = xcalloc(b->n_vectors, sizeof(*b->ends));
	f.m = b->n_vectors;
	f.weight = xcalloc(data->n, sizeof(*f.weight));
	f.target = xcalloc(data->n, sizeof(*f.target));
	f.z = xcalloc(data->n * b->n_vectors, sizeof(*f.z));
	memcpy(f.target, f.class_of, data->n * sizeof(*f.target));
	if (b->is_ovr && b->n_vectors > 1)
		fit_each(&f);
	else
		fit_vectors(&f, 0);
out:
	free(f.class_of);
	free(f.weight);
	free(f.target);
	free(f.z);
	return rc;
}

/* Scores of one class each to shares of their sigmoids' sum, in place. */
static void
share_sigmoids(double *z, size_t m)
{
	double sum = 0;

	for (size_t k = 0; k < m; k++)
		sum += z[k] = sigmoid(z[k]);
	for (size_t k = 0; k < m; k++)
		z[k] = sum > 0 ? z[k] / sum : 1 / (double)m;
}

void
baseline_probabilities(
    const struct baseline *b, const struct glm_data *data, double *out)
{
	size_t m = b->n_vectors;
	double *z = xcalloc(data->n * m, sizeof(*z));

	score_rows(b, b->w, m, data, z);
	for (size_t i = 0; i < data->n; i++) {
		double *row = out + i * b->n_classes;

		if (m == 1) {
			row[1] = sigmoid(z[i]);
			row[0] = 1 - row[1];
			continue;
		}
		memcpy(row, z + i * m, m * sizeof(*row));
		if (b->is_ovr)
			share_sigmoids(row, m);
		else
			softmax(row, m);
	}
	free(z);
}
