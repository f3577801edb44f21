#include "lib/crypto/fixed_base.h"
#include "lib/crypto/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BITS 320

static void
check_power(
    struct fixed_base *f, const mpz_t base, const mpz_t m, const mpz_t e)
{
	mpz_t got, want;

	mpz_inits(got, want, NULL);
	fixed_base_power(f, got, e);
	mpz_powm(want, base, e, m);
	assert_int_equal(mpz_cmp(got, want), 0);
	mpz_clears(got, want, NULL);
}

static void
test_power_of_any_exponent_equals_powm(void **state)
{
	static const size_t sizes[] = {64, 127, 1024, 2048};
	mpz_t base, m, e;

	(void)state;
	mpz_inits(base, m, e, NULL);
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct fixed_base *f;

		random_bits(m, sizes[k]);
		mpz_setbit(m, sizes[k] - 1);
		mpz_setbit(m, 0);
		random_below(base, m);
		f = fixed_base_new(base, m, BITS);
		for (unsigned long small = 0; small < 3; small++) {
			mpz_set_ui(e, small);
			check_power(f, base, m, e);
		}
		mpz_set_ui(e, 0);
		mpz_setbit(e, BITS);
		mpz_sub_ui(e, e, 1);
		check_power(f, base, m, e);
		for (int i = 0; i < 50; i++) {
			random_bits(e, BITS);
			check_power(f, base, m, e);
		}
		fixed_base_free(f);
	}
	mpz_clears(base, m, e, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_power_of_any_exponent_equals_powm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
