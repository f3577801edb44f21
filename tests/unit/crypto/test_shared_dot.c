/*
 * Products by shares: with plain numbers in the place of ciphertexts on random
 * and edge vectors, and once under a real key by both kernels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/crypto/lanes.h"
#include "lib/crypto/paillier_many.h"
#include "lib/crypto/shared_dot.h"

#include <math.h>
#include <stdlib.h>

#define HEADROOM 1022U
#define BOUND	 1e-9

/* u is one column, v one for each slot; all of mean square 1. */
struct vectors {
	size_t n;
	size_t slots;
	double *u;
	double *v; /* [slot][row] */
};

static uint64_t random_state = 88172645463325252U;

static double
draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) / 9007199254740992.0 - 0.5;
}

static void
standardise(double *x, size_t n)
{
	double mean = 0, square = 0;

	for (size_t i = 0; i < n; i++)
		mean += x[i] / (double)n;
	for (size_t i = 0; i < n; i++) {
		x[i] -= mean;
		square += x[i] * x[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++)
		x[i] /= sqrt(square);
}

/* What the columns in the slots are, beside random ones. */
enum shape {
	RANDOM,
	SAME,	  /* as u: correlation 1 */
	OPPOSITE, /* -u */
	SPIKE,	  /* one row far out: the greatest value there is */
	FLAGS,	  /* few digits, so all are rounded alike */
	SHAPES
};

static void
fill(struct vectors *x, double *out, enum shape shape)
{
	for (size_t i = 0; i < x->n; i++)
		out[i] = shape == SAME	     ? x->u[i]
			 : shape == OPPOSITE ? -x->u[i]
			 : shape == SPIKE    ? (double)(i == 1)
			 : shape == FLAGS    ? (double)(i % 3 == 0)
					     : draw();
	standardise(out, x->n);
}

static void
vectors_init(struct vectors *x, size_t n, size_t slots, enum shape shape)
{
	*x = (struct vectors){.n = n, .slots = slots};
	x->u = xcalloc(n, sizeof(*x->u));
	x->v = xcalloc(n * slots, sizeof(*x->v));
	fill(x, x->u, shape == FLAGS || shape == SPIKE ? shape : RANDOM);
	for (size_t k = 0; k < slots; k++)
		fill(x, x->v + k * n, k % 2 ? RANDOM : shape);
}

static void
vectors_release(struct vectors *x)
{
	free(x->u);
	free(x->v);
}

static double
want(const struct vectors *x, size_t k)
{
	long double sum = 0;

	for (size_t i = 0; i < x->n; i++)
		sum += (long double)x->u[i] * x->v[k * x->n + i];
	return (double)(sum / (long double)x->n);
}

static void
pack_row(
    const struct shared_dot *d, const struct vectors *x, size_t i, mpz_t out)
{
	int64_t *fixed = xcalloc(x->slots, sizeof(*fixed));

	for (size_t k = 0; k < x->slots; k++)
		fixed[k] = shared_dot_fixed(x->v[k * x->n + i]);
	shared_dot_pack(d, fixed, x->slots, out);
	free(fixed);
}

/* out = the packed products: what ciphertexts would be summed up to. */
static void
sum_plain(const struct shared_dot *d, const struct vectors *x, mpz_t out)
{
	mpz_t row, u;

	mpz_init(row);
	mpz_init(u);
	mpz_set_ui(out, 0);
	for (size_t i = 0; i < x->n; i++) {
		pack_row(d, x, i, row);
		mpz_set_si(u, shared_dot_fixed(x->u[i]));
		mpz_addmul(out, row, u);
	}
	mpz_clear(row);
	mpz_clear(u);
}

static void
check(const struct shared_dot *d, const struct vectors *x, const mpz_t masked,
    const mpz_t mask)
{
	uint64_t *a = xcalloc(x->slots, sizeof(*a));
	uint64_t *b = xcalloc(x->slots, sizeof(*b));

	assert_true(mpz_sizeinbase(masked, 2) <= HEADROOM);
	assert_int_equal(shared_dot_shares(d, masked, x->slots, a, NULL), 0);
	assert_int_equal(shared_dot_shares(d, mask, x->slots, b, NULL), 0);
	for (size_t k = 0; k < x->slots; k++) {
		double got = shared_dot_open(d, a[k], b[k]);

		if (fabs(got - want(x, k)) >= BOUND)
			fail_msg("slot %zu: %.15g, expected %.15g", k, got,
			    want(x, k));
	}
	free(a);
	free(b);
}

static void
test_open_when_shared_then_as_in_double(void **state)
{
	static const size_t rows[] = {2, 3, 7, 8, 127, 569, 1023, 1024, 4095};

	(void)state;
	for (size_t r = 0; r < ARRAY_LEN(rows); r++)
		for (enum shape shape = RANDOM; shape < SHAPES; shape++) {
			struct shared_dot d;
			struct vectors x;
			mpz_t sum, mask, plain;

			assert_int_equal(
			    shared_dot_init(&d, rows[r], HEADROOM, NULL), 0);
			vectors_init(&x, rows[r], d.slots, shape);
			mpz_init(sum);
			mpz_init(mask);
			mpz_init(plain);
			sum_plain(&d, &x, sum);
			for (int again = 0; again < 20; again++) {
				shared_dot_mask(&d, mask, plain);
				mpz_add(plain, plain, sum);
				check(&d, &x, plain, mask);
			}
			mpz_clear(sum);
			mpz_clear(mask);
			mpz_clear(plain);
			vectors_release(&x);
		}
}

/* One party's columns through Paillier, in two portions. */
static void
share_encrypted(bool portable)
{
	const size_t n = 40;
	struct paillier_secret *secret = NULL;
	const struct paillier_public *pub;
	struct shared_dot d;
	struct vectors x;
	struct paillier_sums *sums;
	const unsigned shift = 0;
	mpz_t *c = xcalloc(n, sizeof(*c)), out[1], plain[1], mask;
	int64_t *u = xcalloc(n, sizeof(*u));

	lanes_force_portable(portable);
	assert_int_equal(
	    paillier_generate(PAILLIER_BITS_MIN, &secret, NULL), 0);
	pub = paillier_public_of(secret);
	assert_true(paillier_headroom(pub) >= HEADROOM - 1);
	assert_int_equal(
	    shared_dot_init(&d, n, paillier_headroom(pub), NULL), 0);
	vectors_init(&x, n, d.slots, SAME);
	for (size_t i = 0; i < n; i++) {
		mpz_init(c[i]);
		pack_row(&d, &x, i, c[i]);
		u[i] = shared_dot_fixed(x.u[i]);
	}
	mpz_init(out[0]);
	mpz_init(plain[0]);
	mpz_init(mask);
	assert_int_equal(paillier_encrypt_many(pub, c, n, NULL), 0);
	sums = paillier_sums_new(
	    pub, &(struct paillier_sums_size){.columns = 1,
		     .rows = n,
		     .portion = n / 2,
		     .x_bits = shared_dot_bits(sqrt((double)n))});
	for (size_t at = 0; at < n; at += n / 2)
		assert_int_equal(
		    paillier_sums_add(sums, c + at, n / 2,
			&(struct paillier_factors){.x = u + at, .n = n / 2},
			NULL),
		    0);
	paillier_sums_finish(sums, out, &shift);
	shared_dot_mask(&d, mask, plain[0]);
	assert_int_equal(paillier_add_blind_many(pub, out, plain, 1, NULL), 0);
	assert_int_equal(paillier_decrypt_many(secret, out, 1, NULL), 0);
	check(&d, &x, out[0], mask);
	paillier_sums_free(sums);
	for (size_t i = 0; i < n; i++)
		mpz_clear(c[i]);
	mpz_clear(out[0]);
	mpz_clear(plain[0]);
	mpz_clear(mask);
	free(c);
	free(u);
	vectors_release(&x);
	paillier_secret_free(secret);
}

static void
test_open_when_encrypted_then_as_in_double(void **state)
{
	(void)state;
	share_encrypted(false);
	share_encrypted(true);
	lanes_force_portable(false);
}

/* Neither share tells: over many masks of one sum each bit is fair. */
static void
test_shares_when_masked_then_each_bit_is_fair(void **state)
{
	enum { TIMES = 4000 };
	struct shared_dot d;
	size_t ones[SHARED_DOT_OPEN_BITS] = {0};
	uint64_t share[2];
	mpz_t mask, plain;

	(void)state;
	assert_int_equal(shared_dot_init(&d, 569, HEADROOM, NULL), 0);
	mpz_init(mask);
	mpz_init(plain);
	for (int i = 0; i < TIMES; i++) {
		shared_dot_mask(&d, mask, plain);
		assert_int_equal(shared_dot_shares(&d, plain, 2, share, 0), 0);
		for (unsigned b = 0; b < SHARED_DOT_OPEN_BITS; b++)
			ones[b] += share[1] >> b & 1;
	}
	for (unsigned b = 0; b < SHARED_DOT_OPEN_BITS; b++)
		assert_in_range(ones[b], TIMES / 2 - 200, TIMES / 2 + 200);
	mpz_clear(mask);
	mpz_clear(plain);
}

static void
test_shares_when_no_sum_then_refused(void **state)
{
	struct shared_dot d;
	struct buf err = BUF_INIT;
	uint64_t share[1];
	mpz_t x;

	(void)state;
	assert_int_equal(shared_dot_init(&d, 569, HEADROOM, NULL), 0);
	mpz_init_set_si(x, -1);
	assert_int_equal(shared_dot_shares(&d, x, 1, share, &err), ERR_INVALID);
	assert_string_equal(err.ptr, "the products are not of 569 standardised "
				     "rows: they need more than 988 bits");
	mpz_set_ui(x, 1);
	mpz_mul_2exp(x, x, 988);
	assert_int_equal(shared_dot_shares(&d, x, 1, share, NULL), ERR_INVALID);
	mpz_sub_ui(x, x, 1);
	assert_int_equal(shared_dot_shares(&d, x, 1, share, NULL), ERR_OK);
	mpz_clear(x);
	buf_release(&err);
}

static void
test_init_when_made_then_the_layout_fits(void **state)
{
	struct shared_dot d;
	struct buf err = BUF_INIT;

	(void)state;
	assert_int_equal(shared_dot_init(&d, 569, HEADROOM, NULL), 0);
	assert_int_equal(d.width, 71);
	assert_int_equal(d.slots, 13);
	assert_int_equal(shared_dot_init(&d, 100000, HEADROOM, NULL), 0);
	assert_int_equal(d.width, 78);
	assert_int_equal(d.slots, 12);
	assert_int_equal(
	    shared_dot_init(&d, (1U << 28) - 1, HEADROOM, NULL), 0);
	assert_int_equal(d.slots, 10);
	assert_int_equal(shared_dot_init(&d, 0, HEADROOM, NULL), ERR_INVALID);
	assert_int_equal(
	    shared_dot_init(&d, 1U << 28, HEADROOM, &err), ERR_INVALID);
	assert_string_equal(err.ptr, "products of 268435456 rows cannot be "
				     "shared, at most 268435455");
	buf_reset(&err);
	assert_int_equal(shared_dot_init(&d, 569, 135, &err), ERR_INVALID);
	assert_string_equal(err.ptr, "a product of 569 rows needs 71 bits and "
				     "its mask 65 more; the key has 135");
	assert_int_equal(shared_dot_init(&d, 569, 136, NULL), 0);
	assert_int_equal(d.slots, 1);
	buf_release(&err);
}

static void
test_bits_when_rounded_then_enough(void **state)
{
	(void)state;
	assert_int_equal(shared_dot_bits(0), 1);
	assert_int_equal(shared_dot_bits(1), 31);
	assert_int_equal(shared_dot_bits(-1), 31);
	assert_int_equal(shared_dot_bits(2 - ldexp(1, -31)), 32);
	assert_true(shared_dot_fixed(-0.5) == -(1LL << 29));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_open_when_shared_then_as_in_double),
	    cmocka_unit_test(test_open_when_encrypted_then_as_in_double),
	    cmocka_unit_test(test_shares_when_masked_then_each_bit_is_fair),
	    cmocka_unit_test(test_shares_when_no_sum_then_refused),
	    cmocka_unit_test(test_init_when_made_then_the_layout_fits),
	    cmocka_unit_test(test_bits_when_rounded_then_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
