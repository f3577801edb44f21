/* Bins, split points and statistics against numbers worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/math/binning.h"

#include <math.h>

static void
test_place_when_between_splits_then_the_first_not_below(void **state)
{
	static const double splits[] = {-1, 0, 0.5, 3};
	static const struct {
		double v;
		size_t bin;
	} cases[] = {{-7, 0}, {-1, 0}, {-0.9, 1}, {0, 1}, {1e-9, 2}, {0.5, 2},
	    {3, 3}, {9, 3}, {INFINITY, 3}, {-INFINITY, 0}, {NAN, 3}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    binning_place(splits, ARRAY_LEN(splits), cases[i].v),
		    cases[i].bin);
	assert_int_equal(binning_place(splits, 1, 5), 0);
	assert_int_equal(binning_place(splits, 1, NAN), 0);
}

static void
test_quantiles_when_values_repeat_then_each_split_once(void **state)
{
	struct sketch *s = sketch_new(&sketch_default);
	double out[10];

	(void)state;
	assert_int_equal(binning_quantiles(s, 10, out), 0);
	for (int i = 0; i < 900; i++)
		sketch_add(s, i < 600 ? 1 : 1 + i % 3);
	assert_int_equal(binning_quantiles(s, 10, out), 3);
	assert_true(out[0] == 1 && out[1] == 2 && out[2] == 3);
	sketch_free(s);
}

static void
test_buckets_when_made_then_of_equal_width(void **state)
{
	double out[4];

	(void)state;
	binning_buckets(-1, 3, 4, out);
	assert_true(out[0] == 0 && out[1] == 1 && out[2] == 2 && out[3] == 3);
	binning_buckets(-1, 3, 1, out);
	assert_true(out[0] == 3);
	binning_buckets(2, 2, 3, out);
	assert_true(out[0] == 2 && out[1] == 2 && out[2] == 2);
}

static void
test_distinct_when_sorted_then_each_once(void **state)
{
	double v[] = {3, 1, 3, -2, 1, 1};

	(void)state;
	assert_int_equal(binning_distinct(v, ARRAY_LEN(v)), 3);
	assert_true(v[0] == -2 && v[1] == 1 && v[2] == 3);
	assert_int_equal(binning_distinct(NULL, 0), 0);
}

static void
near(double a, double b)
{
	assert_true(fabs(a - b) < 1e-12);
}

static void
test_stats_when_counted_then_rates_woe_and_iv(void **state)
{
	static const struct binning_count c[] = {{6, 2}, {3, 8}, {1, 0}};
	struct binning_stats s;

	(void)state;
	binning_stats_init(&s, c, 3, 0.5);
	near(s.event_rate[0], 0.6);
	near(s.non_event_rate[0], 0.2);
	near(s.event_rate[2], 0.15);
	near(s.non_event_rate[2], 0.05);
	near(s.woe[0], log(3));
	near(s.woe[1], log(0.3 / 0.8));
	near(s.iv[2], 0.1 * log(3));
	near(s.total_iv, 0.4 * log(3) - 0.5 * log(0.375) + 0.1 * log(3));
	assert_false(s.is_monotonic);
	binning_stats_release(&s);
}

static void
test_stats_when_a_class_is_empty_then_finite(void **state)
{
	static const struct binning_count c[] = {{4, 0}, {0, 0}, {6, 0}};
	struct binning_stats s;

	(void)state;
	binning_stats_init(&s, c, 3, 0.5);
	assert_true(isfinite(s.total_iv));
	near(s.woe[1], log(0.05 / 0.5));
	binning_stats_release(&s);
}

static void
test_stats_when_woe_rises_or_stays_then_monotonic(void **state)
{
	static const struct binning_count up[] = {
	    {1, 9}, {2, 4}, {1, 2}, {5, 1}};
	static const struct binning_count down[] = {{5, 1}, {5, 5}, {1, 9}};
	struct binning_stats s;

	(void)state;
	binning_stats_init(&s, up, 4, 0.5);
	assert_true(s.is_monotonic);
	binning_stats_release(&s);
	binning_stats_init(&s, down, 3, 0.5);
	assert_true(s.is_monotonic);
	binning_stats_release(&s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_place_when_between_splits_then_the_first_not_below),
	    cmocka_unit_test(
		test_quantiles_when_values_repeat_then_each_split_once),
	    cmocka_unit_test(test_buckets_when_made_then_of_equal_width),
	    cmocka_unit_test(test_distinct_when_sorted_then_each_once),
	    cmocka_unit_test(test_stats_when_counted_then_rates_woe_and_iv),
	    cmocka_unit_test(test_stats_when_a_class_is_empty_then_finite),
	    cmocka_unit_test(test_stats_when_woe_rises_or_stays_then_monotonic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
