/*
 * Each metric of a binary evaluation is a row of a table: the function that
 * computes and reports it. Curves share one description of names and metas.
 *
 * A metric's meta is written before its points; single values share one meta,
 * written with the first of them.
 */
#include "task/components/eval_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/num.h"

struct sink {
	struct task *t;
	struct eval_where where;
	const struct eval_request *request;
	const struct eval_binary *binary;
	struct eval_summary *out; /* may be NULL */
	bool has_summary_meta;
};

/* How a curve is called: D + suffix, and what its meta holds. */
struct curve_style {
	const char *suffix;
	const char *metric_type;
	const char *curve_suffix;  /* curve_name is D + this */
	const char *unit_name;	   /* NULL: left out */
	const char *ordinate_name; /* NULL: left out */
	bool is_paired;		   /* pair_type is D */
	size_t n_hidden;	   /* thresholds not shown, at the end */
};

static const struct curve_style ks_fpr = {
    "_ks_fpr", "KS_EVALUATION", "_fpr", NULL, NULL, true, 1};
static const struct curve_style ks_tpr = {
    "_ks_tpr", "KS_EVALUATION", "_tpr", NULL, NULL, true, 1};
static const struct curve_style roc = {
    "_roc", "ROC_EVALUATION", "", "fpr", "tpr", false, 0};
static const struct curve_style lift = {
    "_lift", "LIFT_EVALUATION", "", NULL, NULL, false, 0};
static const struct curve_style gain = {
    "_gain", "GAIN_EVALUATION", "", NULL, NULL, false, 0};
static const struct curve_style accuracy = {
    "_accuracy", "ACCURACY_EVALUATION", "", NULL, NULL, false, 0};
static const struct curve_style precision = {"_precision",
    "PRECISION_BINARY_EVALUATION", "", NULL, "Precision", true, 0};
static const struct curve_style recall = {
    "_recall", "RECALL_BINARY_EVALUATION", "", NULL, "Recall", true, 0};
static const struct curve_style multi_precision = {
    "_precision", "PRECISION_MULTI_EVALUATION", "", NULL, "Precision", true, 0};
static const struct curve_style multi_recall = {
    "_recall", "RECALL_MULTI_EVALUATION", "", NULL, "Recall", true, 0};

/* ---- writing ---- */

static void
number_text(double v, char out[32])
{
	num_format_double(eval_round(v), out);
}

static cJSON *
rounded(double v)
{
	return json_new_double(eval_round(v));
}

static cJSON *
thresholds_of(const struct eval_curve *curve, size_t n_hidden)
{
	cJSON *list = cJSON_CreateArray();
	size_t i;

	for (i = 0; i + n_hidden < curve->n; i++)
		cJSON_AddItemToArray(list, rounded(curve->at[i].threshold));
	return list;
}

static void
put_meta(
    struct sink *s, const char *suffix, const char *metric_type, cJSON *extras)
{
	struct buf name = BUF_INIT;

	buf_addf(&name, "%s%s", s->where.name, suffix);
	task_metric_meta(
	    s->t, s->where.name_space, name.ptr, name.ptr, metric_type, extras);
	buf_release(&name);
}

/* `curve` is NULL when the meta has no thresholds. */
static void
put_curve_meta(struct sink *s, const struct curve_style *style,
    const struct eval_curve *curve)
{
	cJSON *extras = cJSON_CreateObject();
	struct buf name = BUF_INIT;

	buf_addf(&name, "%s%s", s->where.name, style->curve_suffix);
	json_add_str(extras, "curve_name", name.ptr);
	if (style->unit_name != NULL)
		json_add_str(extras, "unit_name", style->unit_name);
	if (style->ordinate_name != NULL)
		json_add_str(extras, "ordinate_name", style->ordinate_name);
	if (style->is_paired)
		json_add_str(extras, "pair_type", s->where.name);
	if (curve != NULL)
		json_add(extras, "thresholds",
		    thresholds_of(curve, style->n_hidden));
	put_meta(s, style->suffix, style->metric_type, extras);
	buf_release(&name);
}

static void
put_curve(struct sink *s, const struct curve_style *style,
    const struct eval_curve *curve)
{
	struct buf name = BUF_INIT;
	char x[32], y[32];
	size_t i;

	put_curve_meta(s, style, curve);
	buf_addf(&name, "%s%s", s->where.name, style->suffix);
	for (i = 0; i < curve->n; i++) {
		number_text(curve->at[i].x, x);
		number_text(curve->at[i].y, y);
		task_metric(s->t, s->where.name_space, name.ptr, x, y);
	}
	buf_release(&name);
}

static void
put_single(struct sink *s, enum eval_metric m, double value)
{
	if (!s->has_summary_meta)
		put_meta(s, "", "EVALUATION_SUMMARY", cJSON_CreateObject());
	s->has_summary_meta = true;
	task_metric_value(s->t, s->where.name_space, s->where.name,
	    eval_metric_name(m), eval_round_single(value));
	if (s->out != NULL) {
		s->out->at[s->out->n].metric = m;
		s->out->at[s->out->n++].value = value;
	}
}

static void
log_left_out(struct sink *s, const char *what)
{
	task_log(s->t, "%s of %s left out: %s", s->where.name,
	    s->where.name_space, what);
}

/* ---- binary ---- */

static void
report_auc(struct sink *s)
{
	put_single(s, EVAL_AUC, eval_binary_auc(s->binary));
}

static void
report_ks(struct sink *s)
{
	struct eval_curve fpr, tpr;

	put_single(s, EVAL_KS, eval_binary_ks(s->binary, &fpr, &tpr));
	put_curve(s, &ks_fpr, &fpr);
	put_curve(s, &ks_tpr, &tpr);
}

static void
report_roc(struct sink *s)
{
	struct eval_curve curve;

	eval_binary_roc(s->binary, &curve);
	put_curve(s, &roc, &curve);
}

static void
report_lift(struct sink *s)
{
	struct eval_curve curve;

	eval_binary_lift(s->binary, &curve);
	put_curve(s, &lift, &curve);
}

static void
report_gain(struct sink *s)
{
	struct eval_curve curve;

	eval_binary_gain(s->binary, &curve);
	put_curve(s, &gain, &curve);
}

static void
report_accuracy(struct sink *s)
{
	struct eval_curve curve;

	eval_binary_accuracy(s->binary, &curve);
	put_curve(s, &accuracy, &curve);
}

static void
report_precision(struct sink *s)
{
	struct eval_curve p, r;

	eval_binary_precision_recall(s->binary, &p, &r);
	put_curve(s, &precision, &p);
}

static void
report_recall(struct sink *s)
{
	struct eval_curve p, r;

	eval_binary_precision_recall(s->binary, &p, &r);
	put_curve(s, &recall, &r);
}

static void
report_confusion(struct sink *s)
{
	static const char *const keys[] = {"tp", "fp", "tn", "fn"};
	cJSON *extras = cJSON_CreateObject(), *lists[4], *thresholds;
	struct eval_confusions all;
	size_t i, k;

	eval_binary_confusion(s->binary, &all);
	for (k = 0; k < ARRAY_LEN(keys); k++)
		lists[k] = cJSON_AddArrayToObject(extras, keys[k]);
	thresholds = cJSON_AddArrayToObject(extras, "thresholds");
	for (i = 0; i < all.n; i++) {
		const struct eval_confusion *c = &all.at[i];
		const double counts[] = {c->tp, c->fp, c->tn, c->fn};

		for (k = 0; k < ARRAY_LEN(keys); k++)
			cJSON_AddItemToArray(
			    lists[k], cJSON_CreateNumber(counts[k]));
		cJSON_AddItemToArray(thresholds, rounded(c->threshold));
	}
	put_meta(s, "_confusion_mat", "CONFUSION_MAT", extras);
}

static void
report_f1(struct sink *s)
{
	cJSON *extras = cJSON_CreateObject(), *scores;
	struct eval_curve curve;
	size_t i;

	eval_binary_f1(s->binary, &curve);
	scores = cJSON_AddArrayToObject(extras, "f1_scores");
	for (i = 0; i < curve.n; i++)
		cJSON_AddItemToArray(scores, rounded(curve.at[i].y));
	json_add(extras, "thresholds", thresholds_of(&curve, 0));
	put_meta(s, "_f1_score", "F1_SCORE", extras);
}

/* [[0.0, v], ...]: the pair's first half is always zero in FATE too. */
static cJSON *
pairs_of(const struct eval_curve *curve)
{
	cJSON *list = cJSON_CreateArray(), *pair;
	size_t i;

	for (i = 0; i < curve->n; i++) {
		pair = cJSON_CreateArray();
		cJSON_AddItemToArray(list, pair);
		cJSON_AddItemToArray(pair, json_new_double(0));
		cJSON_AddItemToArray(pair, rounded(curve->at[i].y));
	}
	return list;
}

static void
report_quantile_pr(struct sink *s)
{
	cJSON *extras = cJSON_CreateObject();
	struct eval_curve p, r;

	eval_binary_quantile_pr(s->binary, &p, &r);
	json_add(extras, "p_scores", pairs_of(&p));
	json_add(extras, "r_scores", pairs_of(&r));
	json_add(extras, "thresholds", thresholds_of(&p, 0));
	put_meta(s, "_quantile_pr", "QUANTILE_PR", extras);
}

/* ---- population stability ---- */

struct psi_lists {
	cJSON *psi;
	cJSON *expected, *expected_share, *expected_pos;
	cJSON *actual, *actual_share, *actual_pos;
	cJSON *intervals;
};

static void
add_interval(cJSON *list, const struct eval_psi_bin *bin, bool is_last)
{
	struct buf text = BUF_INIT;
	char low[32], high[32];

	number_text(bin->low, low);
	number_text(bin->high, high);
	buf_addf(&text, "[%s, %s%c", low, high, is_last ? ']' : ')');
	cJSON_AddItemToArray(list, cJSON_CreateString(text.ptr));
	buf_release(&text);
}

static void
add_bin(struct psi_lists *to, const struct eval_psi_bin *bin)
{
	const struct {
		cJSON *list;
		double value;
	} shares[] = {
	    {to->psi, bin->psi},
	    {to->expected_share, bin->expected_share},
	    {to->expected_pos, bin->expected_pos_share},
	    {to->actual_share, bin->actual_share},
	    {to->actual_pos, bin->actual_pos_share},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(shares); i++)
		cJSON_AddItemToArray(shares[i].list, rounded(shares[i].value));
	cJSON_AddItemToArray(to->expected, cJSON_CreateNumber(bin->expected));
	cJSON_AddItemToArray(to->actual, cJSON_CreateNumber(bin->actual));
}

static void
put_psi(struct sink *s, const struct eval_psi *psi)
{
	cJSON *extras = cJSON_CreateObject();
	struct psi_lists to = {
	    .psi = cJSON_AddArrayToObject(extras, "psi_scores"),
	    .expected = cJSON_AddArrayToObject(extras, "expected_interval"),
	    .expected_share =
		cJSON_AddArrayToObject(extras, "expected_percentage"),
	    .actual = cJSON_AddArrayToObject(extras, "actual_interval"),
	    .actual_share = cJSON_AddArrayToObject(extras, "actual_percentage"),
	    .intervals = cJSON_AddArrayToObject(extras, "intervals"),
	    .expected_pos = cJSON_AddArrayToObject(extras, "train_pos_perc"),
	    .actual_pos = cJSON_AddArrayToObject(extras, "validate_pos_perc"),
	};
	size_t i;

	for (i = 0; i < psi->n; i++) {
		add_bin(&to, &psi->at[i]);
		add_interval(to.intervals, &psi->at[i], i + 1 == psi->n);
	}
	json_add(extras, "total_psi", rounded(psi->total));
	put_meta(s, "_psi", "PSI", extras);
}

static void
report_psi(struct sink *s)
{
	struct eval_binary *expected = NULL;
	struct buf why = BUF_INIT;
	struct eval_psi psi;
	enum err rc;

	if (s->request->expected == NULL)
		return;
	rc = eval_binary_new(s->request->expected, &expected, &why);
	if (rc == ERR_OK)
		rc = eval_psi_compute(expected, s->binary, &psi, &why);
	if (rc == ERR_OK)
		put_psi(s, &psi);
	else
		log_left_out(s, why.ptr);
	eval_binary_free(expected);
	buf_release(&why);
}

static const struct {
	void (*report)(struct sink *s);
	bool needs_both; /* classes */
} binary_reports[EVAL_METRIC__MAX] = {
    [EVAL_AUC] = {report_auc, true},
    [EVAL_KS] = {report_ks, true},
    [EVAL_LIFT] = {report_lift, false},
    [EVAL_GAIN] = {report_gain, false},
    [EVAL_ACCURACY] = {report_accuracy, false},
    [EVAL_PRECISION] = {report_precision, false},
    [EVAL_RECALL] = {report_recall, false},
    [EVAL_ROC] = {report_roc, true},
    [EVAL_CONFUSION_MAT] = {report_confusion, false},
    [EVAL_PSI] = {report_psi, false},
    [EVAL_F1_SCORE] = {report_f1, false},
    [EVAL_QUANTILE_PR] = {report_quantile_pr, false},
};

static enum err
report_binary(struct sink *s, struct buf *err)
{
	const struct eval_metrics *list = s->request->metrics;
	struct eval_binary *binary = NULL;
	struct buf what = BUF_INIT;
	enum err rc;
	size_t i;

	rc = eval_binary_new(s->request->rows, &binary, err);
	s->binary = binary;
	for (i = 0; rc == ERR_OK && i < list->n; i++) {
		enum eval_metric m = list->at[i];

		if (binary_reports[m].report == NULL)
			continue;
		if (!binary_reports[m].needs_both ||
		    eval_binary_has_both(binary)) {
			binary_reports[m].report(s);
			continue;
		}
		buf_reset(&what);
		buf_addf(&what, "%s needs rows of both classes",
		    eval_metric_name(m));
		log_left_out(s, what.ptr);
	}
	eval_binary_free(binary);
	buf_release(&what);
	return rc;
}

/* ---- multi and regression ---- */

static void
put_classes(
    struct sink *s, const struct curve_style *style, const double *values)
{
	struct buf name = BUF_INIT;
	char y[32];
	size_t i;

	put_curve_meta(s, style, NULL);
	buf_addf(&name, "%s%s", s->where.name, style->suffix);
	for (i = 0; i < s->request->rows->n_classes; i++) {
		if (isnan(values[i]))
			continue;
		number_text(values[i], y);
		task_metric(s->t, s->where.name_space, name.ptr,
		    s->request->classes[i], y);
	}
	buf_release(&name);
}

static void
report_classes(struct sink *s, enum eval_metric m)
{
	const struct eval_rows *rows = s->request->rows;
	double *values;

	if (s->request->classes == NULL ||
	    (m != EVAL_PRECISION && m != EVAL_RECALL))
		return;
	values = xcalloc(2 * rows->n_classes, sizeof(*values));
	eval_multi_precision_recall(rows, values, values + rows->n_classes);
	if (m == EVAL_PRECISION)
		put_classes(s, &multi_precision, values);
	else
		put_classes(s, &multi_recall, values + rows->n_classes);
	free(values);
}

static enum err
report_values(struct sink *s, struct buf *err)
{
	const struct eval_request *q = s->request;
	struct buf left_out = BUF_INIT;
	struct eval_summary summary;
	enum err rc;
	size_t i;

	rc = eval_summarize(
	    q->type, q->rows, q->metrics, &summary, &left_out, err);
	for (i = 0; rc == ERR_OK && i < summary.n; i++)
		put_single(s, summary.at[i].metric, summary.at[i].value);
	for (i = 0; rc == ERR_OK && i < summary.n; i++)
		report_classes(s, summary.at[i].metric);
	if (left_out.len > 0)
		log_left_out(s, left_out.ptr);
	buf_release(&left_out);
	return rc;
}

enum err
eval_report_all(struct task *t, const struct eval_request *request,
    struct eval_where where, struct eval_summary *out, struct buf *err)
{
	struct sink s = {
	    .t = t, .where = where, .request = request, .out = out};

	if (out != NULL)
		out->n = 0;
	if (request->type == EVAL_BINARY)
		return report_binary(&s, err);
	return report_values(&s, err);
}

/* A name that the type lacks asks for nothing. */
static void
read_single(
    enum eval_type type, const cJSON *asked, struct eval_metrics *single)
{
	const cJSON *it;

	single->n = 0;
	cJSON_ArrayForEach(it, asked)
	{
		if (cJSON_IsString(it))
			eval_metrics_add(single, type, it->valuestring, NULL);
	}
	eval_metrics_keep_single(type, single);
	if (single->n == 0)
		eval_metrics_single(type, single);
}

enum err
eval_report_single(struct task *t, enum eval_type type, const cJSON *asked,
    const struct eval_rows *rows, struct eval_where where,
    struct eval_summary *out, struct buf *err)
{
	struct eval_metrics single;
	struct eval_request request = {
	    .type = type, .metrics = &single, .rows = rows};

	read_single(type, asked, &single);
	return eval_report_all(t, &request, where, out, err);
}
