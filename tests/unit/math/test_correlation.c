/* Correlations against the textbook in long double, and the edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/math/correlation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 500
#define D    4

/* Related columns of very different size; the third lies far from 0. */
static void
make_row(size_t i, double *x)
{
	double a = sin((double)i * 0.7), b = cos((double)(i * i) * 0.3);

	x[0] = a;
	x[1] = 1e-9 * (3 * a - b);
	x[2] = 1e9 + b;
	x[3] = i % 3 == 0 ? 1 : 0;
}

static void
run(struct correlation *c, size_t rows, void (*make)(size_t i, double *x),
    double *out)
{
	double x[D], z[D];

	correlation_init(c, D);
	for (size_t i = 0; i < rows; i++) {
		make(i, x);
		correlation_meet(c, x);
	}
	correlation_learn(c);
	for (size_t i = 0; out && i < rows; i++) {
		make(i, x);
		correlation_standardise(c, x, z);
		correlation_add(c, z);
	}
	if (out)
		correlation_finish(c, out);
}

static long double
mean_of(size_t j)
{
	long double sum = 0;
	double x[D];

	for (size_t i = 0; i < ROWS; i++) {
		make_row(i, x);
		sum += x[j];
	}
	return sum / ROWS;
}

static long double
covariance(size_t j, size_t k)
{
	long double sum = 0, mj = mean_of(j), mk = mean_of(k);
	double x[D];

	for (size_t i = 0; i < ROWS; i++) {
		make_row(i, x);
		sum += (x[j] - mj) * (x[k] - mk);
	}
	return sum / ROWS;
}

static void
test_finish_when_related_then_as_the_textbook(void **state)
{
	struct correlation c;
	double out[D * D];

	(void)state;
	run(&c, ROWS, make_row, out);
	for (size_t j = 0; j < D; j++) {
		double std = (double)sqrtl(covariance(j, j));

		assert_true(fabs(c.columns[j].std / std - 1) < 1e-9);
		assert_true(c.columns[j].n_odd == 0);
		for (size_t k = 0; k < D; k++) {
			long double want = covariance(j, k) /
					   sqrtl(covariance(j, j)) /
					   sqrtl(covariance(k, k));

			if (fabs(out[j * D + k] - (double)want) >= 1e-9)
				fail_msg("%zu, %zu: %.15g, expected %.15Lg", j,
				    k, out[j * D + k], want);
		}
	}
	assert_true(out[1] > 0.5 && out[1] < 1);
	correlation_release(&c);
}

static void
test_finish_when_printed_then_symmetric_and_within_one(void **state)
{
	struct correlation c;
	double out[D * D];

	(void)state;
	run(&c, ROWS, make_row, out);
	for (size_t j = 0; j < D; j++)
		for (size_t k = 0; k < D; k++) {
			assert_true(out[j * D + k] == out[k * D + j]);
			assert_true(fabs(out[j * D + k]) <= 1);
		}
	assert_true(correlation_clamp(1 + 1e-15) == 1);
	assert_true(correlation_clamp(-1 - 1e-15) == -1);
	assert_true(correlation_clamp(0.25) == 0.25);
	correlation_release(&c);
}

static void
test_learn_when_met_then_the_greatest_standardised_value(void **state)
{
	struct correlation c;
	double x[D], z[D], most[D] = {0};

	(void)state;
	run(&c, ROWS, make_row, NULL);
	for (size_t i = 0; i < ROWS; i++) {
		make_row(i, x);
		correlation_standardise(&c, x, z);
		for (size_t j = 0; j < D; j++)
			most[j] = fmax(most[j], fabs(z[j]));
	}
	for (size_t j = 0; j < D; j++)
		assert_true(fabs(most[j] - c.columns[j].z_max) < 1e-9);
	correlation_release(&c);
}

/* Constants that have no exact square; one of them but for one row. */
static void
constant_row(size_t i, double *x)
{
	x[0] = 0.1;
	x[1] = -1234567.8;
	x[2] = 0;
	x[3] = i == 7 ? nextafter(0.1, 1) : 0.1;
}

static void
test_learn_when_constant_then_no_deviation_at_all(void **state)
{
	struct correlation c;

	(void)state;
	run(&c, ROWS, constant_row, NULL);
	for (size_t j = 0; j < 3; j++) {
		assert_true(c.columns[j].std == 0);
		assert_true(c.columns[j].z_max == 0);
	}
	assert_true(c.columns[3].std > 0);
	correlation_release(&c);
}

static void
odd_row(size_t i, double *x)
{
	make_row(i, x);
	if (i % 5 == 0)
		x[0] = NAN;
	if (i == 3)
		x[1] = INFINITY;
	x[2] = i % 2 ? 1e200 : -1e200;
}

static void
test_learn_when_missing_or_too_wide_then_told(void **state)
{
	struct correlation c;

	(void)state;
	run(&c, ROWS, odd_row, NULL);
	assert_int_equal(c.columns[0].n_odd, ROWS / 5);
	assert_int_equal(c.columns[1].n_odd, 1);
	assert_int_equal(c.columns[2].n_odd, 0);
	assert_false(isfinite(c.columns[2].std));
	assert_int_equal(c.columns[3].n_odd, 0);
	correlation_release(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_finish_when_related_then_as_the_textbook),
	    cmocka_unit_test(
		test_finish_when_printed_then_symmetric_and_within_one),
	    cmocka_unit_test(
		test_learn_when_met_then_the_greatest_standardised_value),
	    cmocka_unit_test(test_learn_when_constant_then_no_deviation_at_all),
	    cmocka_unit_test(test_learn_when_missing_or_too_wide_then_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
