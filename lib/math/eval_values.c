/*
 * Single values: binary through eval_binary, multi-class means over classes,
 * and the errors of a regression, each a row of a table.
 */
#include "lib/math/eval.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/mem.h"

/* ---- multi ---- */

struct tally {
	double hits;
	double predicted;
	double actual;
};

static struct tally *
tally_classes(const struct eval_rows *rows)
{
	struct tally *tally = xcalloc(rows->n_classes, sizeof(*tally));
	size_t i, label, guess;

	for (i = 0; i < rows->n; i++) {
		label = (size_t)rows->label[i];
		guess = (size_t)rows->score[i];
		tally[label].actual++;
		tally[guess].predicted++;
		tally[label].hits += label == guess;
	}
	return tally;
}

static double
ratio(double part, double of)
{
	return of > 0 ? part / of : 0;
}

void
eval_multi_precision_recall(
    const struct eval_rows *rows, double *precision_out, double *recall_out)
{
	struct tally *tally = tally_classes(rows);
	size_t i;

	for (i = 0; i < rows->n_classes; i++) {
		if (tally[i].predicted + tally[i].actual == 0) {
			precision_out[i] = recall_out[i] = NAN;
			continue;
		}
		precision_out[i] = ratio(tally[i].hits, tally[i].predicted);
		recall_out[i] = ratio(tally[i].hits, tally[i].actual);
	}
	free(tally);
}

static double
multi_accuracy(const struct eval_rows *rows)
{
	double hits = 0;
	size_t i;

	for (i = 0; i < rows->n; i++)
		hits += rows->label[i] == rows->score[i];
	return hits / (double)rows->n;
}

static double
multi_mean(const struct eval_rows *rows, bool want_recall)
{
	double *values = xcalloc(2 * rows->n_classes, sizeof(*values));
	double *precision = values, *recall = values + rows->n_classes;
	double sum = 0;
	size_t i, n = 0;

	eval_multi_precision_recall(rows, precision, recall);
	for (i = 0; i < rows->n_classes; i++) {
		if (isnan(precision[i]))
			continue;
		sum += want_recall ? recall[i] : precision[i];
		n++;
	}
	free(values);
	return sum / (double)n;
}

static double
multi_precision(const struct eval_rows *rows)
{
	return multi_mean(rows, false);
}

static double
multi_recall(const struct eval_rows *rows)
{
	return multi_mean(rows, true);
}

/* ---- regression ---- */

static double
mean_absolute_error(const struct eval_rows *rows)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < rows->n; i++)
		sum += fabs(rows->label[i] - rows->score[i]);
	return sum / (double)rows->n;
}

static double
mean_squared_error(const struct eval_rows *rows)
{
	double sum = 0, d;
	size_t i;

	for (i = 0; i < rows->n; i++) {
		d = rows->label[i] - rows->score[i];
		sum += d * d;
	}
	return sum / (double)rows->n;
}

static double
root_mean_squared_error(const struct eval_rows *rows)
{
	return sqrt(mean_squared_error(rows));
}

/* NaN for negative values: the caller leaves it out. */
static double
mean_squared_log_error(const struct eval_rows *rows)
{
	double sum = 0, d;
	size_t i;

	for (i = 0; i < rows->n; i++) {
		if (rows->label[i] < 0 || rows->score[i] < 0)
			return NAN;
		d = log1p(rows->label[i]) - log1p(rows->score[i]);
		sum += d * d;
	}
	return sum / (double)rows->n;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median_absolute_error(const struct eval_rows *rows)
{
	double *d = xreallocarray(NULL, rows->n, sizeof(*d));
	double median;
	size_t i, mid = rows->n / 2;

	for (i = 0; i < rows->n; i++)
		d[i] = fabs(rows->label[i] - rows->score[i]);
	qsort(d, rows->n, sizeof(*d), by_value);
	median = rows->n % 2 == 1 ? d[mid] : (d[mid - 1] + d[mid]) / 2;
	free(d);
	return median;
}

/* Sum of squared distances from the mean, of labels or of residuals. */
static double
spread(const struct eval_rows *rows, bool residuals)
{
	double mean = 0, sum = 0, v;
	size_t i;

	for (i = 0; i < rows->n; i++)
		mean += rows->label[i] - (residuals ? rows->score[i] : 0);
	mean /= (double)rows->n;
	for (i = 0; i < rows->n; i++) {
		v = rows->label[i] - (residuals ? rows->score[i] : 0) - mean;
		sum += v * v;
	}
	return sum;
}

/* With labels that do not vary: 1 for a perfect fit, else 0. */
static double
explained(double unexplained, double total)
{
	if (total > 0)
		return 1 - unexplained / total;
	return unexplained > 0 ? 0 : 1;
}

static double
explained_variance(const struct eval_rows *rows)
{
	return explained(spread(rows, true), spread(rows, false));
}

static double
r2_score(const struct eval_rows *rows)
{
	return explained(
	    mean_squared_error(rows) * (double)rows->n, spread(rows, false));
}

/* ---- by the list ---- */

typedef double value_of(const struct eval_rows *rows);

static value_of *const multi_values[EVAL_METRIC__MAX] = {
    [EVAL_ACCURACY] = multi_accuracy,
    [EVAL_PRECISION] = multi_precision,
    [EVAL_RECALL] = multi_recall,
};

static value_of *const regression_values[EVAL_METRIC__MAX] = {
    [EVAL_EXPLAINED_VARIANCE] = explained_variance,
    [EVAL_MEAN_ABSOLUTE_ERROR] = mean_absolute_error,
    [EVAL_MEAN_SQUARED_ERROR] = mean_squared_error,
    [EVAL_MEAN_SQUARED_LOG_ERROR] = mean_squared_log_error,
    [EVAL_MEDIAN_ABSOLUTE_ERROR] = median_absolute_error,
    [EVAL_R2_SCORE] = r2_score,
    [EVAL_ROOT_MEAN_SQUARED_ERROR] = root_mean_squared_error,
};

static void
summary_add(struct eval_summary *out, enum eval_metric m, double value)
{
	out->at[out->n].metric = m;
	out->at[out->n++].value = value;
}

static void
leave_out(struct buf *left_out, enum eval_metric m, const char *why)
{
	if (left_out != NULL)
		buf_addf(left_out, "%s%s: %s", left_out->len > 0 ? "; " : "",
		    eval_metric_name(m), why);
}

static double
binary_value(const struct eval_binary *b, enum eval_metric m)
{
	struct eval_curve fpr, tpr;

	return m == EVAL_AUC ? eval_binary_auc(b)
			     : eval_binary_ks(b, &fpr, &tpr);
}

static enum err
summarize_binary(const struct eval_rows *rows, const struct eval_metrics *list,
    struct eval_summary *out, struct buf *left_out, struct buf *err)
{
	struct eval_binary *b;
	enum err rc;
	size_t i;

	rc = eval_binary_new(rows, &b, err);
	if (rc != ERR_OK)
		return rc;
	for (i = 0; i < list->n; i++) {
		if (list->at[i] != EVAL_AUC && list->at[i] != EVAL_KS)
			continue;
		if (eval_binary_has_both(b))
			summary_add(
			    out, list->at[i], binary_value(b, list->at[i]));
		else
			leave_out(left_out, list->at[i],
			    "needs rows of both classes");
	}
	eval_binary_free(b);
	return ERR_OK;
}

static enum err
check(enum eval_type type, const struct eval_rows *rows, struct buf *err)
{
	size_t i;

	if (rows->n == 0)
		return err_set(err, ERR_INVALID, "there are no rows");
	for (i = 0; i < rows->n; i++) {
		if (isnan(rows->label[i]) || isnan(rows->score[i]))
			return err_set(err, ERR_INVALID,
			    "row %zu has no number as its label or prediction",
			    i);
		if (type == EVAL_MULTI &&
		    (rows->label[i] < 0 || rows->score[i] < 0 ||
			rows->label[i] >= (double)rows->n_classes ||
			rows->score[i] >= (double)rows->n_classes))
			return err_set(err, ERR_INVALID,
			    "row %zu has no class of 0..%zu", i,
			    rows->n_classes - 1);
	}
	return ERR_OK;
}

enum err
eval_summarize(enum eval_type type, const struct eval_rows *rows,
    const struct eval_metrics *list, struct eval_summary *out,
    struct buf *left_out, struct buf *err)
{
	value_of *const *values =
	    type == EVAL_MULTI ? multi_values : regression_values;
	enum err rc;
	double v;
	size_t i;

	out->n = 0;
	if (type == EVAL_BINARY)
		return summarize_binary(rows, list, out, left_out, err);
	rc = check(type, rows, err);
	for (i = 0; rc == ERR_OK && i < list->n; i++) {
		if (values[list->at[i]] == NULL)
			continue;
		v = values[list->at[i]](rows);
		if (isnan(v))
			leave_out(left_out, list->at[i],
			    "not defined for negative values");
		else
			summary_add(out, list->at[i], v);
	}
	return rc;
}
