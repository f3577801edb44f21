/*
 * H g by the two loops of L-BFGS (J. Nocedal, 1980), which need no matrix; H
 * starts as s.y / y.y of the last pair times the identity.
 */
#include "lib/math/sqn.h"
#include "lib/math/vector.h"

#include "lib/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct pair {
	double *s;
	double *y;
	double rho; /* 1 / s.y */
};

struct sqn {
	size_t n;
	int64_t interval;
	int64_t steps;
	double *sum;	    /* of this interval's weights */
	double *last;	    /* the last interval's mean */
	struct pair *pairs; /* the oldest first */
	size_t n_pairs;
	size_t memory;
};

struct sqn *
sqn_new(size_t n, int64_t interval, int64_t memory)
{
	struct sqn *q = xcalloc(1, sizeof(*q));

	q->n = n;
	q->interval = interval;
	q->memory = (size_t)memory;
	q->sum = xcalloc(n + 1, sizeof(double));
	q->last = xcalloc(n + 1, sizeof(double));
	return q;
}

static void
pair_release(struct pair *p)
{
	free(p->s);
	free(p->y);
}

void
sqn_free(struct sqn *q)
{
	if (!q)
		return;
	for (size_t k = 0; k < q->n_pairs; k++)
		pair_release(&q->pairs[k]);
	free(q->pairs);
	free(q->sum);
	free(q->last);
	free(q);
}

bool
sqn_add_weights(struct sqn *q, const double *w, double *s_out)
{
	double mean;

	q->steps++;
	for (size_t i = 0; i < q->n; i++)
		q->sum[i] += w[i];
	if (q->steps % q->interval != 0)
		return false;
	for (size_t i = 0; i < q->n; i++) {
		mean = q->sum[i] / (double)q->interval;
		s_out[i] = mean - q->last[i];
		q->last[i] = mean;
		q->sum[i] = 0;
	}
	return q->steps > q->interval;
}

static double *
copy(const double *v, size_t n)
{
	double *out = xcalloc(n + 1, sizeof(*out));

	memcpy(out, v, n * sizeof(*out));
	return out;
}

bool
sqn_add_pair(struct sqn *q, const double *s, const double *y)
{
	double sy = vector_dot(s, y, q->n);

	/* NaN as well */
	if (!(sy > 1e-12 * vector_dot(s, s, q->n)))
		return false;
	if (q->n_pairs == q->memory) {
		pair_release(&q->pairs[0]);
		q->n_pairs--;
		memmove(q->pairs, q->pairs + 1, q->n_pairs * sizeof(*q->pairs));
	}
	q->pairs = xreallocarray(q->pairs, q->n_pairs + 1, sizeof(*q->pairs));
	q->pairs[q->n_pairs++] = (struct pair){
	    .s = copy(s, q->n), .y = copy(y, q->n), .rho = 1 / sy};
	return true;
}

/* to -= by * v */
static void
subtract(double *to, double by, const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] -= by * v[i];
}

void
sqn_direction(const struct sqn *q, double *g)
{
	const struct pair *p;
	double *a, scale;

	if (q->n_pairs == 0)
		return;
	a = xcalloc(q->n_pairs, sizeof(*a));
	for (size_t k = q->n_pairs; k-- > 0;) {
		p = &q->pairs[k];
		a[k] = p->rho * vector_dot(p->s, g, q->n);
		subtract(g, a[k], p->y, q->n);
	}
	p = &q->pairs[q->n_pairs - 1];
	scale = 1 / (p->rho * vector_dot(p->y, p->y, q->n));
	for (size_t i = 0; i < q->n; i++)
		g[i] *= scale;
	for (size_t k = 0; k < q->n_pairs; k++) {
		p = &q->pairs[k];
		subtract(
		    g, p->rho * vector_dot(p->y, g, q->n) - a[k], p->s, q->n);
	}
	free(a);
}
