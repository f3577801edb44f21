/* Powers with secret exponents, by both kernels, against plain GMP. */
#include "tests/unit/crypto/lanes_edges.h"

#include "lib/base/mem.h"

/* Moduli and exponents of one length, edges among the exponents. */
static void
check_powers(enum lanes_modulus which, unsigned bits)
{
	mpz_t root[LANES], m[LANES], e[LANES], x[LANES], want[LANES];
	struct lanes_powers *pw;

	for (size_t i = 0; i < LANES; i++) {
		mpz_inits(root[i], m[i], e[i], x[i], want[i], NULL);
		make_root(root[i], bits, (int)i % 3);
		mpz_set(m[i], root[i]);
		if (which == LANES_SQUARE)
			mpz_mul(m[i], root[i], root[i]);
		random_bits(e[i], bits);
		if (i < 2)
			mpz_set_ui(e[i], i + 1);
	}
	mpz_set_ui(e[2], 1);
	mpz_mul_2exp(e[2], e[2], bits);
	mpz_sub_ui(e[2], e[2], 1);
	pw = lanes_powers_new(which, root, e, bits);
	for (size_t turn = 0; turn < EDGES + 3; turn++) {
		for (size_t i = 0; i < LANES; i++) {
			make_number(x[i], m[i], turn);
			mpz_powm(want[i], x[i], e[i], m[i]);
		}
		lanes_powers_run(pw, x);
		for (size_t i = 0; i < LANES; i++)
			assert_int_equal(mpz_cmp(x[i], want[i]), 0);
	}
	lanes_powers_free(pw);
	for (size_t i = 0; i < LANES; i++)
		mpz_clears(root[i], m[i], e[i], x[i], want[i], NULL);
}

static void
test_powers_when_secret_then_as_plain(void **state)
{
	static const unsigned bits[] = {64, 256, 512, 539, 700, 1024, 2048};

	(void)state;
	for (int portable = 1; portable >= 0; portable--) {
		lanes_force_portable(portable);
		for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
			check_powers(LANES_SQUARE, bits[i]);
			check_powers(LANES_ROOT, bits[i]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_powers_when_secret_then_as_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
