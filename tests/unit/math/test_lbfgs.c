/* Functions whose least value is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/math/lbfgs.h"
#include "lib/math/prng.h"

#include <math.h>

#define N 20

/* sum of 2^(i/2) (x_i - i)^2: a condition number of 700 */
static double
bowl(void *arg, const double *x, double *gradient)
{
	double sum = 0;
	int *calls = arg;

	for (int i = 0; i < N; i++) {
		double off = x[i] - i, weight = exp2(i / 2.0);

		sum += weight * off * off;
		gradient[i] = 2 * weight * off;
	}
	++*calls;
	return sum;
}

/* log(e^x + e^-2x): least where e^3x = 2 */
static double
valley(void *arg, const double *x, double *gradient)
{
	double a = exp(x[0]), b = exp(-2 * x[0]);

	(void)arg;
	gradient[0] = (a - 2 * b) / (a + b);
	return log(a + b);
}

static void
test_minimize_when_badly_scaled_then_found(void **state)
{
	const struct lbfgs_param param = {
	    .n = N, .tol = 1e-9, .max_iter = 1000};
	struct lbfgs_result result;
	double x[N] = {0};
	int calls = 0;

	(void)state;
	lbfgs_minimize(&param, bowl, &calls, x, &result);
	assert_true(result.is_converged);
	assert_true(result.iters > 0 && result.iters < 500);
	assert_true(calls < 1000);
	for (int i = 0; i < N; i++)
		assert_true(fabs(x[i] - i) < 1e-7);
}

static void
test_minimize_when_not_quadratic_then_found(void **state)
{
	const struct lbfgs_param param = {
	    .n = 1, .tol = 1e-12, .max_iter = 100};
	struct lbfgs_result result;
	double x[1] = {7};

	(void)state;
	lbfgs_minimize(&param, valley, NULL, x, &result);
	assert_true(result.is_converged);
	assert_true(fabs(x[0] - log(2) / 3) < 1e-9);
}

/*
 * A logistic regression of 200 rows, so high that what the last steps gain is
 * not seen in its value.
 */
static double
high_valley(void *arg, const double *x, double *gradient)
{
	double value = 1000, row[3], u, p;
	uint64_t state = 5;

	(void)arg;
	gradient[0] = gradient[1] = gradient[2] = 0;
	for (int i = 0; i < 200; i++) {
		u = 0;
		for (int j = 0; j < 3; j++) {
			row[j] = 4 * prng_uniform(&state) - 2;
			u += row[j] * x[j];
		}
		p = 1 / (1 + exp(-u)) - (i % 3 == 0);
		value += log1p(exp(u)) - (i % 3 == 0) * u;
		for (int j = 0; j < 3; j++)
			gradient[j] += p * row[j];
	}
	return value;
}

static void
test_minimize_when_the_value_stands_still_then_converged(void **state)
{
	const struct lbfgs_param param = {
	    .n = 3, .tol = 1e-12, .max_iter = 100};
	struct lbfgs_result result;
	double x[3] = {0}, slope[3];

	(void)state;
	lbfgs_minimize(&param, high_valley, NULL, x, &result);
	assert_true(result.is_converged);
	assert_true(result.iters < 20);
	high_valley(NULL, x, slope);
	for (int j = 0; j < 3; j++)
		assert_true(fabs(slope[j]) < 1e-3);
}

static void
test_minimize_when_at_the_bottom_then_no_step(void **state)
{
	const struct lbfgs_param param = {.n = 1, .tol = 1e-6, .max_iter = 9};
	struct lbfgs_result result;
	double x[1] = {log(2) / 3};

	(void)state;
	lbfgs_minimize(&param, valley, NULL, x, &result);
	assert_true(result.is_converged && result.iters == 0);
}

static void
test_minimize_when_out_of_steps_then_not_converged(void **state)
{
	const struct lbfgs_param param = {.n = N, .tol = 1e-9, .max_iter = 3};
	struct lbfgs_result result;
	double x[N] = {0};
	int calls = 0;

	(void)state;
	lbfgs_minimize(&param, bowl, &calls, x, &result);
	assert_true(!result.is_converged && result.iters == 3);
}

/*
 * The bowl with multiples of the numbers' absolute values: its value, 11750,
 * does not show the last 1e-6 of a number.
 */
static void
test_minimize_when_it_bends_then_zeros_and_shrunk(void **state)
{
	double x[N], l1[N], want;
	const struct lbfgs_param param = {
	    .n = N, .tol = 1e-8, .max_iter = 1000, .l1 = l1};
	struct lbfgs_result result;
	int calls = 0;

	(void)state;
	for (int i = 0; i < N; i++) {
		x[i] = i % 3 - 1;
		l1[i] = i % 4 == 3 ? 0 : 100;
	}
	lbfgs_minimize(&param, bowl, &calls, x, &result);
	assert_true(result.is_converged);
	assert_true(result.iters > 0 && result.iters < 500);
	for (int i = 0; i < N; i++) {
		want = fmax(0, i - l1[i] / (2 * exp2(i / 2.0)));
		assert_true(want > 0 ? fabs(x[i] - want) < 1e-6 : x[i] == 0);
	}
	assert_true(x[4] == 0 && x[18] > 0 && x[3] > 2.9);
}

/* As above, by the rule of the least subgradient, from either side of 0. */
static void
test_minimize_when_a_bend_is_the_least_then_exactly_there(void **state)
{
	const double l1[1] = {2.5}, starts[] = {7, -7, 0, 1e-9};
	const struct lbfgs_param param = {
	    .n = 1, .tol = 1e-12, .max_iter = 100, .l1 = l1};
	struct lbfgs_result result;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		double x[1] = {starts[i]};

		lbfgs_minimize(&param, valley, NULL, x, &result);
		assert_true(result.is_converged && x[0] == 0);
		assert_true(fabs(result.value - log(2)) < 1e-12);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_minimize_when_badly_scaled_then_found),
	    cmocka_unit_test(test_minimize_when_not_quadratic_then_found),
	    cmocka_unit_test(
		test_minimize_when_the_value_stands_still_then_converged),
	    cmocka_unit_test(test_minimize_when_at_the_bottom_then_no_step),
	    cmocka_unit_test(
		test_minimize_when_out_of_steps_then_not_converged),
	    cmocka_unit_test(test_minimize_when_it_bends_then_zeros_and_shrunk),
	    cmocka_unit_test(
		test_minimize_when_a_bend_is_the_least_then_exactly_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
