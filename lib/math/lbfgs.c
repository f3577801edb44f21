/*
 * The last PAIRS steps s and changes of the gradient y stand in a ring; the
 * direction is the two-loop recursion over them.
 */
#include "lib/math/lbfgs.h"
#include "lib/math/vector.h"
#include "lib/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS	   10
#define LOOKS	   40
#define ARMIJO	   1e-4
#define CURVATURE  0.3
#define SMALL_STEP 1e-16

struct pair {
	double *s, *y;
	double rho; /* 1 / (s . y) */
};

struct state {
	size_t n;
	lbfgs_function *f;
	void *arg;
	struct pair pairs[PAIRS];
	size_t n_pairs, next; /* the ring: how many, and where the next goes */
	double *x, *gradient, *direction;
	double *next_x, *next_gradient;
	double value;
};

static double
largest(const double *v, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, fabs(v[i]));
	return most;
}

static void
add_scaled(double *to, double factor, const double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] += factor * v[i];
}

/* The pair that is k steps old. */
static struct pair *
pair_at(struct state *st, size_t k)
{
	return &st->pairs[(st->next + PAIRS - 1 - k) % PAIRS];
}

static void
find_direction(struct state *st)
{
	double alpha[PAIRS], scale = 1, *d = st->direction;
	struct pair *p;

	for (size_t i = 0; i < st->n; i++)
		d[i] = -st->gradient[i];
	for (size_t k = 0; k < st->n_pairs; k++) {
		p = pair_at(st, k);
		alpha[k] = p->rho * vector_dot(p->s, d, st->n);
		add_scaled(d, -alpha[k], p->y, st->n);
	}
	if (st->n_pairs) {
		p = pair_at(st, 0);
		scale = 1 / (p->rho * vector_dot(p->y, p->y, st->n));
	}
	for (size_t i = 0; i < st->n; i++)
		d[i] *= scale;
	for (size_t k = st->n_pairs; k-- > 0;) {
		p = pair_at(st, k);
		add_scaled(d, alpha[k] - p->rho * vector_dot(p->y, d, st->n),
		    p->s, st->n);
	}
}

/* The value a step along the direction; *slope_out is the slope there. */
static double
look(struct state *st, double step, double *slope_out)
{
	double value;

	memcpy(st->next_x, st->x, st->n * sizeof(double));
	add_scaled(st->next_x, step, st->direction, st->n);
	value = st->f(st->arg, st->next_x, st->next_gradient);
	*slope_out = vector_dot(st->next_gradient, st->direction, st->n);
	return value;
}

/*
 * Along the direction to where the value is smaller and the slope has lost
 * most of what it was (Wolfe); steps are guessed from the slopes, as a
 * parabola would have them. False when no step makes the value smaller.
 */
static bool
search(struct state *st)
{
	double first = vector_dot(st->gradient, st->direction, st->n), slope;
	double low = 0, low_slope = first, high = INFINITY, value;
	double step =
	    st->n_pairs ? 1
			: fmin(1, 1 / (largest(st->gradient, st->n) + 1e-300));

	if (!(first < 0))
		return false;
	for (int k = 0; k < LOOKS; k++) {
		double guess;

		value = look(st, step, &slope);
		guess = low + (step - low) * low_slope / (low_slope - slope);
		if (!(value <= st->value + ARMIJO * step * first)) {
			high = step;
		} else if (slope < CURVATURE * first) {
			low = step;
			low_slope = slope;
		} else if (slope <= -CURVATURE * first || k == LOOKS - 1) {
			st->value = value;
			return true;
		} else {
			high = step;
		}
		step = isinf(high) ? 2 * low : (low + high) / 2;
		if (guess > low && guess < fmin(high, 10 * low + 10 * step))
			step = guess;
	}
	if (low == 0)
		return false;
	st->value = look(st, low, &slope);
	return true;
}

/* Takes the step that was found, and remembers it if it curves upwards. */
static void
accept(struct state *st)
{
	struct pair *p = &st->pairs[st->next];
	double curve;

	for (size_t i = 0; i < st->n; i++) {
		p->s[i] = st->next_x[i] - st->x[i];
		p->y[i] = st->next_gradient[i] - st->gradient[i];
	}
	memcpy(st->x, st->next_x, st->n * sizeof(double));
	memcpy(st->gradient, st->next_gradient, st->n * sizeof(double));
	curve = vector_dot(p->s, p->y, st->n);
	if (curve <= SMALL_STEP * vector_dot(p->y, p->y, st->n))
		return;
	p->rho = 1 / curve;
	st->next = (st->next + 1) % PAIRS;
	if (st->n_pairs < PAIRS)
		st->n_pairs++;
}

/* One block holds all vectors. */
static double *
share_out(struct state *st)
{
	double *block = xcalloc(st->n * (2 * PAIRS + 4) + 1, sizeof(*block));
	double *at = block;

	for (size_t k = 0; k < PAIRS; k++) {
		st->pairs[k].s = at;
		st->pairs[k].y = at + st->n;
		at += 2 * st->n;
	}
	st->gradient = at;
	st->direction = at + st->n;
	st->next_x = at + 2 * st->n;
	st->next_gradient = at + 3 * st->n;
	return block;
}

void
lbfgs_minimize(const struct lbfgs_param *param, lbfgs_function *f, void *arg,
    double *x, struct lbfgs_result *out)
{
	struct state st = {.n = param->n, .f = f, .arg = arg, .x = x};
	double *block = share_out(&st), before;

	*out = (struct lbfgs_result){0};
	st.value = f(arg, x, st.gradient);
	for (;;) {
		out->is_converged = largest(st.gradient, st.n) <= param->tol;
		if (out->is_converged || out->iters >= param->max_iter)
			break;
		find_direction(&st);
		before = st.value;
		/* nor is what is left seen in the value any more */
		if (!search(&st) || !(st.value < before)) {
			out->is_converged = true;
			break;
		}
		accept(&st);
		out->iters++;
	}
	out->value = st.value;
	free(block);
}
