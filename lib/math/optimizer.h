/*
 * Gradient steps as federatedml takes them (contract: components, section
 * 6.2). Pure numbers; the caller counts iterations from 0.
 */
#ifndef FF_MATH_OPTIMIZER_H
#define FF_MATH_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct optimizer_param {
	const char *name;     /* "sgd", "rmsprop", "adam", "adagrad",
				 "nesterov_momentum_sgd" */
	double learning_rate; /* lr0 */
	double decay;
	bool decay_sqrt;
};

struct optimizer;

/* ERR_INVALID for another name. `n` is the length of the gradient. */
enum err optimizer_new(const struct optimizer_param *param, size_t n,
    struct optimizer **out, struct buf *err);
void optimizer_free(struct optimizer *o);

/* lr0 / sqrt(1 + decay t), or lr0 / (1 + decay t). */
double optimizer_rate(const struct optimizer_param *param, int64_t t);

/* delta for the gradient at iteration t; state advances once a call. */
void optimizer_step(
    struct optimizer *o, int64_t t, const double *gradient, double *delta);

enum penalty { PENALTY_NONE, PENALTY_L1, PENALTY_L2 };

/* "L1", "L2", "none" in any case; NULL is none. */
bool penalty_parse(const char *name, enum penalty *out);

/* What the loss gains: alpha sum |w|, alpha/2 sum w^2, or 0. */
double penalty_loss(enum penalty p, double alpha, const double *w, size_t n);

/*
 * w -= delta; with L1 then a soft threshold of alpha lr0 / sqrt(t), which is
 * infinite at t = 0: every coefficient becomes 0. Not for the intercept.
 */
struct penalty_step {
	enum penalty penalty;
	double alpha;
	double learning_rate; /* lr0 */
	int64_t t;
};
void penalty_update(
    const struct penalty_step *step, const double *delta, double *w, size_t n);

enum converge { CONVERGE_DIFF, CONVERGE_ABS, CONVERGE_WEIGHT_DIFF };

/* "diff", "abs", "weight_diff" in any case. */
bool converge_parse(const char *name, enum converge *out);

struct converge_state {
	enum converge rule;
	double tol;
	bool has_last;
	double last; /* loss of the iteration before */
};
/*
 * `loss` is the iteration's; `delta` the sum of its batches' deltas, of which
 * the norm is taken. Only what the rule needs is looked at.
 */
bool converge_reached(
    struct converge_state *c, double loss, const double *delta, size_t n);

/* 1 / (1 + e^-u) without overflow. */
double sigmoid(double u);

/*
 * Initial weights: "random_normal" N(0,1), "random_uniform" [0,1), "ones",
 * "zeros", "const", in any case. The same seed gives the same weights
 * everywhere (splitmix64 and Box-Muller, Box and Muller).
 */
enum err init_weights(const char *method, double constant, uint64_t seed,
    double *w, size_t n, struct buf *err);

#endif
