/* The published sequence, and that what is drawn is even. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/math/prng.h"

static void
test_next_when_seeded_then_the_published_numbers(void **state)
{
	static const uint64_t want[] = {6457827717110365317U,
	    3203168211198807973U, 9817491932198370423U, 4593380528125082431U,
	    16408922859458223821U};
	uint64_t seed = 1234567;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_true(prng_next(&seed) == want[i]);
}

static void
test_below_when_drawn_often_then_all_alike(void **state)
{
	int counts[7] = {0};
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 70000; i++)
		counts[prng_below(&seed, 7)]++;
	for (size_t k = 0; k < ARRAY_LEN(counts); k++)
		assert_in_range(counts[k], 9500, 10500);
	assert_true(prng_below(&seed, 1) == 0);
}

static void
test_uniform_when_drawn_then_within_its_range(void **state)
{
	uint64_t seed = 9;
	double v, sum = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		v = prng_uniform(&seed);
		assert_true(v >= 0 && v < 1);
		sum += v;
	}
	assert_true(sum > 4800 && sum < 5200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_next_when_seeded_then_the_published_numbers),
	    cmocka_unit_test(test_below_when_drawn_often_then_all_alike),
	    cmocka_unit_test(test_uniform_when_drawn_then_within_its_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
