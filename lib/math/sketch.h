/*
 * Quantiles of a stream in little memory: the summary of Greenwald and Khanna
 * with the settings that federatedml has (contract: components, section 11).
 * An answer is a value of the stream whose rank is off by at most error * n.
 */
#ifndef FF_MATH_SKETCH_H
#define FF_MATH_SKETCH_H

#include <stddef.h>

struct sketch_param {
	double error;	   /* 0.001 */
	size_t head_size;  /* values kept before they are sorted in: 10000 */
	size_t compress_n; /* entries above which neighbours merge: 10000 */
};

extern const struct sketch_param sketch_default;

struct sketch;

struct sketch *sketch_new(const struct sketch_param *param);
void sketch_free(struct sketch *s);

/* NaN is the caller's to leave out. */
void sketch_add(struct sketch *s, double v);

/* The value at quantile q in [0, 1]; NaN when nothing was added. */
double sketch_query(struct sketch *s, double q);

#endif
