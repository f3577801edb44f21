/*
 * Stochastic quasi-Newton steps (R. Byrd, S. Hansen, J. Nocedal, Y. Singer,
 * "A stochastic quasi-Newton method for large-scale optimization", SIAM J.
 * Optim. 26, 2016): every so many steps the change of the mean weights, s, and
 * the loss's curvature along it, y, make a pair; the last few pairs make an
 * inverse Hessian. Pure numbers.
 */
#ifndef FF_MATH_SQN_H
#define FF_MATH_SQN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqn;

/* n weights, means over `interval` steps, the last `memory` pairs. */
struct sqn *sqn_new(size_t n, int64_t interval, int64_t memory);
void sqn_free(struct sqn *q);

/*
 * The weights that a step starts from. True when it ends an interval other
 * than the first: s_out is from the last interval's mean to this one's.
 */
bool sqn_add_weights(struct sqn *q, const double *w, double *s_out);

/*
 * A pair, or any multiple of it. One whose curvature is not positive would
 * turn steps round and is left out: false.
 */
bool sqn_add_pair(struct sqn *q, const double *s, const double *y);

/* g becomes H g; without a pair it stays. */
void sqn_direction(const struct sqn *q, double *g);

#endif
