/* RSA keys that are read from numbers, and printed as such. */
#include "lib/crypto/random.h"
#include "lib/crypto/rsa_blind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The numbers of a key: of p and q, or of p alone when q is 0. */
struct numbers {
	mpz_t n, e, d, p, q;
};

static void
numbers_make(struct numbers *k, unsigned bits)
{
	mpz_t order;

	mpz_inits(k->n, k->e, k->d, k->p, k->q, order, NULL);
	mpz_set_ui(k->e, 65537);
	do {
		random_bits(k->p, bits / 2);
		random_bits(k->q, bits / 2);
		mpz_setbit(k->p, bits / 2 - 1);
		mpz_setbit(k->p, bits / 2 - 2);
		mpz_setbit(k->q, bits / 2 - 1);
		mpz_setbit(k->q, bits / 2 - 2);
		mpz_nextprime(k->p, k->p);
		mpz_nextprime(k->q, k->q);
		mpz_mul(k->n, k->p, k->q);
		mpz_sub(order, k->n, k->p);
		mpz_sub(order, order, k->q);
		mpz_add_ui(order, order, 1);
	} while (!mpz_invert(k->d, k->e, order));
	mpz_clear(order);
}

static void
numbers_clear(struct numbers *k)
{
	mpz_clears(k->n, k->e, k->d, k->p, k->q, NULL);
}

static enum err
given(const struct numbers *k, struct rsa_secret **out, struct buf *err)
{
	char *n = mpz_get_str(NULL, 10, k->n), *e = mpz_get_str(NULL, 10, k->e),
	     *d = mpz_get_str(NULL, 10, k->d);
	enum err rc = rsa_secret_parse(&(struct rsa_given){n, e, d}, out, err);

	free(n);
	free(e);
	free(d);
	return rc;
}

static void
check_signs(const struct numbers *k)
{
	struct rsa_secret *s = NULL;
	struct buf err = BUF_INIT;
	mpz_t h, ours, theirs;

	mpz_inits(h, ours, theirs, NULL);
	assert_int_equal(given(k, &s, &err), ERR_OK);
	for (int i = 0; i < 5; i++) {
		random_below(h, k->n);
		rsa_sign(s, ours, h);
		mpz_powm(theirs, h, k->d, k->n);
		assert_int_equal(mpz_cmp(ours, theirs), 0);
	}
	rsa_secret_free(s);
	mpz_clears(h, ours, theirs, NULL);
	buf_release(&err);
}

static void
test_given_key_when_parsed_then_signs_as_its_numbers_say(void **state)
{
	struct numbers k;

	(void)state;
	for (unsigned bits = 1024; bits <= 2048; bits += 512) {
		numbers_make(&k, bits);
		check_signs(&k);
		numbers_clear(&k);
	}
}

/* RSA works under a prime modulus too; only that it cannot be split. */
static void
test_given_key_when_not_of_two_primes_then_signs_all_the_same(void **state)
{
	struct numbers k;
	mpz_t order;

	(void)state;
	mpz_init(order);
	numbers_make(&k, 1024);
	do {
		mpz_nextprime(k.n, k.n);
		mpz_sub_ui(order, k.n, 1);
	} while (!mpz_invert(k.d, k.e, order));
	check_signs(&k);
	numbers_clear(&k);
	mpz_clear(order);
}

enum change { SMALL_N, EVEN_N, OTHER_D, ZERO_D, BIG_D, ONE_E, EVEN_E, OTHER_E };

static void
change(struct numbers *k, enum change what)
{
	switch (what) {
	case SMALL_N:
		mpz_fdiv_q_2exp(k->n, k->n, 1);
		mpz_setbit(k->n, 0);
		break;
	case EVEN_N:
		mpz_sub_ui(k->n, k->n, 1);
		break;
	case OTHER_D:
		mpz_add_ui(k->d, k->d, 2);
		break;
	case ZERO_D:
		mpz_set_ui(k->d, 0);
		break;
	case BIG_D:
		mpz_add(k->d, k->d, k->n);
		break;
	case ONE_E:
		mpz_set_ui(k->e, 1);
		break;
	case EVEN_E:
		mpz_set_ui(k->e, 65536);
		break;
	case OTHER_E:
		mpz_set_ui(k->e, 65539);
		break;
	}
}

static void
test_given_key_when_it_is_none_then_says_which_number(void **state)
{
	static const struct {
		enum change change;
		const char *says;
	} rows[] = {
	    {SMALL_N, "rsa_key_n has 1023 bits"},
	    {EVEN_N, "rsa_key_n is even"},
	    {OTHER_D, "rsa_key_d does not belong"},
	    {ZERO_D, "rsa_key_d is no positive"},
	    {BIG_D, "rsa_key_d is not a number"},
	    {ONE_E, "rsa_key_e is not an odd"},
	    {EVEN_E, "rsa_key_e is not an odd"},
	    {OTHER_E, "rsa_key_d does not belong"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf err = BUF_INIT;
		struct rsa_secret *s = NULL;
		struct numbers k;
		char *d;

		numbers_make(&k, 1024);
		change(&k, rows[i].change);
		assert_int_equal(given(&k, &s, &err), ERR_INVALID);
		assert_null(s);
		assert_non_null(strstr(err.ptr, rows[i].says));
		d = mpz_get_str(NULL, 10, k.d);
		assert_true(!d[1] || !strstr(err.ptr, d));
		free(d);
		numbers_clear(&k);
		buf_release(&err);
	}
}

/* 2^4253 - 1 and 2^521 - 1 are prime: one is longer than lanes.h takes. */
static void
test_given_key_when_of_a_long_prime_then_signs(void **state)
{
	struct rsa_secret *s = NULL;
	struct numbers k;
	mpz_t p, q, x, y;

	(void)state;
	numbers_make(&k, 1024);
	mpz_inits(p, q, x, y, NULL);
	mpz_ui_pow_ui(p, 2, 4253);
	mpz_sub_ui(p, p, 1);
	mpz_ui_pow_ui(q, 2, 521);
	mpz_sub_ui(q, q, 1);
	mpz_mul(k.n, p, q);
	mpz_sub_ui(p, p, 1);
	mpz_sub_ui(q, q, 1);
	mpz_lcm(x, p, q);
	mpz_set_ui(k.e, 65537);
	assert_true(mpz_invert(k.d, k.e, x));
	assert_int_equal(given(&k, &s, NULL), ERR_OK);
	rsa_hash_id(x, "id", 2);
	mpz_set(y, x);
	rsa_sign_many(s, &y, 1);
	mpz_powm(y, y, k.e, k.n);
	assert_int_equal(mpz_cmp(x, y), 0);
	rsa_secret_free(s);
	mpz_clears(p, q, x, y, NULL);
	numbers_clear(&k);
}

/* p - 1 a multiple of e: d is right for a third of all numbers. */
static void
test_given_key_when_e_has_no_inverse_then_refused(void **state)
{
	struct numbers k;
	mpz_t p, q, x;

	(void)state;
	numbers_make(&k, 1024);
	mpz_inits(p, q, x, NULL);
	mpz_set_ui(k.e, 3);
	do {
		random_bits(p, 520);
		mpz_setbit(p, 519);
		mpz_nextprime(p, p);
	} while (mpz_fdiv_ui(p, 9) != 4 && mpz_fdiv_ui(p, 9) != 7);
	do {
		random_bits(q, 520);
		mpz_setbit(q, 519);
		mpz_nextprime(q, q);
	} while (mpz_fdiv_ui(q, 3) != 2);
	mpz_mul(k.n, p, q);
	mpz_sub_ui(p, p, 1);
	mpz_sub_ui(q, q, 1);
	mpz_divexact_ui(p, p, 3);
	mpz_lcm(x, p, q);
	assert_true(mpz_invert(k.d, k.e, x));
	for (int i = 0; i < 12; i++) {
		struct rsa_secret *s = NULL;

		assert_int_equal(given(&k, &s, NULL), ERR_INVALID);
	}
	mpz_clears(p, q, x, NULL);
	numbers_clear(&k);
}

static void
test_key_when_printed_and_parsed_then_signs_alike(void **state)
{
	struct buf digits[3] = {BUF_INIT, BUF_INIT, BUF_INIT};
	struct rsa_secret *keys[3] = {rsa_generate(RSA_BLIND_BITS)};
	mpz_t h, s[3];

	(void)state;
	mpz_init(h);
	rsa_hash_id(h, "502", 3);
	for (size_t i = 0; i < 3; i++) {
		mpz_init(s[i]);
		/* a key that was made here, and then those that were read */
		if (i) {
			rsa_secret_print(
			    keys[i - 1], &digits[0], &digits[1], &digits[2]);
			assert_int_equal(
			    rsa_secret_parse(&(struct rsa_given){digits[0].ptr,
						 digits[1].ptr, digits[2].ptr},
				&keys[i], NULL),
			    ERR_OK);
			assert_int_equal(
			    rsa_public_of(keys[i])->width, RSA_BLIND_BITS / 8);
		}
		rsa_sign(keys[i], s[i], h);
		assert_int_equal(mpz_cmp(s[i], s[0]), 0);
		for (size_t k = 0; k < 3; k++)
			buf_reset(&digits[k]);
	}
	for (size_t i = 0; i < 3; i++) {
		mpz_clear(s[i]);
		buf_release(&digits[i]);
		rsa_secret_free(keys[i]);
	}
	mpz_clear(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_key_when_printed_and_parsed_then_signs_alike),
	    cmocka_unit_test(
		test_given_key_when_parsed_then_signs_as_its_numbers_say),
	    cmocka_unit_test(
		test_given_key_when_not_of_two_primes_then_signs_all_the_same),
	    cmocka_unit_test(
		test_given_key_when_it_is_none_then_says_which_number),
	    cmocka_unit_test(test_given_key_when_of_a_long_prime_then_signs),
	    cmocka_unit_test(test_given_key_when_e_has_no_inverse_then_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
