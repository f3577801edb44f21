/*
 * Evaluation metrics on sets small enough to compute by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/math/eval.h"

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-12)

static const double labels[] = {1, 1, 0, 1, 0, 1, 0, 0};
static const double scores[] = {.9, .8, .7, .6, .55, .5, .4, .3};

static struct eval_binary *
binary_of(const double *label, const double *score, size_t n)
{
	struct eval_rows r = {.label = label, .score = score, .n = n};
	struct eval_binary *b = NULL;

	assert_int_equal(eval_binary_new(&r, &b, NULL), ERR_OK);
	return b;
}

static void
test_auc_when_scores_tie_then_half(void **state)
{
	static const struct {
		double label[4];
		double score[4];
		double auc;
	} cases[] = {
	    {{1, 0, 1, 0}, {.4, .3, .2, .1}, 0.75},
	    {{1, 0, 1, 0}, {.5, .5, .5, .5}, 0.5},
	    {{1, 1, 0, 0}, {.9, .5, .5, .1}, 0.875},
	    {{0, 0, 1, 1}, {.9, .8, .2, .1}, 0},
	};
	struct eval_binary *b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		b = binary_of(cases[i].label, cases[i].score, 4);
		assert_near(eval_binary_auc(b), cases[i].auc);
		eval_binary_free(b);
	}
	b = binary_of(labels, scores, 8);
	assert_near(eval_binary_auc(b), 13.0 / 16);
	eval_binary_free(b);
}

static void
test_ks_when_hand_computed_then_same_and_101_points(void **state)
{
	struct eval_binary *b = binary_of(labels, scores, 8);
	struct eval_curve fpr, tpr;

	(void)state;
	assert_near(eval_binary_ks(b, &fpr, &tpr), 0.5);
	assert_int_equal(fpr.n, 101);
	assert_int_equal(tpr.n, 101);
	assert_near(tpr.at[0].y, 0); /* > 0.9: none */
	assert_near(fpr.at[0].threshold, .9);
	assert_near(tpr.at[99].y, 1); /* > 0.3: all but the last */
	assert_near(fpr.at[99].y, 0.75);
	assert_near(fpr.at[100].x, 1);
	assert_near(fpr.at[100].y, 1);
	eval_binary_free(b);
}

static void
test_roc_when_points_are_collinear_then_dropped(void **state)
{
	static const double l[] = {1, 1, 1, 0, 0, 0};
	static const double s[] = {.9, .8, .7, .6, .5, .4};
	struct eval_binary *b = binary_of(l, s, 6);
	struct eval_curve roc;

	(void)state;
	eval_binary_roc(b, &roc);
	/* start, first score (always kept), corner, end */
	assert_int_equal(roc.n, 4);
	assert_near(roc.at[0].threshold, 1.9);
	assert_near(roc.at[0].x, 0);
	assert_near(roc.at[1].y, 1.0 / 3);
	assert_near(roc.at[2].x, 0);
	assert_near(roc.at[2].y, 1);
	assert_near(roc.at[2].threshold, .7);
	assert_near(roc.at[3].x, 1);
	assert_near(roc.at[3].threshold, .4);
	eval_binary_free(b);
}

static void
test_curves_when_few_scores_then_repeated_points_are_one(void **state)
{
	struct eval_binary *b = binary_of(labels, scores, 8);
	struct eval_curve p, r, c;

	(void)state;
	eval_binary_lift(b, &c);
	assert_int_equal(c.n, 9); /* 8 thresholds and the closing point */
	assert_near(c.at[0].x, 0);
	assert_near(c.at[0].y, 2);
	assert_near(c.at[3].x, 3.0 / 8);
	assert_near(c.at[3].y, (2.0 / 3) / .5);
	assert_near(c.at[8].threshold, 0);
	eval_binary_gain(b, &c);
	assert_int_equal(c.n, 9);
	assert_near(c.at[3].y, .5);
	eval_binary_accuracy(b, &c);
	assert_int_equal(c.n, 100);
	assert_near(c.at[0].y, .5);
	assert_near(c.at[99].y, 5.0 / 8);
	eval_binary_precision_recall(b, &p, &r);
	assert_int_equal(p.n, 5); /* recalls 0, 1/4, 2/4, 3/4, 1 */
	assert_int_equal(r.n, 5);
	assert_near(p.at[0].y, 1);
	assert_near(p.at[2].y, 1); /* not the 2/3 of equal recall */
	assert_near(r.at[4].y, 1);
	assert_near(p.at[4].y, 4.0 / 6);
	eval_binary_free(b);
}

static void
test_confusion_and_f1_when_hand_computed_then_101_entries(void **state)
{
	struct eval_binary *b = binary_of(labels, scores, 8);
	struct eval_confusions all;
	struct eval_curve f1;

	(void)state;
	eval_binary_confusion(b, &all);
	assert_int_equal(all.n, 101);
	assert_near(all.at[0].tp, 0);
	assert_near(all.at[0].tn, 4);
	assert_near(all.at[50].threshold, .55); /* int(8 * 0.5) = 4 */
	assert_near(all.at[50].tp, 3);
	assert_near(all.at[50].fp, 1);
	assert_near(all.at[100].threshold, 0);
	assert_near(all.at[100].fn, 0);
	eval_binary_f1(b, &f1);
	assert_int_equal(f1.n, 101);
	assert_near(f1.at[0].y, 0);
	assert_near(f1.at[50].y, .75);
	eval_binary_free(b);
}

static void
test_quantile_pr_when_21_quantiles_then_nearest_scores(void **state)
{
	struct eval_binary *b = binary_of(labels, scores, 8);
	struct eval_curve p, r;

	(void)state;
	eval_binary_quantile_pr(b, &p, &r);
	assert_int_equal(p.n, 21);
	assert_near(p.at[0].threshold, .3);
	assert_near(p.at[20].threshold, .9);
	assert_near(p.at[10].threshold, .6); /* place 3.5: the even 4 */
	assert_near(p.at[20].y, 1);
	assert_near(r.at[20].y, 0);
	eval_binary_free(b);
}

static void
test_binary_when_one_class_then_no_auc_but_named(void **state)
{
	static const double ones[] = {1, 1}, s[] = {.5, .6};
	struct eval_rows r = {.label = ones, .score = s, .n = 2};
	struct buf left_out = BUF_INIT;
	struct eval_summary summary;
	struct eval_metrics list;
	struct eval_binary *b;
	struct eval_curve c;

	(void)state;
	eval_metrics_single(EVAL_BINARY, &list);
	assert_int_equal(
	    eval_summarize(EVAL_BINARY, &r, &list, &summary, &left_out, NULL),
	    ERR_OK);
	assert_int_equal(summary.n, 0);
	assert_non_null(strstr(left_out.ptr, "auc"));
	assert_non_null(strstr(left_out.ptr, "ks"));
	buf_release(&left_out);
	b = binary_of(ones, s, 2);
	assert_false(eval_binary_has_both(b));
	assert_true(isnan(eval_binary_auc(b)));
	eval_binary_lift(b, &c);
	eval_binary_free(b);
}

static void
test_binary_when_rows_are_bad_then_invalid(void **state)
{
	static const double label[] = {1, 2}, nans[] = {.5, NAN}, s[] = {0, 1};
	const struct eval_rows bad[] = {
	    {.label = label, .score = s, .n = 0},
	    {.label = label, .score = s, .n = 2},
	    {.label = s, .score = nans, .n = 2},
	};
	struct eval_binary *b = NULL;
	struct buf err = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		buf_reset(&err);
		assert_int_equal(
		    eval_binary_new(&bad[i], &b, &err), ERR_INVALID);
		assert_true(err.len > 0);
	}
	assert_null(b);
	buf_release(&err);
}

static void
test_psi_when_same_rows_then_zero_and_when_shifted_then_positive(void **state)
{
	static const double low[] = {.1, .1, .1, .1, .1, .1, .1, .1};
	struct eval_binary *b = binary_of(labels, scores, 8);
	struct eval_binary *shifted = binary_of(labels, low, 8);
	struct eval_psi psi;
	struct buf err = BUF_INIT;

	(void)state;
	assert_int_equal(eval_psi_compute(b, b, &psi, NULL), ERR_OK);
	assert_near(psi.total, 0);
	assert_int_equal(psi.n, 7);
	assert_near(psi.at[6].expected, 2); /* .8 and .9: closed */
	assert_near(psi.at[0].expected_share, 1.0 / 8);
	assert_int_equal(eval_psi_compute(b, shifted, &psi, NULL), ERR_OK);
	assert_true(psi.total > 1);
	assert_near(psi.at[0].actual_share, 1e-6);
	assert_int_equal(eval_psi_compute(shifted, b, &psi, &err), ERR_INVALID);
	buf_release(&err);
	eval_binary_free(shifted);
	eval_binary_free(b);
}

static void
test_multi_when_hand_computed_then_macro_means(void **state)
{
	static const double l[] = {0, 0, 1, 1, 2, 2};
	static const double s[] = {0, 1, 1, 1, 0, 2};
	struct eval_rows r = {.label = l, .score = s, .n = 6, .n_classes = 4};
	struct eval_summary sum;
	struct eval_metrics list;
	double p[4], q[4];

	(void)state;
	eval_metrics_single(EVAL_MULTI, &list);
	assert_int_equal(
	    eval_summarize(EVAL_MULTI, &r, &list, &sum, NULL, NULL), ERR_OK);
	assert_int_equal(sum.n, 3);
	assert_near(*eval_summary_get(&sum, EVAL_ACCURACY), 4.0 / 6);
	assert_near(*eval_summary_get(&sum, EVAL_PRECISION),
	    (1.0 / 2 + 2.0 / 3 + 1) / 3);
	assert_near(
	    *eval_summary_get(&sum, EVAL_RECALL), (1.0 / 2 + 1 + 1.0 / 2) / 3);
	eval_multi_precision_recall(&r, p, q);
	assert_true(isnan(p[3])); /* a class that does not occur */
	assert_near(q[1], 1);
	r.n_classes = 2;
	assert_int_equal(
	    eval_summarize(EVAL_MULTI, &r, &list, &sum, NULL, NULL),
	    ERR_INVALID);
}

static void
test_regression_when_hand_computed_then_same(void **state)
{
	static const double l[] = {3, -.5, 2, 7}, s[] = {2.5, 0, 2, 8};
	static const struct {
		enum eval_metric metric;
		double value;
	} expected[] = {
	    {EVAL_EXPLAINED_VARIANCE, 1 - 1.25 / 29.1875},
	    {EVAL_MEAN_ABSOLUTE_ERROR, .5},
	    {EVAL_MEAN_SQUARED_ERROR, .375},
	    {EVAL_MEDIAN_ABSOLUTE_ERROR, .5},
	    {EVAL_R2_SCORE, 1 - 1.5 / 29.1875},
	    {EVAL_ROOT_MEAN_SQUARED_ERROR, 0.61237243569579447},
	};
	struct eval_rows r = {.label = l, .score = s, .n = 4};
	struct buf left_out = BUF_INIT;
	struct eval_summary sum;
	struct eval_metrics list;
	size_t i;

	(void)state;
	eval_metrics_single(EVAL_REGRESSION, &list);
	assert_int_equal(
	    eval_summarize(EVAL_REGRESSION, &r, &list, &sum, NULL, NULL),
	    ERR_OK);
	assert_int_equal(sum.n, ARRAY_LEN(expected));
	for (i = 0; i < sum.n; i++) {
		assert_int_equal(sum.at[i].metric, expected[i].metric);
		assert_near(sum.at[i].value, expected[i].value);
	}
	list.n = 0;
	assert_int_equal(
	    eval_metrics_add(&list, EVAL_REGRESSION, "msle", NULL), ERR_OK);
	assert_int_equal(
	    eval_summarize(EVAL_REGRESSION, &r, &list, &sum, &left_out, NULL),
	    ERR_OK);
	assert_int_equal(sum.n, 0);
	assert_non_null(strstr(left_out.ptr, "mean_squared_log_error"));
	buf_release(&left_out);
}

static void
test_metrics_when_named_then_aliases_pairs_and_order(void **state)
{
	struct eval_metrics list = {.n = 0};
	struct buf err = BUF_INIT;

	(void)state;
	assert_int_equal(
	    eval_metrics_add(&list, EVAL_BINARY, "recall", NULL), ERR_OK);
	assert_int_equal(
	    eval_metrics_add(&list, EVAL_BINARY, "ACC", NULL), ERR_OK);
	assert_int_equal(
	    eval_metrics_add(&list, EVAL_BINARY, "precision", NULL), ERR_OK);
	assert_int_equal(list.n, 3);
	assert_int_equal(list.at[0], EVAL_RECALL);
	assert_int_equal(list.at[1], EVAL_PRECISION);
	assert_int_equal(list.at[2], EVAL_ACCURACY);
	assert_int_equal(
	    eval_metrics_add(&list, EVAL_BINARY, "rmse", &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "quantile_pr"));
	buf_release(&err);
	eval_metrics_keep_single(EVAL_BINARY, &list);
	assert_int_equal(list.n, 0);
	eval_metrics_add(&list, EVAL_BINARY, "ks", NULL);
	eval_metrics_add(&list, EVAL_BINARY, "roc", NULL);
	eval_metrics_add(&list, EVAL_BINARY, "auc", NULL);
	eval_metrics_keep_single(EVAL_BINARY, &list);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.at[0], EVAL_KS);
	assert_int_equal(list.at[1], EVAL_AUC);
	eval_metrics_default(EVAL_BINARY, &list);
	assert_int_equal(list.n, 12);
	assert_int_equal(list.at[9], EVAL_PSI);
}

static void
test_round_when_half_or_infinite_then_as_python(void **state)
{
	(void)state;
	assert_true(eval_round(0.1234565) == 0.123456); /* binary: below */
	assert_true(eval_round(1.5938375350140056) == 1.593838);
	assert_true(eval_round(-0.0000004) == 0);
	assert_true(eval_round(DBL_MAX) == DBL_MAX);
	assert_true(eval_round_single(INFINITY) == -9999999);
	assert_true(eval_round_single(NAN) == -9999999);
	assert_true(isinf(eval_round(INFINITY)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_auc_when_scores_tie_then_half),
	    cmocka_unit_test(
		test_ks_when_hand_computed_then_same_and_101_points),
	    cmocka_unit_test(test_roc_when_points_are_collinear_then_dropped),
	    cmocka_unit_test(
		test_curves_when_few_scores_then_repeated_points_are_one),
	    cmocka_unit_test(
		test_confusion_and_f1_when_hand_computed_then_101_entries),
	    cmocka_unit_test(
		test_quantile_pr_when_21_quantiles_then_nearest_scores),
	    cmocka_unit_test(test_binary_when_one_class_then_no_auc_but_named),
	    cmocka_unit_test(test_binary_when_rows_are_bad_then_invalid),
	    cmocka_unit_test(
		test_psi_when_same_rows_then_zero_and_when_shifted_then_positive),
	    cmocka_unit_test(test_multi_when_hand_computed_then_macro_means),
	    cmocka_unit_test(test_regression_when_hand_computed_then_same),
	    cmocka_unit_test(
		test_metrics_when_named_then_aliases_pairs_and_order),
	    cmocka_unit_test(test_round_when_half_or_infinite_then_as_python),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
