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
check_powers(
    struct fixed_base *f, struct lanes *ls, const mpz_t base, const mpz_t m)
{
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
}

/* As often as it takes until windows have so many bits. */
static void
use_until(struct fixed_base *f, struct lanes *ls, unsigned width)
{
	unsigned char e[N * LEN];
	uint64_t *acc = lanes_alloc(ls, N);

	memset(e, 0x55, sizeof(e));
	for (size_t turn = 0; fixed_base_width(f) < width; turn++) {
		assert_true(turn < 1000);
		fixed_base_multiply(f, acc, e, N);
	}
	free(acc);
}

static void
check_base(struct lanes *ls, const mpz_t root, unsigned width)
{
	struct fixed_base *f;
	mpz_t base, m;

	mpz_inits(base, m, NULL);
	mpz_mul(m, root, root);
	random_below(base, m);
	f = fixed_base_new(ls, base, LEN, 0);
	check_powers(f, ls, base, m);
	for (unsigned w = fixed_base_width(f) + 1; w <= width; w++) {
		use_until(f, ls, w);
		check_powers(f, ls, base, m);
	}
	fixed_base_free(f);
	mpz_clears(base, m, NULL);
}

static void
each_size(const unsigned *sizes, size_t n, unsigned width)
{
	struct lanes ls;
	mpz_t root;

	mpz_init(root);
	for (size_t k = 0; k < 2 * n; k++) {
		lanes_force_portable(k % 2);
		random_bits(root, sizes[k / 2]);
		mpz_setbit(root, sizes[k / 2] - 1);
		mpz_setbit(root, 0);
		lanes_init(&ls, root);
		check_base(&ls, root, width);
		lanes_release(&ls);
	}
	mpz_clear(root);
}

static void
test_power_of_any_exponent_equals_powm(void **state)
{
	static const unsigned sizes[] = {32, 127, 512, 1024};

	(void)state;
	each_size(sizes, ARRAY_LEN(sizes), 0);
}

static void
test_powers_when_many_then_by_wider_windows_and_the_same(void **state)
{
	static const unsigned sizes[] = {33, 300};

	(void)state;
	each_size(sizes, ARRAY_LEN(sizes), 12);
}

static void
test_powers_when_many_are_expected_then_wide_at_once(void **state)
{
	static const struct {
		size_t expected;
		unsigned width;
	} cases[] = {{0, 8}, {2000, 8}, {6000, 10}, {1000000, 12}};
	struct fixed_base *f;
	struct lanes ls;
	mpz_t root, base, m;

	(void)state;
	mpz_init_set_ui(root, 0xfffffffb);
	mpz_init_set_ui(base, 0x12345678);
	mpz_init(m);
	mpz_mul(m, root, root);
	lanes_init(&ls, root);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		f = fixed_base_new(&ls, base, LEN, cases[i].expected);
		assert_int_equal(fixed_base_width(f), cases[i].width);
		check_powers(f, &ls, base, m);
		fixed_base_free(f);
	}
	lanes_release(&ls);
	mpz_clears(root, base, m, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_power_of_any_exponent_equals_powm),
	    cmocka_unit_test(
		test_powers_when_many_then_by_wider_windows_and_the_same),
	    cmocka_unit_test(
		test_powers_when_many_are_expected_then_wide_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
