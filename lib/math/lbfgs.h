/*
 * The least value of a smooth convex function: limited-memory BFGS (Nocedal,
 * 1980). With absolute values of the numbers added to the function, which bend
 * at 0: its orthant-wise form (Andrew and Gao, 2007).
 */
#ifndef FF_MATH_LBFGS_H
#define FF_MATH_LBFGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value at x; the gradient goes to gradient_out. */
typedef double lbfgs_function(void *arg, const double *x, double *gradient_out);

struct lbfgs_param {
	size_t n;	  /* numbers in x */
	double tol;	  /* no number of the gradient may be larger; with l1,
			     of that subgradient which is the least */
	int64_t max_iter; /* steps */
	/*
	 * NULL, or n numbers from 0 on: what is made least is f(x) + the sum
	 * of l1[i] * |x[i]|. Borrowed.
	 */
	const double *l1;
};

struct lbfgs_result {
	int64_t iters;
	bool is_converged; /* within tol, or no step makes f smaller */
	double value;	   /* with the absolute values, if there are any */
};

/* Starts from x and leaves the best point there. */
void lbfgs_minimize(const struct lbfgs_param *param, lbfgs_function *f,
    void *arg, double *x, struct lbfgs_result *out);

#endif
