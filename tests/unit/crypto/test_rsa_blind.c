/* Keys, signatures and what of them crosses, of the blind intersection. */
#include "lib/crypto/lanes.h"
#include "lib/crypto/random.h"
#include "lib/crypto/rsa_blind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const ids[] = {"", "a", "502", "\xe7\x94\xa8\xe6\x88\xb7",
    "an id of more than sixty-four bytes, which SHA-256 takes in two blocks"};
#define N_IDS (sizeof(ids) / sizeof(ids[0]))

static struct rsa_secret *secret;
static const struct rsa_public *pub;

static int
make_key(void **state)
{
	(void)state;
	secret = rsa_generate(RSA_BLIND_BITS);
	pub = rsa_public_of(secret);
	return 0;
}

static int
free_key(void **state)
{
	(void)state;
	rsa_secret_free(secret);
	return 0;
}

static void
test_key_when_made_then_of_the_width_asked_for(void **state)
{
	(void)state;
	assert_int_equal(mpz_sizeinbase(pub->n, 2), RSA_BLIND_BITS);
	assert_int_equal(pub->width, RSA_BLIND_BITS / 8);
	assert_int_equal(mpz_cmp_ui(pub->e, 65537), 0);
}

static void
test_signature_when_raised_to_e_then_the_hash(void **state)
{
	mpz_t h, s;

	(void)state;
	mpz_inits(h, s, NULL);
	for (size_t i = 0; i < N_IDS; i++) {
		rsa_hash_id(h, ids[i], strlen(ids[i]));
		rsa_sign(secret, s, h);
		mpz_powm(s, s, pub->e, pub->n);
		assert_int_equal(mpz_cmp(s, h), 0);
	}
	mpz_clears(h, s, NULL);
}

static void
check_many(struct rsa_secret *key, mpz_t *x, size_t n)
{
	mpz_t one[16];

	for (size_t i = 0; i < n; i++) {
		mpz_init(one[i]);
		rsa_sign(key, one[i], x[i]);
	}
	rsa_sign_many(key, x, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(mpz_cmp(x[i], one[i]), 0);
		mpz_clear(one[i]);
	}
}

/* Groups that are not full, 0, 1, n-1, in both kernels. */
static void
test_signatures_when_many_then_those_of_one_by_one(void **state)
{
	enum { N = 11 };
	struct rsa_secret *key;
	mpz_t x[N];

	(void)state;
	for (size_t i = 0; i < N; i++)
		mpz_init(x[i]);
	for (int portable = 0; portable < 2; portable++) {
		lanes_force_portable(portable);
		key = rsa_generate(RSA_BLIND_BITS);
		for (size_t n = 0; n <= N; n++) {
			for (size_t i = 0; i < n; i++)
				random_below(x[i], rsa_public_of(key)->n);
			for (size_t i = 0; i < n && i < 2; i++)
				mpz_set_ui(x[i], i);
			if (n > 2)
				mpz_sub_ui(x[2], rsa_public_of(key)->n, 1);
			check_many(key, x, n);
		}
		rsa_secret_free(key);
	}
	lanes_force_portable(false);
	for (size_t i = 0; i < N; i++)
		mpz_clear(x[i]);
}

static void
test_hash_when_of_an_id_then_its_sha256(void **state)
{
	static const char want[] = "ca978112ca1bbdcafac231b39a23dc4d"
				   "a786eff8147c4e72b9807785afee48bb";
	mpz_t h, w;

	(void)state;
	mpz_init(h);
	mpz_init_set_str(w, want, 16);
	rsa_hash_id(h, "a", 1);
	assert_int_equal(mpz_cmp(h, w), 0);
	mpz_clears(h, w, NULL);
}

static void
test_unblinded_when_signed_blindly_then_the_direct_signature(void **state)
{
	uint8_t got[DIGEST_SHA256_LEN], want[DIGEST_SHA256_LEN];
	mpz_t h, r, v, s;

	(void)state;
	mpz_inits(h, r, v, s, NULL);
	for (size_t i = 0; i < N_IDS; i++) {
		rsa_hash_id(h, ids[i], strlen(ids[i]));
		rsa_blind(pub, h, r, v);
		assert_int_not_equal(mpz_cmp(v, h), 0);
		rsa_sign(secret, v, v);
		rsa_unblind(pub, r, v, v);
		rsa_sign(secret, s, h);
		assert_int_equal(mpz_cmp(v, s), 0);
		rsa_digest(pub, v, got);
		rsa_digest(pub, s, want);
		assert_memory_equal(got, want, sizeof(want));
	}
	mpz_clears(h, r, v, s, NULL);
}

/*
 * What the host can do with its key to a blinded id: divide the signature by
 * that of the right guess. A short quotient would tell it from a wrong one.
 */
static void
test_factor_when_host_divides_by_the_right_guess_then_is_long(void **state)
{
	mpz_t h, r, v, s;

	(void)state;
	mpz_inits(h, r, v, s, NULL);
	rsa_hash_id(h, "a", 1);
	for (int i = 0; i < 100; i++) {
		rsa_blind(pub, h, r, v);
		rsa_sign(secret, v, v);
		rsa_sign(secret, s, h);
		mpz_invert(s, s, pub->n);
		mpz_mul(v, v, s);
		mpz_mod(v, v, pub->n);
		assert_int_equal(mpz_cmp(v, r), 0);
		assert_true(mpz_sizeinbase(v, 2) > RSA_BLIND_BITS - 64);
	}
	mpz_clears(h, r, v, s, NULL);
}

static void
test_blinded_when_twice_of_one_id_then_different(void **state)
{
	mpz_t h, r, a, b;

	(void)state;
	mpz_inits(h, r, a, b, NULL);
	rsa_hash_id(h, "a", 1);
	rsa_blind(pub, h, r, a);
	rsa_blind(pub, h, r, b);
	assert_int_not_equal(mpz_cmp(a, b), 0);
	mpz_clears(h, r, a, b, NULL);
}

static void
test_wire_when_written_then_read_back_in_full_width(void **state)
{
	static const char *const numbers[] = {"1", "ff", "100", "123456789abc"};
	uint8_t wire[RSA_BLIND_BITS_MAX / 8];
	mpz_t x, y;

	(void)state;
	mpz_inits(x, y, NULL);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		memset(wire, 0xaa, sizeof(wire));
		mpz_set_str(x, numbers[i], 16);
		rsa_write(pub, x, wire);
		assert_int_equal(wire[0], 0);
		assert_int_equal(wire[pub->width], 0xaa);
		assert_int_equal(rsa_read(pub, wire, y, NULL), ERR_OK);
		assert_int_equal(mpz_cmp(x, y), 0);
	}
	mpz_sub_ui(x, pub->n, 1);
	rsa_write(pub, x, wire);
	assert_int_equal(rsa_read(pub, wire, y, NULL), ERR_OK);
	assert_int_equal(mpz_cmp(x, y), 0);
	mpz_clears(x, y, NULL);
}

static void
test_read_when_0_or_not_below_the_modulus_then_refused(void **state)
{
	uint8_t wire[RSA_BLIND_BITS_MAX / 8] = {0};
	struct buf err = BUF_INIT;
	mpz_t y;

	(void)state;
	mpz_init(y);
	assert_int_equal(rsa_read(pub, wire, y, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "below the modulus"));
	rsa_write(pub, pub->n, wire);
	assert_int_equal(rsa_read(pub, wire, y, NULL), ERR_INVALID);
	memset(wire, 0xff, sizeof(wire));
	assert_int_equal(rsa_read(pub, wire, y, NULL), ERR_INVALID);
	mpz_clear(y);
	buf_release(&err);
}

static void
test_key_when_parsed_from_its_hex_then_the_same(void **state)
{
	char *n = mpz_get_str(NULL, 16, pub->n);
	struct rsa_public got;

	(void)state;
	assert_int_equal(rsa_public_parse(&got, n, "10001", NULL), ERR_OK);
	assert_int_equal(mpz_cmp(got.n, pub->n), 0);
	assert_int_equal(mpz_cmp(got.e, pub->e), 0);
	assert_int_equal(got.width, pub->width);
	rsa_public_clear(&got);
	free(n);
}

enum bad_n { OWN_N, TWICE_N, MINUS_N, HUGE_N, SHORT_N };

/* The key's n, spoilt in one way. */
static char *
spoilt(enum bad_n how)
{
	char *out;
	mpz_t n;

	mpz_init_set(n, pub->n);
	if (how == TWICE_N)
		mpz_mul_ui(n, n, 2);
	if (how == MINUS_N)
		mpz_neg(n, n);
	if (how == HUGE_N)
		mpz_setbit(n, RSA_BLIND_BITS_MAX);
	if (how == SHORT_N)
		mpz_set_ui(n, 35);
	out = mpz_get_str(NULL, 16, n);
	mpz_clear(n);
	return out;
}

static void
test_key_when_bad_then_refused(void **state)
{
	static const struct {
		enum bad_n n;
		const char *e;
	} rows[] = {{TWICE_N, "10001"}, {MINUS_N, "10001"}, {HUGE_N, "10001"},
	    {SHORT_N, "3"}, {OWN_N, "1"}, {OWN_N, "0"}, {OWN_N, "-3"},
	    {OWN_N, "g"}, {OWN_N, ""}};
	struct rsa_public got;
	struct buf err = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *n = spoilt(rows[i].n);

		buf_reset(&err);
		assert_int_equal(
		    rsa_public_parse(&got, n, rows[i].e, &err), ERR_INVALID);
		assert_non_null(strstr(err.ptr, "RSA key"));
		free(n);
	}
	assert_int_equal(rsa_public_parse(&got, "", "3", NULL), ERR_INVALID);
	assert_int_equal(rsa_public_parse(&got, "no", "3", NULL), ERR_INVALID);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_key_when_made_then_of_the_width_asked_for),
	    cmocka_unit_test(test_signature_when_raised_to_e_then_the_hash),
	    cmocka_unit_test(
		test_signatures_when_many_then_those_of_one_by_one),
	    cmocka_unit_test(test_hash_when_of_an_id_then_its_sha256),
	    cmocka_unit_test(
		test_unblinded_when_signed_blindly_then_the_direct_signature),
	    cmocka_unit_test(
		test_factor_when_host_divides_by_the_right_guess_then_is_long),
	    cmocka_unit_test(test_blinded_when_twice_of_one_id_then_different),
	    cmocka_unit_test(
		test_wire_when_written_then_read_back_in_full_width),
	    cmocka_unit_test(
		test_read_when_0_or_not_below_the_modulus_then_refused),
	    cmocka_unit_test(test_key_when_parsed_from_its_hex_then_the_same),
	    cmocka_unit_test(test_key_when_bad_then_refused),
	};

	return cmocka_run_group_tests(tests, make_key, free_key);
}
