/*
 * Pearson's correlations of a table's columns, in two passes over its rows:
 * the first learns each column's mean and standard deviation (of the
 * population: divided by n), the second adds up the products of standardised
 * values. What it holds does not grow with the rows.
 */
#ifndef FF_MATH_CORRELATION_H
#define FF_MATH_CORRELATION_H

#include <stddef.h>
#include <stdint.h>

struct correlation_column {
	double origin;	/* the first row's value */
	double mean;	/* less the origin, as low and high are */
	double squares; /* sum of (x - mean)^2 */
	double low;
	double high;
	int64_t n_odd; /* values that were missing or infinite */
	/* after correlation_learn() */
	double std;
	double z_max; /* the greatest |standardised value| */
};

struct correlation {
	size_t d;
	int64_t n; /* rows of the first pass */
	struct correlation_column *columns;
	double *products; /* d * d, of which the lower half is kept */
};

void correlation_init(struct correlation *c, size_t d);
void correlation_release(struct correlation *c);

/* First pass: a row's d values, then once the end. */
void correlation_meet(struct correlation *c, const double *values);
void correlation_learn(struct correlation *c);

/*
 * Second pass. Columns are to have a finite std above 0 and nothing odd;
 * z may be values.
 */
void correlation_standardise(
    const struct correlation *c, const double *values, double *z);
void correlation_add(struct correlation *c, const double *z);

/* d * d correlations, row by row, within [-1, 1]. */
void correlation_finish(const struct correlation *c, double *out);

/* What lies outside of [-1, 1] by rounding comes back to it. */
double correlation_clamp(double v);

#endif
