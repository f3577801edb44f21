/*
 * Bins are merged in passes, each with its own rule for which neighbours may
 * be merged, and until when; within a pass the pair with the lowest score
 * comes first, of equal ones the leftmost. Scores are kept with the left bin
 * of each pair, two change with a merge; the lowest is looked for by walking
 * over all, which for the thousand bins that one begins with is fast enough.
 */
#include "lib/math/binning_merge.h"
#include "lib/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	enum binning_metric metric;
} names[] = {
    {"iv", BINNING_IV},
    {"gini", BINNING_GINI},
    {"chi_square", BINNING_CHI_SQUARE},
    {"ks", BINNING_KS},
    {"chi-square", BINNING_CHI_SQUARE},
};

bool
binning_metric_parse(const char *name, enum binning_metric *out)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcasecmp(names[i].name, name)) {
			*out = names[i].metric;
			return true;
		}
	return false;
}

const char *
binning_metric_name(enum binning_metric metric)
{
	return names[metric].name;
}

struct merging {
	const struct binning_merge *o;
	struct binning_count total;
	int64_t most;  /* rows of a merged bin */
	int64_t least; /* a bin with fewer rows is small */
	size_t n;
	struct binning_count *c;
	size_t *last;
	double *score; /* of bins i and i + 1; HUGE_VAL: may not be merged */
};

static int64_t
rows(struct binning_count c)
{
	return c.event + c.non_event;
}

static bool
is_mixed(struct binning_count c)
{
	return c.event > 0 && c.non_event > 0;
}

static struct binning_count
sum(struct binning_count a, struct binning_count b)
{
	return (struct binning_count){
	    a.event + b.event, a.non_event + b.non_event};
}

/* ---- scores ---- */

static double
iv_of(const struct merging *m, struct binning_count c)
{
	double more = is_mixed(c) ? 0 : m->o->adjustment;
	double e = ((double)c.event + more) / (double)m->total.event;
	double n = ((double)c.non_event + more) / (double)m->total.non_event;

	return (e - n) * log(e / n);
}

static double
score_iv(
    const struct merging *m, struct binning_count a, struct binning_count b)
{
	return iv_of(m, a) + iv_of(m, b) - iv_of(m, sum(a, b));
}

/* In this order of steps, which decides between pairs that lose alike. */
static double
gini_of(struct binning_count c)
{
	double n = (double)rows(c);
	double e = (double)c.event / n, o = (double)c.non_event / n;

	return n > 0 ? 1 - e * e - o * o : 0;
}

static double
score_gini(
    const struct merging *m, struct binning_count a, struct binning_count b)
{
	(void)m;
	return gini_of(sum(a, b)) - gini_of(a) - gini_of(b);
}

/*
 * The four-cell formula: of small counts every step but the division is
 * exact, so that pairs that are equally alike have equal scores.
 */
static double
score_chi_square(
    const struct merging *m, struct binning_count a, struct binning_count b)
{
	struct binning_count both = sum(a, b);
	double off = (double)a.event * (double)b.non_event -
		     (double)b.event * (double)a.non_event;

	(void)m;
	/* nothing parts them: to be merged before all others */
	if (!is_mixed(both))
		return -HUGE_VAL;
	if (!rows(a) || !rows(b))
		return 0;
	return off * off * (double)rows(both) /
	       ((double)rows(a) * (double)rows(b) * (double)both.event *
		   (double)both.non_event);
}

typedef double score_function(
    const struct merging *m, struct binning_count a, struct binning_count b);

static score_function *const scores[BINNING_METRIC__MAX] = {
    [BINNING_IV] = score_iv,
    [BINNING_GINI] = score_gini,
    [BINNING_CHI_SQUARE] = score_chi_square,
};

/* ---- passes ---- */

static bool
is_small(const struct merging *m, struct binning_count c)
{
	return rows(c) < m->least;
}

static bool
is_pure(const struct merging *m, struct binning_count c)
{
	(void)m;
	return !is_mixed(c);
}

struct pass {
	/* Which bins are to go; NULL: merge until there are few enough. */
	bool (*is_bad)(const struct merging *m, struct binning_count c);
	int n_bad; /* of a pair that may be merged, at least */
	bool for_mixture;
};

static const struct pass passes[] = {
    {is_pure, 2, true},
    {is_pure, 1, true},
    {is_small, 2, false},
    {is_small, 1, false},
    {NULL, 0, false},
};

static void
judge(struct merging *m, const struct pass *p, size_t i)
{
	struct binning_count a = m->c[i], b = m->c[i + 1];

	m->score[i] = HUGE_VAL;
	if (rows(a) + rows(b) > m->most)
		return;
	if (p->is_bad && p->is_bad(m, a) + p->is_bad(m, b) < p->n_bad)
		return;
	/* two bins without rows: nothing can be lost */
	m->score[i] =
	    rows(a) + rows(b) ? scores[m->o->metric](m, a, b) : -HUGE_VAL;
}

static bool
is_done(const struct merging *m, const struct pass *p)
{
	if (!p->is_bad)
		return m->n <= m->o->max_bins;
	for (size_t i = 0; i < m->n; i++)
		if (p->is_bad(m, m->c[i]))
			return false;
	return true;
}

static size_t
lowest(const struct merging *m)
{
	size_t best = 0;

	for (size_t i = 1; i + 1 < m->n; i++)
		if (m->score[i] < m->score[best])
			best = i;
	return best;
}

static void
merge_pair(struct merging *m, const struct pass *p, size_t i)
{
	size_t after = m->n - i - 2;

	m->c[i] = sum(m->c[i], m->c[i + 1]);
	m->last[i] = m->last[i + 1];
	memmove(m->c + i + 1, m->c + i + 2, after * sizeof(*m->c));
	memmove(m->last + i + 1, m->last + i + 2, after * sizeof(*m->last));
	memmove(m->score + i + 1, m->score + i + 2, after * sizeof(*m->score));
	m->n--;
	if (i > 0)
		judge(m, p, i - 1);
	if (i + 1 < m->n)
		judge(m, p, i);
}

static void
run_pass(struct merging *m, const struct pass *p)
{
	size_t i;

	for (i = 0; i + 1 < m->n; i++)
		judge(m, p, i);
	while (m->n > 1 && !is_done(m, p)) {
		i = lowest(m);
		if (m->score[i] == HUGE_VAL)
			return;
		merge_pair(m, p, i);
	}
}

static size_t
merge(struct merging *m)
{
	for (size_t i = 0; i < m->n; i++)
		m->last[i] = i;
	for (size_t i = 0; i < ARRAY_LEN(passes); i++)
		if (!passes[i].for_mixture || m->o->mixture)
			run_pass(m, &passes[i]);
	return m->n;
}

/* ---- splitting ---- */

struct range {
	size_t low, high; /* bins low .. high - 1 */
};

struct cut {
	size_t at; /* the last bin on the left */
	struct binning_count left, right;
};

static struct cut
cut_at(const struct merging *m, struct range r, size_t at)
{
	struct cut cut = {.at = at};

	for (size_t i = r.low; i < r.high; i++) {
		struct binning_count *side = i <= at ? &cut.left : &cut.right;

		*side = sum(*side, m->c[i]);
	}
	return cut;
}

/* Where the shares of events and non-events so far differ most. */
static size_t
widest(const struct merging *m, struct range r, struct binning_count all)
{
	struct binning_count so_far = {0, 0};
	size_t best = r.low + (r.high - r.low) / 2;
	double most = 0;

	for (size_t i = r.low; i < r.high; i++) {
		double gap;

		so_far = sum(so_far, m->c[i]);
		gap = fabs((double)so_far.event / (double)all.event -
			   (double)so_far.non_event / (double)all.non_event);
		if (gap > most) {
			most = gap;
			best = i;
		}
	}
	return best;
}

/* False: this range stays whole. */
static bool
find_cut(const struct merging *m, struct range r, struct cut *out)
{
	struct binning_count all = cut_at(m, r, r.high).left;

	if (r.high - r.low < 2 || !is_mixed(all))
		return false;
	*out = cut_at(m, r, widest(m, r, all));
	if (is_small(m, out->left) || is_small(m, out->right))
		*out = cut_at(m, r, r.low + (r.high - r.low) / 2);
	if (out->at + 1 >= r.high || is_small(m, out->left) ||
	    is_small(m, out->right))
		return false;
	return !m->o->mixture || (is_mixed(out->left) && is_mixed(out->right));
}

static int
compare_places(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* Breadth first, of two halves the larger one first. */
static size_t
split(struct merging *m)
{
	struct range *queue = xcalloc(2 * m->n + 1, sizeof(*queue));
	size_t n_queue = 1, n = 0;
	struct cut cut;

	queue[0] = (struct range){0, m->n};
	for (size_t k = 0; k < n_queue && n + 1 < m->o->max_bins; k++) {
		struct range r = queue[k];
		bool right_first;

		if (!find_cut(m, r, &cut))
			continue;
		m->last[n++] = cut.at;
		right_first = rows(cut.right) > rows(cut.left);
		queue[n_queue + right_first] =
		    (struct range){r.low, cut.at + 1};
		queue[n_queue + !right_first] =
		    (struct range){cut.at + 1, r.high};
		n_queue += 2;
	}
	free(queue);
	if (!n && m->n > 1)
		m->last[n++] = m->n / 2 - 1;
	qsort(m->last, n, sizeof(*m->last), compare_places);
	m->last[n++] = m->n - 1;
	return n;
}

size_t
binning_merge(const struct binning_merge *o, const struct binning_count *c,
    size_t n, size_t *last)
{
	struct merging m = {.o = o, .n = n, .last = last};
	double all;

	for (size_t i = 0; i < n; i++)
		m.total = sum(m.total, c[i]);
	all = (double)rows(m.total);
	m.most = (int64_t)floor(o->max_pct * all);
	m.least = (int64_t)ceil(o->min_pct * all);
	m.total.event += !m.total.event;
	m.total.non_event += !m.total.non_event;
	m.c = xcalloc(n, sizeof(*m.c));
	m.score = xcalloc(n, sizeof(*m.score));
	memcpy(m.c, c, n * sizeof(*c));
	n = scores[o->metric] ? merge(&m) : split(&m);
	free(m.c);
	free(m.score);
	return n;
}

void
binning_merge_counts(struct binning_count *c, const size_t *last, size_t n)
{
	size_t from = 0;

	for (size_t k = 0; k < n; k++) {
		struct binning_count all = {0, 0};

		for (; from <= last[k]; from++)
			all = sum(all, c[from]);
		c[k] = all;
	}
}
