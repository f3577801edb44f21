/* Penalties, convergence and initial weights: see optimizer.h. */
#include "lib/base/mem.h"
#include "lib/math/optimizer.h"
#include "lib/math/prng.h"

#include <math.h>
#include <strings.h>

static const char *const penalty_names[] = {
    [PENALTY_NONE] = "none", [PENALTY_L1] = "L1", [PENALTY_L2] = "L2"};

static const char *const converge_names[] = {[CONVERGE_DIFF] = "diff",
    [CONVERGE_ABS] = "abs",
    [CONVERGE_WEIGHT_DIFF] = "weight_diff"};

bool
penalty_parse(const char *name, enum penalty *out)
{
	if (!name)
		name = "none";
	for (size_t i = 0; i < ARRAY_LEN(penalty_names); i++)
		if (strcasecmp(name, penalty_names[i]) == 0) {
			*out = (enum penalty)i;
			return true;
		}
	return false;
}

double
penalty_loss(enum penalty p, double alpha, const double *w, size_t n)
{
	double sum = 0;

	if (p == PENALTY_NONE)
		return 0;
	for (size_t i = 0; i < n; i++)
		sum += p == PENALTY_L1 ? fabs(w[i]) : 0.5 * w[i] * w[i];
	return alpha * sum;
}

void
penalty_update(
    const struct penalty_step *step, const double *delta, double *w, size_t n)
{
	double cut, left;

	for (size_t i = 0; i < n; i++)
		w[i] -= delta[i];
	if (step->penalty != PENALTY_L1)
		return;
	cut = step->t > 0
		  ? step->alpha * step->learning_rate / sqrt((double)step->t)
		  : INFINITY;
	for (size_t i = 0; i < n; i++) {
		left = fmax(0, fabs(w[i]) - cut);
		w[i] = left > 0 ? copysign(left, w[i]) : 0;
	}
}

bool
converge_parse(const char *name, enum converge *out)
{
	for (size_t i = 0; i < ARRAY_LEN(converge_names); i++)
		if (strcasecmp(name, converge_names[i]) == 0) {
			*out = (enum converge)i;
			return true;
		}
	return false;
}

bool
converge_reached(
    struct converge_state *c, double loss, const double *delta, size_t n)
{
	double sum = 0, last = c->last;
	bool had = c->has_last;

	if (c->rule == CONVERGE_WEIGHT_DIFF) {
		for (size_t i = 0; i < n; i++)
			sum += delta[i] * delta[i];
		return sqrt(sum) < c->tol;
	}
	c->last = loss;
	c->has_last = true;
	if (c->rule == CONVERGE_ABS)
		return loss <= c->tol;
	return had && fabs(loss - last) < c->tol;
}

double
sigmoid(double u)
{
	double e = exp(-fabs(u));

	return u >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/* Box and Muller, 1958, using one of the pair */
static double
next_normal(uint64_t *state)
{
	double r = sqrt(-2 * log(1 - prng_uniform(state)));

	return r * cos(2 * 3.14159265358979323846 * prng_uniform(state));
}

enum err
init_weights(const char *method, double constant, uint64_t seed, double *w,
    size_t n, struct buf *err)
{
	static const char *const names[] = {
	    "zeros", "ones", "const", "random_uniform", "random_normal"};
	size_t m = 0;

	while (m < ARRAY_LEN(names) && strcasecmp(method, names[m]) != 0)
		m++;
	if (m == ARRAY_LEN(names))
		return err_set(err, ERR_INVALID,
		    "init_method is \"%s\", expected random_normal, "
		    "random_uniform, ones, zeros or const",
		    method);
	for (size_t i = 0; i < n; i++) {
		if (m < 3)
			w[i] = m == 0 ? 0 : m == 1 ? 1 : constant;
		else
			w[i] =
			    m == 3 ? prng_uniform(&seed) : next_normal(&seed);
	}
	return ERR_OK;
}
