/* Quantiles against the sorted values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/math/sketch.h"

#include <math.h>
#include <stdlib.h>

static const double quantiles[] = {
    0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1};

/* 0 .. n-1 in an order that is neither rising nor falling. */
static struct sketch *
filled(size_t n, const struct sketch_param *param)
{
	struct sketch *s = sketch_new(param);

	for (size_t i = 0; i < n; i++)
		sketch_add(s, (double)(i * 7919 % n));
	return s;
}

static void
test_query_when_empty_then_nan(void **state)
{
	struct sketch *s = sketch_new(&sketch_default);

	(void)state;
	assert_true(isnan(sketch_query(s, 0.5)));
	sketch_free(s);
}

static void
test_query_when_few_then_the_value_of_that_rank(void **state)
{
	struct sketch *s = filled(500, &sketch_default);

	(void)state;
	/* rank 250, counted from the second value, less 1 for the error */
	assert_true(sketch_query(s, 0.5) == 249);
	assert_true(sketch_query(s, 0) == 0);
	assert_true(sketch_query(s, 1) == 499);
	sketch_free(s);
}

static void
test_query_when_many_then_within_the_error(void **state)
{
	static const struct sketch_param param = {0.001, 1000, 1000};
	const size_t n = 200003;
	struct sketch *s = filled(n, &param);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(quantiles); i++) {
		double want = quantiles[i] * (double)n;
		double got = sketch_query(s, quantiles[i]);

		if (fabs(got - want) > 2 * param.error * (double)n + 1)
			fail_msg("%g: %g, not %g", quantiles[i], got, want);
	}
	sketch_free(s);
}

static void
test_query_when_asked_between_adds_then_sees_all(void **state)
{
	struct sketch *s = filled(10, &sketch_default);

	(void)state;
	assert_true(sketch_query(s, 1) == 9);
	sketch_add(s, 50);
	sketch_add(s, -50);
	assert_true(sketch_query(s, 1) == 50);
	assert_true(sketch_query(s, 0) == -50);
	sketch_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_query_when_empty_then_nan),
	    cmocka_unit_test(test_query_when_few_then_the_value_of_that_rank),
	    cmocka_unit_test(test_query_when_many_then_within_the_error),
	    cmocka_unit_test(test_query_when_asked_between_adds_then_sees_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
