/*
 * Binary metrics. The rows are sorted once by falling score, with a running
 * count of positives; then the counts at any threshold are one binary search
 * away, and each curve is a hundred of those.
 *
 * "Cut" c = 0.00, 0.01, ... 0.99 picks element int(len * c) of a list of
 * thresholds; the KS curves take all scores as that list, the others the
 * distinct ones. The product is a double on purpose: int(100 * 0.29) is 28,
 * and that is what the reference does.
 */
#include "lib/math/eval.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "lib/base/mem.h"

#define N_CUTS	    100
#define N_QUANTILES 21

struct eval_binary {
	double *score;	   /* falling */
	size_t *positives; /* [k]: positives among the first k; n + 1 of them */
	double *distinct;  /* falling */
	size_t n;
	size_t n_distinct;
};

struct counts {
	double tp, fp, tn, fn;
};

struct pair {
	double score;
	double label;
};

static int
by_falling_score(const void *a, const void *b)
{
	double x = ((const struct pair *)a)->score;
	double y = ((const struct pair *)b)->score;

	return (x < y) - (x > y);
}

static enum err
check(const struct eval_rows *rows, struct buf *err)
{
	size_t i;

	if (rows->n == 0)
		return err_set(err, ERR_INVALID, "there are no rows");
	for (i = 0; i < rows->n; i++) {
		if (isnan(rows->score[i]))
			return err_set(err, ERR_INVALID,
			    "row %zu has no number as its score", i);
		if (rows->label[i] != 0 && rows->label[i] != 1)
			return err_set(err, ERR_INVALID,
			    "row %zu has label %g, a binary label is 0 or 1", i,
			    rows->label[i]);
	}
	return ERR_OK;
}

static struct pair *
sorted_pairs(const struct eval_rows *rows)
{
	struct pair *pairs = xreallocarray(NULL, rows->n, sizeof(*pairs));
	size_t i;

	for (i = 0; i < rows->n; i++) {
		pairs[i].score = rows->score[i];
		pairs[i].label = rows->label[i];
	}
	qsort(pairs, rows->n, sizeof(*pairs), by_falling_score);
	return pairs;
}

enum err
eval_binary_new(
    const struct eval_rows *rows, struct eval_binary **out, struct buf *err)
{
	struct eval_binary *b;
	struct pair *pairs;
	enum err rc;
	size_t i;

	rc = check(rows, err);
	if (rc != ERR_OK)
		return rc;
	pairs = sorted_pairs(rows);
	b = xcalloc(1, sizeof(*b));
	b->n = rows->n;
	b->score = xreallocarray(NULL, b->n, sizeof(*b->score));
	b->distinct = xreallocarray(NULL, b->n, sizeof(*b->distinct));
	b->positives = xcalloc(b->n + 1, sizeof(*b->positives));
	for (i = 0; i < b->n; i++) {
		b->score[i] = pairs[i].score;
		b->positives[i + 1] = b->positives[i] + (pairs[i].label > 0);
		if (i == 0 || pairs[i].score != pairs[i - 1].score)
			b->distinct[b->n_distinct++] = pairs[i].score;
	}
	free(pairs);
	*out = b;
	return ERR_OK;
}

void
eval_binary_free(struct eval_binary *b)
{
	if (b == NULL)
		return;
	free(b->score);
	free(b->distinct);
	free(b->positives);
	free(b);
}

static double
n_positive(const struct eval_binary *b)
{
	return (double)b->positives[b->n];
}

static double
n_negative(const struct eval_binary *b)
{
	return (double)(b->n - b->positives[b->n]);
}

bool
eval_binary_has_both(const struct eval_binary *b)
{
	return n_positive(b) > 0 && n_negative(b) > 0;
}

/* How many rows have score > threshold (or >=). */
static size_t
rows_above(const struct eval_binary *b, double threshold, bool or_equal)
{
	size_t low = 0, high = b->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (b->score[mid] > threshold ||
		    (or_equal && b->score[mid] == threshold))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct counts
counts_of_first(const struct eval_binary *b, size_t k)
{
	struct counts c;

	c.tp = (double)b->positives[k];
	c.fp = (double)k - c.tp;
	c.fn = n_positive(b) - c.tp;
	c.tn = n_negative(b) - c.fp;
	return c;
}

static struct counts
counts_at(const struct eval_binary *b, double threshold)
{
	return counts_of_first(b, rows_above(b, threshold, false));
}

static size_t
cut_index(size_t len, int cut)
{
	return (size_t)((double)len * (cut / 100.0));
}

static void
curve_add(struct eval_curve *curve, double x, double y, double threshold)
{
	assert(curve->n < EVAL_POINTS_MAX);
	curve->at[curve->n++] = (struct eval_point){x, y, threshold};
}

/* Points come by rising key: of equal ones the largest y stays. */
static void
curve_add_max(struct eval_curve *curve, double x, double y, double threshold)
{
	struct eval_point *last = NULL;

	if (curve->n > 0)
		last = &curve->at[curve->n - 1];
	if (last == NULL || last->x != x)
		curve_add(curve, x, y, threshold);
	else if (y > last->y)
		*last = (struct eval_point){x, y, threshold};
}

/* ---- single values ---- */

/* Mann-Whitney over the groups of equal scores. */
double
eval_binary_auc(const struct eval_binary *b)
{
	double area = 0, above = 0, tp, fp;
	size_t i = 0, end;

	if (!eval_binary_has_both(b))
		return NAN;
	while (i < b->n) {
		end = rows_above(b, b->score[i], true);
		tp = (double)(b->positives[end] - b->positives[i]);
		fp = (double)(end - i) - tp;
		area += fp * (above + tp / 2);
		above += tp;
		i = end;
	}
	return area / (n_positive(b) * n_negative(b));
}

double
eval_binary_ks(const struct eval_binary *b, struct eval_curve *fpr_out,
    struct eval_curve *tpr_out)
{
	double best = 0, threshold = 0, fpr, tpr;
	struct counts c;
	int cut;

	assert(eval_binary_has_both(b));
	fpr_out->n = tpr_out->n = 0;
	for (cut = 0; cut < N_CUTS; cut++) {
		threshold = b->score[cut_index(b->n, cut)];
		c = counts_at(b, threshold);
		fpr = c.fp / n_negative(b);
		tpr = c.tp / n_positive(b);
		if (tpr - fpr > best)
			best = tpr - fpr;
		curve_add(fpr_out, cut / 100.0, fpr, threshold);
		curve_add(tpr_out, cut / 100.0, tpr, threshold);
	}
	curve_add(fpr_out, 1, 1, threshold);
	curve_add(tpr_out, 1, 1, threshold);
	return best;
}

/* ---- roc ---- */

/* The distinct thresholds whose points bend the curve, and both ends. */
static size_t *
roc_bends(const struct eval_binary *b, size_t *n_out)
{
	size_t *ends = xreallocarray(NULL, b->n_distinct, sizeof(*ends));
	struct counts before = {0}, here, after;
	size_t i, n = 0, end, next;

	end = rows_above(b, b->distinct[0], true);
	for (i = 0; i < b->n_distinct; i++, end = next) {
		here = counts_of_first(b, end);
		next = end;
		if (i + 1 < b->n_distinct)
			next = rows_above(b, b->distinct[i + 1], true);
		after = counts_of_first(b, next);
		if (i == 0 || i + 1 == b->n_distinct ||
		    after.fp - here.fp != here.fp - before.fp ||
		    after.tp - here.tp != here.tp - before.tp)
			ends[n++] = end;
		before = here;
	}
	*n_out = n;
	return ends;
}

/* A point per picked bend; number 0 is the start, above every score. */
void
eval_binary_roc(const struct eval_binary *b, struct eval_curve *out)
{
	size_t n, *ends = roc_bends(b, &n), pick, last = (size_t)-1;
	struct counts c;
	int cut;

	assert(eval_binary_has_both(b));
	out->n = 0;
	for (cut = 0; cut < N_CUTS; cut++) {
		pick = cut_index(n + 1, cut);
		if (pick == last)
			continue;
		last = pick;
		if (pick == 0) {
			curve_add(out, 0, 0, b->score[0] + 1);
			continue;
		}
		c = counts_of_first(b, ends[pick - 1]);
		curve_add(out, c.fp / n_negative(b), c.tp / n_positive(b),
		    b->score[ends[pick - 1] - 1]);
	}
	if (last != n)
		curve_add(out, 1, 1, b->score[b->n - 1]);
	free(ends);
}

/* ---- over the cuts of the distinct scores ---- */

static double
cut_threshold(const struct eval_binary *b, int cut)
{
	return b->distinct[cut_index(b->n_distinct, cut)];
}

static double
precision_of(struct counts c)
{
	return c.tp + c.fp > 0 ? c.tp / (c.tp + c.fp) : 1.0;
}

static double
recall_of(struct counts c)
{
	return c.tp + c.fn > 0 ? c.tp / (c.tp + c.fn) : 0.0;
}

void
eval_binary_lift(const struct eval_binary *b, struct eval_curve *out)
{
	double share = n_positive(b) / (double)b->n, threshold;
	struct counts c;
	int cut;

	out->n = 0;
	for (cut = 0; cut < N_CUTS; cut++) {
		threshold = cut_threshold(b, cut);
		c = counts_at(b, threshold);
		curve_add_max(out, (c.tp + c.fp) / (double)b->n,
		    precision_of(c) / (share > 0 ? share : DBL_MAX), threshold);
	}
	curve_add(out, 1, 1, 0);
}

void
eval_binary_gain(const struct eval_binary *b, struct eval_curve *out)
{
	double threshold;
	struct counts c;
	int cut;

	out->n = 0;
	for (cut = 0; cut < N_CUTS; cut++) {
		threshold = cut_threshold(b, cut);
		c = counts_at(b, threshold);
		curve_add_max(
		    out, (c.tp + c.fp) / (double)b->n, recall_of(c), threshold);
	}
	curve_add(out, 1, 1, 0);
}

/* The list's own closing threshold, below every score, is not shown. */
void
eval_binary_accuracy(const struct eval_binary *b, struct eval_curve *out)
{
	double threshold;
	struct counts c;
	int cut;

	out->n = 0;
	for (cut = 0; cut < N_CUTS; cut++) {
		threshold = cut_threshold(b, cut);
		c = counts_at(b, threshold);
		curve_add(
		    out, cut / 100.0, (c.tp + c.tn) / (double)b->n, threshold);
	}
}

static void
add_precision_recall(const struct eval_binary *b, double cut, double threshold,
    struct eval_curve *precision, struct eval_curve *recall)
{
	struct counts c = counts_at(b, threshold);
	double p = precision_of(c), r = recall_of(c);

	if (recall->n > 0 && recall->at[recall->n - 1].y == r) {
		if (p <= precision->at[precision->n - 1].y)
			return;
		recall->n--;
		precision->n--;
	}
	curve_add(precision, cut, p, threshold);
	curve_add(recall, cut, r, threshold);
}

void
eval_binary_precision_recall(const struct eval_binary *b,
    struct eval_curve *precision_out, struct eval_curve *recall_out)
{
	int cut;

	precision_out->n = recall_out->n = 0;
	for (cut = 0; cut < N_CUTS; cut++)
		add_precision_recall(b, cut / 100.0, cut_threshold(b, cut),
		    precision_out, recall_out);
	add_precision_recall(
	    b, 1, b->score[b->n - 1] - 0.001, precision_out, recall_out);
}

void
eval_binary_confusion(const struct eval_binary *b, struct eval_confusions *out)
{
	double threshold;
	struct counts c;
	int cut;

	out->n = 0;
	for (cut = 0; cut <= N_CUTS; cut++) {
		threshold = cut < N_CUTS ? cut_threshold(b, cut) : 0;
		c = counts_at(b, threshold);
		out->at[out->n++] =
		    (struct eval_confusion){threshold, c.tp, c.fp, c.tn, c.fn};
	}
}

void
eval_binary_f1(const struct eval_binary *b, struct eval_curve *out)
{
	double threshold, p, r;
	struct counts c;
	int cut;

	out->n = 0;
	for (cut = 0; cut <= N_CUTS; cut++) {
		threshold = cut < N_CUTS ? cut_threshold(b, cut) : 0;
		c = counts_at(b, threshold);
		p = precision_of(c);
		r = recall_of(c);
		curve_add(out, cut / 100.0,
		    2 * p * r / (p + r > 0 ? p + r : 1e-6), threshold);
	}
}

/* ---- quantiles ---- */

/* The nearest of the scores, halves to the even place. */
static double
quantile(const struct eval_binary *b, int step)
{
	double place = (double)(b->n - 1) * (step * 5 / 100.0);

	return b->score[b->n - 1 - (size_t)nearbyint(place)];
}

void
eval_binary_quantile_pr(const struct eval_binary *b,
    struct eval_curve *precision_out, struct eval_curve *recall_out)
{
	struct counts c;
	double threshold;
	int step;

	precision_out->n = recall_out->n = 0;
	for (step = 0; step < N_QUANTILES; step++) {
		threshold = quantile(b, step);
		c = counts_at(b, threshold);
		curve_add(precision_out, 0, precision_of(c), threshold);
		curve_add(recall_out, 0, recall_of(c), threshold);
	}
}

/* ---- population stability ---- */

struct bin_count {
	double rows;
	double positives;
};

/* Rows of a bin; those outside all bins are in none. */
static struct bin_count
count_bin(
    const struct eval_binary *b, const struct eval_psi_bin *bin, bool is_last)
{
	size_t from = rows_above(b, bin->high, !is_last);
	size_t to = rows_above(b, bin->low, true);

	return (struct bin_count){(double)(to - from),
	    (double)(b->positives[to] - b->positives[from])};
}

static double
share_of(double count, double of)
{
	return count > 0 ? count / of : 1e-6;
}

static void
fill_bin(struct eval_psi_bin *bin, const struct eval_binary *expected,
    const struct eval_binary *actual, bool is_last)
{
	struct bin_count e = count_bin(expected, bin, is_last);
	struct bin_count a = count_bin(actual, bin, is_last);

	bin->expected = e.rows;
	bin->expected_share = share_of(e.rows, (double)expected->n);
	bin->expected_pos_share = e.rows > 0 ? e.positives / e.rows : 0;
	bin->actual = a.rows;
	bin->actual_share = share_of(a.rows, (double)actual->n);
	bin->actual_pos_share = a.rows > 0 ? a.positives / a.rows : 0;
	bin->psi = (bin->actual_share - bin->expected_share) *
		   log(bin->actual_share / bin->expected_share);
}

enum err
eval_psi_compute(const struct eval_binary *expected,
    const struct eval_binary *actual, struct eval_psi *out, struct buf *err)
{
	double low = quantile(expected, 0), high;
	size_t i;
	int step;

	out->n = 0;
	out->total = 0;
	for (step = 1; step < N_QUANTILES; step++) {
		high = quantile(expected, step);
		if (high == low)
			continue;
		out->at[out->n].low = low;
		out->at[out->n++].high = high;
		low = high;
	}
	if (out->n == 0)
		return err_set(err, ERR_INVALID,
		    "all scores of the training rows are equal");
	for (i = 0; i < out->n; i++) {
		fill_bin(&out->at[i], expected, actual, i + 1 == out->n);
		out->total += out->at[i].psi;
	}
	return ERR_OK;
}
