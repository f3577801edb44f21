/* What the iterative methods do with vectors of n numbers. */
#ifndef FF_MATH_VECTOR_H
#define FF_MATH_VECTOR_H

#include <stddef.h>

/* The sum of a[i] * b[i], in the order of i. */
static inline double
vector_dot(const double *a, const double *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

#endif
