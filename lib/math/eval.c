/*
 * The metrics by name: one table row each says which types it suits and
 * whether it is a single value; aliases are a table of their own.
 */
#include "lib/math/eval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/base/mem.h"

#define BINARY	   (1u << EVAL_BINARY)
#define MULTI	   (1u << EVAL_MULTI)
#define REGRESSION (1u << EVAL_REGRESSION)

struct metric {
	const char *name;
	unsigned types;	   /* that it suits */
	unsigned defaults; /* that show it when nothing is asked for */
	unsigned single;   /* for which it is a single value */
	bool is_gain;	   /* larger is better */
};

static const struct metric metrics[] = {
    [EVAL_AUC] = {"auc", BINARY, BINARY, BINARY, true},
    [EVAL_KS] = {"ks", BINARY, BINARY, BINARY, true},
    [EVAL_LIFT] = {"lift", BINARY, BINARY, 0, true},
    [EVAL_GAIN] = {"gain", BINARY, BINARY, 0, true},
    [EVAL_ACCURACY] = {"accuracy", BINARY | MULTI, BINARY | MULTI, MULTI, true},
    [EVAL_PRECISION] = {"precision", BINARY | MULTI, BINARY | MULTI, MULTI,
	true},
    [EVAL_RECALL] = {"recall", BINARY | MULTI, BINARY | MULTI, MULTI, true},
    [EVAL_ROC] = {"roc", BINARY, BINARY, 0, true},
    [EVAL_CONFUSION_MAT] = {"confusion_mat", BINARY, BINARY, 0, true},
    [EVAL_PSI] = {"psi", BINARY, BINARY, 0, false},
    [EVAL_F1_SCORE] = {"f1_score", BINARY, BINARY, 0, true},
    [EVAL_QUANTILE_PR] = {"quantile_pr", BINARY, BINARY, 0, true},
    [EVAL_EXPLAINED_VARIANCE] = {"explained_variance", REGRESSION, REGRESSION,
	REGRESSION, true},
    [EVAL_MEAN_ABSOLUTE_ERROR] = {"mean_absolute_error", REGRESSION, REGRESSION,
	REGRESSION, false},
    [EVAL_MEAN_SQUARED_ERROR] = {"mean_squared_error", REGRESSION, REGRESSION,
	REGRESSION, false},
    [EVAL_MEAN_SQUARED_LOG_ERROR] = {"mean_squared_log_error", REGRESSION, 0,
	REGRESSION, false},
    [EVAL_MEDIAN_ABSOLUTE_ERROR] = {"median_absolute_error", REGRESSION,
	REGRESSION, REGRESSION, false},
    [EVAL_R2_SCORE] = {"r2_score", REGRESSION, REGRESSION, REGRESSION, true},
    [EVAL_ROOT_MEAN_SQUARED_ERROR] = {"root_mean_squared_error", REGRESSION,
	REGRESSION, REGRESSION, false},
};
_Static_assert(ARRAY_LEN(metrics) == EVAL_METRIC__MAX, "a row per metric");

static const struct {
	const char *alias;
	enum eval_metric metric;
} aliases[] = {
    {"l1", EVAL_MEAN_ABSOLUTE_ERROR},
    {"mae", EVAL_MEAN_ABSOLUTE_ERROR},
    {"l2", EVAL_MEAN_SQUARED_ERROR},
    {"mse", EVAL_MEAN_SQUARED_ERROR},
    {"regression", EVAL_MEAN_SQUARED_ERROR},
    {"l2_root", EVAL_ROOT_MEAN_SQUARED_ERROR},
    {"rmse", EVAL_ROOT_MEAN_SQUARED_ERROR},
    {"msle", EVAL_MEAN_SQUARED_LOG_ERROR},
    {"r2", EVAL_R2_SCORE},
    {"acc", EVAL_ACCURACY},
};

static const char *const type_names[] = {
    [EVAL_BINARY] = "binary",
    [EVAL_MULTI] = "multi",
    [EVAL_REGRESSION] = "regression",
};
_Static_assert(ARRAY_LEN(type_names) == EVAL_TYPE__MAX, "a name per type");

bool
eval_type_parse(const char *name, enum eval_type *out)
{
	unsigned i;

	for (i = 0; i < EVAL_TYPE__MAX; i++) {
		if (strcasecmp(type_names[i], name) == 0) {
			*out = (enum eval_type)i;
			return true;
		}
	}
	return false;
}

const char *
eval_type_name(enum eval_type type)
{
	return type_names[type];
}

const char *
eval_metric_name(enum eval_metric m)
{
	return metrics[m].name;
}

bool
eval_metric_suits(enum eval_metric m, enum eval_type type)
{
	return (metrics[m].types & 1u << type) != 0;
}

bool
eval_metric_is_gain(enum eval_metric m)
{
	return metrics[m].is_gain;
}

/* ---- lists ---- */

void
eval_metrics_default(enum eval_type type, struct eval_metrics *out)
{
	unsigned i;

	out->n = 0;
	for (i = 0; i < EVAL_METRIC__MAX; i++) {
		if ((metrics[i].defaults & 1u << type) != 0)
			out->at[out->n++] = (enum eval_metric)i;
	}
}

void
eval_metrics_single(enum eval_type type, struct eval_metrics *out)
{
	unsigned i;

	out->n = 0;
	for (i = 0; i < EVAL_METRIC__MAX; i++) {
		if ((metrics[i].defaults & metrics[i].single & 1u << type) != 0)
			out->at[out->n++] = (enum eval_metric)i;
	}
}

void
eval_metrics_keep_single(enum eval_type type, struct eval_metrics *list)
{
	size_t i, n = 0;

	for (i = 0; i < list->n; i++) {
		if ((metrics[list->at[i]].single & 1u << type) != 0)
			list->at[n++] = list->at[i];
	}
	list->n = n;
}

bool
eval_metrics_has(const struct eval_metrics *list, enum eval_metric m)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (list->at[i] == m)
			return true;
	}
	return false;
}

static void
add_once(struct eval_metrics *list, enum eval_metric m)
{
	if (!eval_metrics_has(list, m))
		list->at[list->n++] = m;
}

static bool
find_metric(const char *name, enum eval_metric *out)
{
	unsigned i;

	for (i = 0; i < ARRAY_LEN(aliases); i++) {
		if (strcasecmp(aliases[i].alias, name) == 0) {
			*out = aliases[i].metric;
			return true;
		}
	}
	for (i = 0; i < EVAL_METRIC__MAX; i++) {
		if (strcasecmp(metrics[i].name, name) == 0) {
			*out = (enum eval_metric)i;
			return true;
		}
	}
	return false;
}

static void
list_legal(enum eval_type type, struct buf *out)
{
	unsigned i;

	for (i = 0; i < EVAL_METRIC__MAX; i++) {
		if (eval_metric_suits((enum eval_metric)i, type))
			buf_addf(out, "%s%s", out->len > 0 ? ", " : "",
			    metrics[i].name);
	}
}

enum err
eval_metrics_add(struct eval_metrics *list, enum eval_type type,
    const char *name, struct buf *err)
{
	struct buf legal = BUF_INIT;
	enum eval_metric m;

	if (!find_metric(name, &m) || !eval_metric_suits(m, type)) {
		list_legal(type, &legal);
		err_set(err, ERR_INVALID,
		    "metrics: \"%s\" is no metric of eval_type %s; legal: %s",
		    name, type_names[type], legal.ptr);
		buf_release(&legal);
		return ERR_INVALID;
	}
	add_once(list, m);
	if (m == EVAL_PRECISION)
		add_once(list, EVAL_RECALL);
	if (m == EVAL_RECALL)
		add_once(list, EVAL_PRECISION);
	return ERR_OK;
}

/* ---- values ---- */

const double *
eval_summary_get(const struct eval_summary *s, enum eval_metric m)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->at[i].metric == m)
			return &s->at[i].value;
	}
	return NULL;
}

/* Through decimal text: halves are decided on the exact binary value. */
double
eval_round(double v)
{
	char text[352];

	if (!isfinite(v))
		return v;
	snprintf(text, sizeof(text), "%.6f", v);
	return strtod(text, NULL);
}

double
eval_round_single(double v)
{
	return isfinite(v) ? eval_round(v) : -9999999;
}
