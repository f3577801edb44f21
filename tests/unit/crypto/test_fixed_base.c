#include "lib/crypto/fixed_base.h"
#include "lib/crypto/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/mem.h"

#define LEN ((size_t)40)
#define N   ((size_t)70)

/* Exponents 0, 1, 2, all ones, then random: acc 3 times each power. */
static void
check_powers(struct lanes *ls, const mpz_t base, const mpz_t m)
{
	struct fixed_base *f = fixed_base_new(ls, base, LEN);
	unsigned char e[N * LEN] = {0};
	uint64_t *acc = lanes_alloc(ls, N);
	mpz_t got, want;

	mpz_inits(got, want, NULL);
	e[LEN] = 1;
	e[2 * LEN] = 2;
	memset(e + 3 * LEN, 0xff, LEN);
	random_bytes(e + 4 * LEN, sizeof(e) - 4 * LEN);
	mpz_set_ui(want, 3);
	for (size_t i = 0; i < N; i++)
		lanes_set(ls, acc + i * ls->stride, want);
	fixed_base_multiply(f, acc, e, N);
	for (size_t i = 0; i < N; i++) {
		mpz_import(want, LEN, -1, 1, 0, 0, e + i * LEN);
		mpz_powm(want, base, want, m);
		mpz_mul_ui(want, want, 3);
		mpz_mod(want, want, m);
		lanes_get(ls, got, acc + i * ls->stride);
		assert_int_equal(mpz_cmp(got, want), 0);
	}
	mpz_clears(got, want, NULL);
	free(acc);
	fixed_base_free(f);
}

static void
test_power_of_any_exponent_equals_powm(void **state)
{
	static const size_t sizes[] = {32, 127, 512, 1024};
	struct lanes ls;
	mpz_t base, root, m;

	(void)state;
	mpz_inits(base, root, m, NULL);
	for (size_t k = 0; k < 2 * ARRAY_LEN(sizes); k++) {
		lanes_force_portable(k % 2);
		random_bits(root, sizes[k / 2]);
		mpz_setbit(root, sizes[k / 2] - 1);
		mpz_setbit(root, 0);
		mpz_mul(m, root, root);
		random_below(base, m);
		lanes_init(&ls, root);
		check_powers(&ls, base, m);
		lanes_release(&ls);
	}
	mpz_clears(base, root, m, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_power_of_any_exponent_equals_powm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
