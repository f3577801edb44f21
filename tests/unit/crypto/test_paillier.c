/* Paillier and fixed point against plain GMP arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "lib/crypto/lanes.h"
#include "lib/crypto/paillier_many.h"
#include "lib/crypto/random.h"

#include <math.h>
#include <stdbool.h>

static const unsigned sizes[] = {1024, 2048};
static struct paillier_secret *secrets[ARRAY_LEN(sizes)];

static int
setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		assert_int_equal(
		    paillier_generate(sizes[i], &secrets[i], NULL), ERR_OK);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		paillier_secret_free(secrets[i]);
	return 0;
}

static void
check_plain(const struct paillier_secret *s, const mpz_t c, const mpz_t want)
{
	mpz_t got;

	mpz_init(got);
	assert_int_equal(paillier_decrypt(s, got, c, NULL), ERR_OK);
	assert_int_equal(mpz_cmp(got, want), 0);
	mpz_clear(got);
}

static void
test_encrypt_when_at_edges_then_decrypts_to_same(void **state)
{
	const struct paillier_public *pub;
	mpz_t m, c;

	(void)state;
	mpz_inits(m, c, NULL);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		pub = paillier_public_of(secrets[i]);
		assert_int_equal(pub->bits, sizes[i]);
		for (int k = 0; k < 5; k++) {
			if (k < 3)
				mpz_set_si(m, k - 1);
			else
				mpz_set(m, pub->max);
			if (k == 4)
				mpz_neg(m, m);
			assert_int_equal(
			    paillier_encrypt(pub, c, m, NULL), ERR_OK);
			check_plain(secrets[i], c, m);
		}
	}
	mpz_clears(m, c, NULL);
}

static void
test_encrypt_when_beyond_headroom_then_refused(void **state)
{
	struct buf err = BUF_INIT;
	const struct paillier_public *pub = paillier_public_of(secrets[0]);
	mpz_t m, c;

	(void)state;
	mpz_inits(m, c, NULL);
	mpz_add_ui(m, pub->max, 1);
	assert_int_equal(paillier_encrypt(pub, c, m, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "1024"));
	mpz_neg(m, m);
	assert_int_equal(paillier_encrypt(pub, c, m, NULL), ERR_INVALID);
	buf_release(&err);
	mpz_clears(m, c, NULL);
}

static void
test_decrypt_when_sum_overflowed_then_refused(void **state)
{
	const struct paillier_public *pub = paillier_public_of(secrets[0]);
	mpz_t c;

	(void)state;
	mpz_init(c);
	assert_int_equal(paillier_encrypt(pub, c, pub->max, NULL), ERR_OK);
	assert_int_equal(paillier_add_plain(pub, c, c, pub->max, NULL), ERR_OK);
	assert_int_equal(paillier_decrypt(secrets[0], c, c, NULL), ERR_INVALID);
	mpz_set_ui(c, 0);
	assert_int_equal(paillier_decrypt(secrets[0], c, c, NULL), ERR_INVALID);
	mpz_set(c, pub->n);
	assert_int_equal(paillier_decrypt(secrets[0], c, c, NULL), ERR_INVALID);
	mpz_clear(c);
}

/* (1+n)^m r^n by its definition, and n - |m| for negative numbers */
static void
test_decrypt_when_ciphertext_is_by_definition_then_same(void **state)
{
	const struct paillier_public *pub = paillier_public_of(secrets[0]);
	mpz_t c, g, r, m;

	(void)state;
	mpz_inits(c, g, r, m, NULL);
	mpz_set_si(m, -123456789);
	mpz_add_ui(g, pub->n, 1);
	mpz_add(c, pub->n, m);
	mpz_powm(c, g, c, pub->n2);
	random_below(r, pub->n);
	mpz_powm(r, r, pub->n, pub->n2);
	paillier_add(pub, c, c, r);
	check_plain(secrets[0], c, m);
	mpz_clears(c, g, r, m, NULL);
}

static void
test_arithmetic_when_random_then_as_plain(void **state)
{
	mpz_t a, b, k, ca, cb, want;

	(void)state;
	mpz_inits(a, b, k, ca, cb, want, NULL);
	for (int round = 0; round < 20; round++) {
		size_t i = (size_t)round % ARRAY_LEN(sizes);
		const struct paillier_public *pub =
		    paillier_public_of(secrets[i]);

		random_bits(a, 200);
		random_bits(b, 200);
		random_bits(k, 60);
		if (round & 1)
			mpz_neg(k, k);
		if (round & 2)
			mpz_neg(b, b);
		paillier_encrypt(pub, ca, a, NULL);
		paillier_encrypt(pub, cb, b, NULL);
		paillier_add(pub, cb, cb, ca);
		mpz_add(want, a, b);
		check_plain(secrets[i], cb, want);
		assert_int_equal(paillier_mul(pub, cb, cb, k, NULL), ERR_OK);
		mpz_mul(want, want, k);
		check_plain(secrets[i], cb, want);
		assert_int_equal(
		    paillier_add_plain(pub, cb, cb, b, NULL), ERR_OK);
		mpz_add(want, want, b);
		check_plain(secrets[i], cb, want);
	}
	mpz_clears(a, b, k, ca, cb, want, NULL);
}

static void
test_rerandomise_then_other_ciphertext_same_plaintext(void **state)
{
	const struct paillier_public *pub = paillier_public_of(secrets[0]);
	mpz_t m, c, d;

	(void)state;
	mpz_inits(m, c, d, NULL);
	mpz_set_si(m, -7);
	paillier_encrypt(pub, c, m, NULL);
	mpz_set(d, c);
	paillier_rerandomise(pub, d);
	assert_int_not_equal(mpz_cmp(c, d), 0);
	check_plain(secrets[0], d, m);
	mpz_clears(m, c, d, NULL);
}

static void
test_put_when_small_then_full_width_and_back(void **state)
{
	const struct paillier_public *pub = paillier_public_of(secrets[0]);
	struct buf bytes = BUF_INIT;
	mpz_t c, d;

	(void)state;
	mpz_inits(c, d, NULL);
	mpz_set_ui(c, 259);
	paillier_put(pub, c, &bytes);
	assert_int_equal(bytes.len, pub->width);
	assert_int_equal(bytes.ptr[pub->width - 2], 1);
	assert_int_equal(bytes.ptr[pub->width - 1], 3);
	assert_int_equal(paillier_get(pub, bytes.ptr, d, NULL), ERR_OK);
	assert_int_equal(mpz_cmp(c, d), 0);
	memset(bytes.ptr, 0xff, bytes.len);
	assert_int_equal(paillier_get(pub, bytes.ptr, d, NULL), ERR_INVALID);
	memset(bytes.ptr, 0, bytes.len);
	assert_int_equal(paillier_get(pub, bytes.ptr, d, NULL), ERR_INVALID);
	buf_release(&bytes);
	mpz_clears(c, d, NULL);
}

static void
test_public_when_printed_then_parses_to_same(void **state)
{
	const struct paillier_public *pub = paillier_public_of(secrets[1]);
	struct paillier_public *back = NULL;
	struct buf hex = BUF_INIT;

	(void)state;
	paillier_public_print(pub, &hex);
	assert_int_equal(paillier_public_parse(hex.ptr, &back, NULL), ERR_OK);
	assert_int_equal(mpz_cmp(pub->n, back->n), 0);
	assert_int_equal(back->width, 512);
	paillier_public_free(back);
	assert_int_equal(paillier_public_parse("zz", &back, NULL), ERR_INVALID);
	assert_int_equal(paillier_public_parse("ff", &back, NULL), ERR_INVALID);
	buf_release(&hex);
}

static void
test_fixed_when_encoded_then_decodes_within_half_a_step(void **state)
{
	static const double values[] = {
	    0, 1, -1, 0.1, -0.1, 1e-30, 12345.678, -1e12, 0x1p-41, -0x1p-41};
	mpz_t m;

	(void)state;
	mpz_init(m);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		assert_int_equal(
		    fixed_encode(m, values[i], 40, 90, "v", NULL), ERR_OK);
		assert_true(fabs(fixed_decode(m, 40) - values[i]) <= 0x1p-41);
	}
	assert_int_equal(fixed_encode(m, 0x1p-41, 40, 90, "v", NULL), ERR_OK);
	assert_int_equal(mpz_cmp_si(m, 1), 0);
	mpz_clear(m);
}

static void
test_fixed_when_too_large_then_refused_with_numbers(void **state)
{
	struct buf err = BUF_INIT;
	mpz_t m;

	(void)state;
	mpz_init(m);
	assert_int_equal(
	    fixed_encode(m, 0x1p50, 40, 90, "u", &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "91 bits"));
	assert_int_equal(
	    fixed_encode(m, -0x1p50, 40, 90, "u", NULL), ERR_INVALID);
	assert_int_equal(fixed_encode(m, NAN, 40, 90, "u", NULL), ERR_INVALID);
	assert_int_equal(
	    fixed_encode(m, INFINITY, 40, 90, "u", NULL), ERR_INVALID);
	assert_int_equal(fixed_encode(m, 0x1.fp49, 40, 90, "u", NULL), ERR_OK);
	assert_int_equal(
	    fixed_check_sum(112, 88, 569, 1021, "g", NULL), ERR_OK);
	assert_int_equal(
	    fixed_check_sum(500, 500, 1 << 22, 1021, "g", NULL), ERR_INVALID);
	buf_release(&err);
	mpz_clear(m);
}

static void
test_fixed_vector_when_scaled_then_fits_its_bits(void **state)
{
	const double v[] = {1.5, -3.999999999, 0.001}, zero[] = {0};
	const double huge[] = {1e30, -1}, flags[] = {1, -0.5, 0};
	static const struct fixed_form form = {28, 0, 60},
				       coarse = {28, -80, 60};
	struct buf err = BUF_INIT;
	int64_t x[3];
	int scale;

	(void)state;
	assert_int_equal(
	    fixed_vector(v, 3, &form, x, &scale, "x", NULL), ERR_OK);
	/* 25, but all three are even then */
	assert_int_equal(scale, 24);
	assert_int_equal(
	    fixed_vector(flags, 3, &form, x, &scale, "x", NULL), ERR_OK);
	assert_int_equal(scale, 1);
	assert_int_equal(x[0], 2);
	assert_int_equal(x[1], -1);
	assert_int_equal(x[2], 0);
	assert_true(x[1] >= -(INT64_C(1) << 27));
	assert_int_equal(
	    fixed_vector(zero, 1, &form, x, &scale, "x", NULL), ERR_OK);
	assert_int_equal(scale, 60);
	assert_int_equal(
	    fixed_vector(huge, 2, &form, x, &scale, "x", &err), ERR_INVALID);
	assert_string_equal(
	    err.ptr, "x holds 1e+30, expected values below 1.34218e+08");
	/* 1e30 has 100 whole bits, of which at least 73 are left out */
	assert_int_equal(
	    fixed_vector(huge, 2, &coarse, x, &scale, "x", NULL), ERR_OK);
	assert_true(scale >= -80 && scale <= -73);
	assert_true(fabs(ldexp((double)x[0], -scale) / 1e30 - 1) < 1e-7);
	assert_int_equal(x[1], 0);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_encrypt_when_at_edges_then_decrypts_to_same),
	    cmocka_unit_test(test_encrypt_when_beyond_headroom_then_refused),
	    cmocka_unit_test(test_decrypt_when_sum_overflowed_then_refused),
	    cmocka_unit_test(
		test_decrypt_when_ciphertext_is_by_definition_then_same),
	    cmocka_unit_test(test_arithmetic_when_random_then_as_plain),
	    cmocka_unit_test(
		test_rerandomise_then_other_ciphertext_same_plaintext),
	    cmocka_unit_test(test_put_when_small_then_full_width_and_back),
	    cmocka_unit_test(test_public_when_printed_then_parses_to_same),
	    cmocka_unit_test(
		test_fixed_when_encoded_then_decodes_within_half_a_step),
	    cmocka_unit_test(
		test_fixed_when_too_large_then_refused_with_numbers),
	    cmocka_unit_test(test_fixed_vector_when_scaled_then_fits_its_bits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
