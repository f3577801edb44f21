/*
 * Evaluation metrics: pure numbers in, pure numbers out (contract:
 * components, section 10). Nothing here is rounded; who shows a value rounds
 * it with eval_round().
 *
 * Every curve is cut to about a hundred thresholds, so results are of fixed
 * size however many rows there are.
 */
#ifndef FF_MATH_EVAL_H
#define FF_MATH_EVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

enum eval_type { EVAL_BINARY, EVAL_MULTI, EVAL_REGRESSION, EVAL_TYPE__MAX };

/* In the order in which metrics are shown when none are asked for. */
enum eval_metric {
	EVAL_AUC,
	EVAL_KS,
	EVAL_LIFT,
	EVAL_GAIN,
	EVAL_ACCURACY,
	EVAL_PRECISION,
	EVAL_RECALL,
	EVAL_ROC,
	EVAL_CONFUSION_MAT,
	EVAL_PSI,
	EVAL_F1_SCORE,
	EVAL_QUANTILE_PR,
	EVAL_EXPLAINED_VARIANCE,
	EVAL_MEAN_ABSOLUTE_ERROR,
	EVAL_MEAN_SQUARED_ERROR,
	EVAL_MEAN_SQUARED_LOG_ERROR,
	EVAL_MEDIAN_ABSOLUTE_ERROR,
	EVAL_R2_SCORE,
	EVAL_ROOT_MEAN_SQUARED_ERROR,
	EVAL_METRIC__MAX
};

/* Metrics asked for, in their order, each once. */
struct eval_metrics {
	enum eval_metric at[EVAL_METRIC__MAX];
	size_t n;
};

/* "binary", "multi", "regression" in any case; false for anything else. */
bool eval_type_parse(const char *name, enum eval_type *out);
const char *eval_type_name(enum eval_type type);

/* The metric's name as it is shown ("auc"). */
const char *eval_metric_name(enum eval_metric m);
bool eval_metric_suits(enum eval_metric m, enum eval_type type);
/* Larger is better; false for errors and losses. */
bool eval_metric_is_gain(enum eval_metric m);

/* All that are shown by default for the type. */
void eval_metrics_default(enum eval_type type, struct eval_metrics *out);
/* The single-valued ones of those: auc, ks; accuracy, ...; rmse, ... */
void eval_metrics_single(enum eval_type type, struct eval_metrics *out);
/* Takes out all that are no single value of the type. */
void eval_metrics_keep_single(enum eval_type type, struct eval_metrics *list);
/*
 * Adds by name or alias ("mae", "acc", ...); what is there already stays.
 * precision brings recall along and the other way round.
 */
enum err eval_metrics_add(struct eval_metrics *list, enum eval_type type,
    const char *name, struct buf *err);
bool eval_metrics_has(const struct eval_metrics *list, enum eval_metric m);

/*
 * What is evaluated; borrowed. Classes are numbered 0..n_classes-1.
 *
 *	       label		    score
 * binary      0 or 1		    predict_score
 * multi       class		    predicted class
 * regression  value		    predicted value
 */
struct eval_rows {
	const double *label;
	const double *score;
	size_t n;
	size_t n_classes; /* multi only */
};

/* ---- single values ---- */

struct eval_value {
	enum eval_metric metric;
	double value;
};

struct eval_summary {
	struct eval_value at[EVAL_METRIC__MAX];
	size_t n;
};

/*
 * The single-valued metrics of the list, in its order. One that these rows
 * do not define (auc of one class) is left out and named, with the reason,
 * in `left_out` (which may be NULL). ERR_INVALID: no rows, or NaN in them.
 */
enum err eval_summarize(enum eval_type type, const struct eval_rows *rows,
    const struct eval_metrics *list, struct eval_summary *out,
    struct buf *left_out, struct buf *err);

/* The metric's value, or NULL when it was left out. */
const double *
eval_summary_get(const struct eval_summary *s, enum eval_metric m);

/* Rounded to 6 decimals, as Python rounds. */
double eval_round(double v);
/* The same, and -9999999 for what is not finite. */
double eval_round_single(double v);

/* ---- binary curves ---- */

#define EVAL_POINTS_MAX 102

struct eval_point {
	double x;
	double y;
	double threshold;
};

struct eval_curve {
	struct eval_point at[EVAL_POINTS_MAX];
	size_t n;
};

/* Counts of rows with score > threshold. */
struct eval_confusion {
	double threshold;
	double tp;
	double fp;
	double tn;
	double fn;
};

struct eval_confusions {
	struct eval_confusion at[EVAL_POINTS_MAX];
	size_t n;
};

/* Rows sorted by score: what all binary metrics start from. */
struct eval_binary;

/* ERR_INVALID: no rows, NaN scores, labels other than 0 and 1. */
enum err eval_binary_new(
    const struct eval_rows *rows, struct eval_binary **out, struct buf *err);
void eval_binary_free(struct eval_binary *b);
bool eval_binary_has_both(const struct eval_binary *b);

/* NaN unless both classes are there. */
double eval_binary_auc(const struct eval_binary *b);
/* Both classes needed. x is the cut; the curves have 101 points. */
double eval_binary_ks(const struct eval_binary *b, struct eval_curve *fpr_out,
    struct eval_curve *tpr_out);
/* Both classes needed. */
void eval_binary_roc(const struct eval_binary *b, struct eval_curve *out);
void eval_binary_lift(const struct eval_binary *b, struct eval_curve *out);
void eval_binary_gain(const struct eval_binary *b, struct eval_curve *out);
void eval_binary_accuracy(const struct eval_binary *b, struct eval_curve *out);
/* Points of equal recall are one: that of the highest precision. */
void eval_binary_precision_recall(const struct eval_binary *b,
    struct eval_curve *precision_out, struct eval_curve *recall_out);
void
eval_binary_confusion(const struct eval_binary *b, struct eval_confusions *out);
/* x is not used. */
void eval_binary_f1(const struct eval_binary *b, struct eval_curve *out);
/* 21 quantiles ascending; y is the score. */
void eval_binary_quantile_pr(const struct eval_binary *b,
    struct eval_curve *precision_out, struct eval_curve *recall_out);

/* ---- population stability ---- */

#define EVAL_PSI_BINS_MAX 20

struct eval_psi_bin {
	double low;
	double high; /* not in the bin, but for the last one */
	double expected;
	double expected_share;
	double expected_pos_share; /* of the bin's rows */
	double actual;
	double actual_share;
	double actual_pos_share;
	double psi;
};

struct eval_psi {
	struct eval_psi_bin at[EVAL_PSI_BINS_MAX];
	size_t n;
	double total;
};

/* ERR_INVALID when the expected scores have no two distinct quantiles. */
enum err eval_psi_compute(const struct eval_binary *expected,
    const struct eval_binary *actual, struct eval_psi *out, struct buf *err);

/* ---- multi ---- */

/*
 * Per class; arrays of n_classes. A class never predicted has precision 0;
 * one that occurs in neither labels nor predictions has NaN, and does not
 * count in the means.
 */
void eval_multi_precision_recall(
    const struct eval_rows *rows, double *precision_out, double *recall_out);

#endif
