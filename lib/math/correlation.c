/*
 * Means and deviations by Welford's update (B. P. Welford, Technometrics 4,
 * 1962), of values less the first row's: a column of large values that differ
 * little keeps its digits, and the squares of a constant column are 0 exactly,
 * whatever its value. The textbook's mean of squares less squared mean does
 * neither.
 */
#include "lib/math/correlation.h"
#include "lib/base/mem.h"

#include <math.h>
#include <stdlib.h>

void
correlation_init(struct correlation *c, size_t d)
{
	*c = (struct correlation){.d = d};
	c->columns = xcalloc(d + 1, sizeof(*c->columns));
	c->products = xcalloc(d * d + 1, sizeof(*c->products));
}

void
correlation_release(struct correlation *c)
{
	free(c->columns);
	free(c->products);
	*c = (struct correlation){0};
}

void
correlation_meet(struct correlation *c, const double *values)
{
	c->n++;
	for (size_t j = 0; j < c->d; j++) {
		struct correlation_column *col = &c->columns[j];
		double v, off;

		if (!isfinite(values[j])) {
			col->n_odd++;
			continue;
		}
		if (c->n == 1)
			col->origin = values[j];
		v = values[j] - col->origin;
		off = v - col->mean;
		if (c->n == 1 || v < col->low)
			col->low = v;
		if (c->n == 1 || v > col->high)
			col->high = v;
		col->mean += off / (double)c->n;
		col->squares += off * (v - col->mean);
	}
}

void
correlation_learn(struct correlation *c)
{
	for (size_t j = 0; j < c->d; j++) {
		struct correlation_column *col = &c->columns[j];
		double off = fmax(col->high - col->mean, col->mean - col->low);

		col->std = c->n ? sqrt(col->squares / (double)c->n) : 0;
		col->z_max = col->std > 0 ? off / col->std : 0;
	}
}

void
correlation_standardise(
    const struct correlation *c, const double *values, double *z)
{
	for (size_t j = 0; j < c->d; j++) {
		const struct correlation_column *col = &c->columns[j];

		z[j] = (values[j] - col->origin - col->mean) / col->std;
	}
}

void
correlation_add(struct correlation *c, const double *z)
{
	for (size_t i = 0; i < c->d; i++) {
		double *row = c->products + i * c->d, factor = z[i];

		for (size_t j = 0; j <= i; j++)
			row[j] += factor * z[j];
	}
}

double
correlation_clamp(double v)
{
	return v > 1 ? 1 : v < -1 ? -1 : v;
}

void
correlation_finish(const struct correlation *c, double *out)
{
	size_t d = c->d;

	for (size_t i = 0; i < d; i++)
		for (size_t j = 0; j <= i; j++)
			out[i * d + j] = out[j * d + i] = correlation_clamp(
			    c->products[i * d + j] / (double)c->n);
}
