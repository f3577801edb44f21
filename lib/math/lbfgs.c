/*
 * The last PAIRS steps s and changes of the gradient y stand in a ring; the
 * direction is the two-loop recursion over them.
 *
 * Absolute values do not curve, so the ring knows the smooth function alone.
 * They bend at 0 only: a step goes as far as there, in each number, and is
 * judged by the whole. Which side of 0 a number may go to, its slope says.
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
	const double *l1; /* or NULL */
	struct pair pairs[PAIRS];
	size_t n_pairs, next; /* the ring: how many, and where the next goes */
	double *x, *gradient, *direction;
	double *slope; /* the gradient, or the least subgradient */
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
		d[i] = -st->slope[i];
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

/* ---- along a line ---- */

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

/* ---- along orthants ---- */

/* Where a number is 0 it may leave it on one side at most. */
static void
find_slope(struct state *st)
{
	for (size_t i = 0; st->l1 && i < st->n; i++) {
		double g = st->gradient[i], bend = st->l1[i];

		if (st->x[i] != 0)
			st->slope[i] = g + copysign(bend, st->x[i]);
		else
			st->slope[i] = g - fmax(-bend, fmin(bend, g));
	}
}

/* No number that bends may go where its own slope rises. */
static void
keep_falling(struct state *st)
{
	for (size_t i = 0; i < st->n; i++)
		if (st->l1[i] > 0 && st->direction[i] * st->slope[i] >= 0)
			st->direction[i] = 0;
}

/*
 * The value a step along the direction, as far as the numbers keep their
 * signs; *promised_out is the change that the slope before the step promises.
 */
static double
look_within(struct state *st, double step, double *promised_out)
{
	double value, bends = 0, promised = 0;

	for (size_t i = 0; i < st->n; i++) {
		double x = st->x[i], side = x != 0 ? x : -st->slope[i];
		double next = x + step * st->direction[i];

		if (st->l1[i] > 0 && next * side <= 0)
			next = 0;
		st->next_x[i] = next;
		bends += st->l1[i] * fabs(next);
		promised += st->slope[i] * (next - x);
	}
	value = st->f(st->arg, st->next_x, st->next_gradient) + bends;
	*promised_out = promised;
	return value;
}

/* The first of ever shorter steps that makes the value smaller (Armijo). */
static bool
search_orthant(struct state *st)
{
	double step =
	    st->n_pairs ? 1 : fmin(1, 1 / (largest(st->slope, st->n) + 1e-300));
	double value, promised;

	keep_falling(st);
	for (int k = 0; k < LOOKS; k++, step /= 2) {
		value = look_within(st, step, &promised);
		if (promised < 0 && value < st->value &&
		    value <= st->value + ARMIJO * promised) {
			st->value = value;
			return true;
		}
	}
	return false;
}

/* ---- steps ---- */

static bool
step_on(struct state *st)
{
	double before = st->value;

	find_direction(st);
	if (!st->l1)
		return search(st) && st->value < before;
	if (search_orthant(st))
		return true;
	if (!st->n_pairs)
		return false;
	/* what the ring knows may not fit the orthant: once more without */
	st->n_pairs = 0;
	find_direction(st);
	return search_orthant(st);
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
	find_slope(st);
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
	double *block = xcalloc(st->n * (2 * PAIRS + 5) + 1, sizeof(*block));
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
	st->slope = st->l1 ? at + 4 * st->n : st->gradient;
	return block;
}

void
lbfgs_minimize(const struct lbfgs_param *param, lbfgs_function *f, void *arg,
    double *x, struct lbfgs_result *out)
{
	struct state st = {
	    .n = param->n, .f = f, .arg = arg, .x = x, .l1 = param->l1};
	double *block = share_out(&st);

	*out = (struct lbfgs_result){0};
	st.value = f(arg, x, st.gradient);
	for (size_t i = 0; st.l1 && i < st.n; i++)
		st.value += st.l1[i] * fabs(x[i]);
	find_slope(&st);
	for (;;) {
		out->is_converged = largest(st.slope, st.n) <= param->tol;
		if (out->is_converged || out->iters >= param->max_iter)
			break;
		/* nor is what is left seen in the value any more */
		if (!step_on(&st)) {
			out->is_converged = true;
			break;
		}
		accept(&st);
		out->iters++;
	}
	out->value = st.value;
	free(block);
}
