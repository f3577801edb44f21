/* Many at a time by both kernels, against plain GMP arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/crypto/lanes.h"
#include "lib/crypto/paillier_many.h"
#include "lib/crypto/random.h"

/* A short key of an odd width among them. */
static const unsigned sizes[] = {1024, 1078, 2048};
#define N_KEYS ARRAY_LEN(sizes)

/* One for each kernel: it is chosen at a key's first work. */
static struct paillier_secret *secrets[2][N_KEYS];

static int
setup(void **state)
{
	(void)state;
	for (int portable = 0; portable < 2; portable++)
		for (size_t i = 0; i < N_KEYS; i++) {
			struct paillier_secret **s = &secrets[portable][i];
			mpz_t c;

			lanes_force_portable(portable);
			mpz_init_set_ui(c, 1);
			assert_int_equal(
			    paillier_generate(sizes[i], s, NULL), ERR_OK);
			paillier_mask(paillier_public_of(*s), c);
			assert_int_equal(
			    paillier_decrypt_many(*s, &c, 1, NULL), ERR_OK);
			assert_int_equal(mpz_sgn(c), 0);
			mpz_clear(c);
		}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (int portable = 0; portable < 2; portable++)
		for (size_t i = 0; i < N_KEYS; i++)
			paillier_secret_free(secrets[portable][i]);
	return 0;
}

static mpz_t *
vector_new(size_t n)
{
	mpz_t *v = xcalloc(n + 1, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		mpz_init(v[i]);
	return v;
}

static void
vector_free(mpz_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mpz_clear(v[i]);
	free(v);
}

/* Edges first: 0, 1, -1, the largest and its negative; then random. */
static void
make_plain(const struct paillier_public *pub, mpz_t m, size_t i)
{
	mpz_set_si(m, i == 1 ? 1 : i == 2 ? -1 : 0);
	if (i == 3 || i == 4)
		mpz_set(m, pub->max);
	if (i > 4)
		random_bits(m, i % 2 ? 90 : pub->bits - 3);
	if (i == 4 || i % 3 == 2)
		mpz_neg(m, m);
}

typedef void check(const struct paillier_secret *s, size_t n);

static void
each(check *run, const size_t *counts, size_t n)
{
	for (int portable = 0; portable < 2; portable++)
		for (size_t i = 0; i < N_KEYS; i++)
			for (size_t k = 0; k < n; k++)
				run(secrets[portable][i], counts[k]);
}

static void
check_plain(const struct paillier_secret *s, mpz_t *c, mpz_t *want, size_t n)
{
	mpz_t one;

	mpz_init(one);
	for (size_t i = 0; i < n; i += 1 + n / 9) {
		assert_int_equal(paillier_decrypt(s, one, c[i], NULL), ERR_OK);
		assert_int_equal(mpz_cmp(one, want[i]), 0);
	}
	assert_int_equal(paillier_decrypt_many(s, c, n, NULL), ERR_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(mpz_cmp(c[i], want[i]), 0);
	mpz_clear(one);
}

static void
check_encrypt(const struct paillier_secret *s, size_t n)
{
	const struct paillier_public *pub = paillier_public_of(s);
	mpz_t *c = vector_new(n), *m = vector_new(n), *before = vector_new(n);

	if (n % 2)
		paillier_masks_ahead(pub, n / 2);
	for (size_t i = 0; i < n; i++) {
		make_plain(pub, m[i], i);
		mpz_set(c[i], m[i]);
	}
	assert_int_equal(paillier_encrypt_many(pub, c, n, NULL), ERR_OK);
	for (size_t i = 0; i < n; i++)
		mpz_set(before[i], c[i]);
	paillier_rerandomise_many(pub, c, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_not_equal(mpz_cmp(before[i], c[i]), 0);
		assert_true(mpz_cmp(c[i], pub->n2) < 0);
		if (i)
			assert_int_not_equal(mpz_cmp(c[i - 1], c[i]), 0);
	}
	check_plain(s, before, m, n);
	check_plain(s, c, m, n);
	vector_free(before, n);
	vector_free(c, n);
	vector_free(m, n);
}

static void
test_encrypt_when_any_number_then_each_decrypts(void **state)
{
	static const size_t counts[] = {1, 5, 8, 21, 300};

	(void)state;
	each(check_encrypt, counts, ARRAY_LEN(counts));
}

static void
check_add(const struct paillier_secret *s, size_t n)
{
	const struct paillier_public *pub = paillier_public_of(s);
	mpz_t *a = vector_new(n), *b = vector_new(n), *want = vector_new(n);

	for (size_t i = 0; i < n; i++) {
		make_plain(pub, a[i], i);
		mpz_tdiv_q_ui(a[i], a[i], 3);
		make_plain(pub, b[i], i + 1);
		mpz_tdiv_q_ui(b[i], b[i], 3);
		mpz_add(want[i], a[i], b[i]);
	}
	paillier_encrypt_many(pub, a, n, NULL);
	assert_int_equal(paillier_add_blind_many(pub, a, b, n, NULL), ERR_OK);
	for (size_t i = 0; i < n; i++)
		mpz_add(want[i], want[i], b[i]);
	paillier_encrypt_many(pub, b, n, NULL);
	paillier_add_many(pub, a, b, n);
	check_plain(s, a, want, n);
	vector_free(a, n);
	vector_free(b, n);
	vector_free(want, n);
}

static void
test_add_when_plain_or_encrypted_then_the_sum(void **state)
{
	static const size_t counts[] = {1, 9, 40, 260};

	(void)state;
	each(check_add, counts, ARRAY_LEN(counts));
}

/* Factors 0, 1, a power of 2, of 180 bits, and of 1 to 90. */
static void
make_power(mpz_t k, size_t i)
{
	mpz_set_ui(k, i == 1 ? 1 : 0);
	if (i == 2)
		mpz_setbit(k, 64);
	if (i == 3)
		mpz_ui_pow_ui(k, 3, 113);
	if (i > 3)
		random_bits(k, 1 + (unsigned)i % 90);
}

static void
check_mul(const struct paillier_secret *s, size_t n)
{
	const struct paillier_public *pub = paillier_public_of(s);
	mpz_t *c = vector_new(n), *k = vector_new(n), *want = vector_new(n);

	for (size_t i = 0; i < n; i++) {
		make_power(k[i], i);
		random_bits(want[i], 90);
		if (i % 3)
			mpz_neg(want[i], want[i]);
		mpz_set(c[i], want[i]);
		mpz_mul(want[i], want[i], k[i]);
	}
	paillier_encrypt_many(pub, c, n, NULL);
	assert_int_equal(paillier_mul_many(pub, c, k, n, NULL), ERR_OK);
	/* an empty product is 1, a bare [[0]] */
	assert_int_equal(mpz_cmp_ui(c[0], 1), 0);
	check_plain(s, c, want, n);
	mpz_set_si(k[n - 1], -1);
	assert_int_equal(paillier_mul_many(pub, c, k, n, NULL), ERR_INVALID);
	vector_free(c, n);
	vector_free(k, n);
	vector_free(want, n);
}

static void
test_mul_when_by_any_factor_then_the_product(void **state)
{
	static const size_t counts[] = {1, 8, 70};

	(void)state;
	each(check_mul, counts, ARRAY_LEN(counts));
}

static void
check_refused(const struct paillier_secret *s, size_t n)
{
	const struct paillier_public *pub = paillier_public_of(s);
	struct buf err = BUF_INIT;
	mpz_t *c = vector_new(n);

	mpz_add_ui(c[n - 1], pub->max, 1);
	assert_int_equal(paillier_encrypt_many(pub, c, n, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "headroom"));
	for (size_t i = 0; i < n; i++)
		mpz_set(c[i], pub->max);
	assert_int_equal(paillier_encrypt_many(pub, c, n, NULL), ERR_OK);
	mpz_set_si(c[0], 0);
	assert_int_equal(paillier_decrypt_many(s, c, n, NULL), ERR_INVALID);
	mpz_set(c[0], pub->n);
	assert_int_equal(paillier_decrypt_many(s, c, n, NULL), ERR_INVALID);
	mpz_set(c[0], c[n - 1]);
	paillier_add(pub, c[n - 1], c[n - 1], c[n - 2]);
	buf_reset(&err);
	assert_int_equal(paillier_decrypt_many(s, c, n, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "headroom"));
	buf_release(&err);
	vector_free(c, n);
}

static void
test_number_when_beyond_the_headroom_then_refused(void **state)
{
	static const size_t counts[] = {3, 9};

	(void)state;
	each(check_refused, counts, ARRAY_LEN(counts));
}

static void
test_mask_bits_when_changed_then_still_decrypts(void **state)
{
	struct paillier_public *pub = NULL;
	struct buf hex = BUF_INIT;
	mpz_t c;

	(void)state;
	mpz_init_set_si(c, -7);
	paillier_public_print(paillier_public_of(secrets[0][0]), &hex);
	assert_int_equal(paillier_public_parse(hex.ptr, &pub, NULL), ERR_OK);
	assert_int_equal(pub->mask_bits, PAILLIER_MASK_BITS);
	paillier_set_mask_bits(pub, 512);
	assert_int_equal(paillier_encrypt(pub, c, c, NULL), ERR_OK);
	assert_int_equal(paillier_decrypt(secrets[0][0], c, c, NULL), ERR_OK);
	assert_int_equal(mpz_cmp_si(c, -7), 0);
	paillier_public_free(pub);
	buf_release(&hex);
	mpz_clear(c);
}

/* ---- sums of products ---- */

struct sum_case {
	size_t columns;
	size_t rows;
	size_t portion;
	unsigned bits;
	size_t step; /* of the rows that a sparse column has; 0: dense */
	size_t told; /* how many rows are announced; 0: those there are */
};

/* Edges: the greatest factor, its negative and 0 now and then. */
static int64_t
make_factor(unsigned bits, size_t i, size_t j)
{
	uint64_t r;
	int64_t x;

	random_bytes(&r, sizeof(r));
	x = (int64_t)(r >> (64 - bits));
	if ((i + j) % 5 == 0)
		x = (INT64_C(1) << bits) - (i % 2);
	if ((i + j) % 7 == 0)
		x = 0;
	return i % 2 ? -x : x;
}

struct sum_run {
	const struct sum_case *k;
	int64_t *x; /* columns * rows; one column is of ones */
	uint32_t *at;
	mpz_t *m;
	mpz_t *c;
	mpz_t *out;
	struct paillier_factors *f;
	unsigned *shift;
};

static void
portion_factors(const struct sum_run *r, size_t lo, size_t hi)
{
	size_t from = 0, step = r->k->step;

	for (size_t j = 0; j < r->k->columns; j++) {
		struct paillier_factors *f = &r->f[j];

		*f = (struct paillier_factors){
		    .x = r->x + j * r->k->rows + lo, .n = hi - lo};
		if (step) {
			from = (lo + step - 1) / step;
			f->rows = r->at + from;
			f->base = (uint32_t)lo;
			f->n = (hi + step - 1) / step - from;
			f->x = r->x + j * r->k->rows + from;
		}
		if (j == 1)
			f->x = NULL;
	}
}

static void
want_sum(const struct sum_run *r, size_t j, mpz_t want)
{
	size_t step = r->k->step ? r->k->step : 1;
	mpz_t t;

	mpz_init(t);
	mpz_set_ui(want, 0);
	for (size_t i = 0; i * step < r->k->rows; i++) {
		mpz_set(t, r->m[i * step]);
		if (j != 1)
			mpz_mul_si(t, t, r->x[j * r->k->rows + i]);
		mpz_add(want, want, t);
	}
	mpz_mul_2exp(want, want, r->shift[j]);
	mpz_clear(t);
}

static void
sum_once(struct paillier_sums *s, const struct sum_run *r, size_t rows)
{
	size_t hi;

	for (size_t lo = 0; lo < rows; lo = hi) {
		hi = lo + r->k->portion < rows ? lo + r->k->portion : rows;
		portion_factors(r, lo, hi);
		assert_int_equal(
		    paillier_sums_add(s, r->c + lo, hi - lo, r->f, NULL),
		    ERR_OK);
	}
	paillier_sums_finish(s, r->out, r->shift);
}

static void
check_sums(const struct paillier_secret *secret, const struct sum_case *k)
{
	const struct paillier_public *pub = paillier_public_of(secret);
	const struct paillier_sums_size size = {
	    k->columns, k->told ? k->told : k->rows, k->portion, k->bits};
	struct paillier_sums *s = paillier_sums_new(pub, &size);
	struct sum_run r = {.k = k,
	    .x = xcalloc(k->columns * k->rows + 1, sizeof(*r.x)),
	    .at = xcalloc(k->rows + 1, sizeof(*r.at)),
	    .m = vector_new(k->rows),
	    .c = vector_new(k->rows),
	    .out = vector_new(k->columns),
	    .f = xcalloc(k->columns, sizeof(*r.f)),
	    .shift = xcalloc(k->columns, sizeof(*r.shift))};
	mpz_t want;

	mpz_init(want);
	for (size_t i = 0; i < k->rows; i++) {
		random_bits(r.m[i], 90);
		if (i % 3 == 0)
			mpz_neg(r.m[i], r.m[i]);
		mpz_set(r.c[i], r.m[i]);
		r.at[i] = (uint32_t)(i * k->step);
		for (size_t j = 0; j < k->columns; j++)
			r.x[j * k->rows + i] = make_factor(k->bits, i, j);
	}
	for (size_t j = 0; j < k->columns; j++)
		r.shift[j] = (unsigned)(j * 13 % 61);
	paillier_encrypt_many(pub, r.c, k->rows, NULL);
	/* the second time nothing of the first is left */
	sum_once(s, &r, k->rows / 2);
	sum_once(s, &r, k->rows);
	assert_int_equal(
	    paillier_decrypt_many(secret, r.out, k->columns, NULL), ERR_OK);
	for (size_t j = 0; j < k->columns; j++) {
		want_sum(&r, j, want);
		assert_int_equal(mpz_cmp(r.out[j], want), 0);
	}
	mpz_clear(want);
	vector_free(r.m, k->rows);
	vector_free(r.c, k->rows);
	vector_free(r.out, k->columns);
	free(r.x);
	free(r.at);
	free(r.f);
	free(r.shift);
	paillier_sums_free(s);
}

static void
test_sums_when_any_size_then_as_plain(void **state)
{
	static const struct sum_case cases[] = {
	    {1, 0, 4, 5, 0, 0},
	    {1, 1, 1, 1, 0, 0},
	    {3, 2, 8, 62, 0, 0},
	    {2, 30, 7, 53, 0, 0},
	    {11, 150, 64, 27, 0, 0},
	    {2, 400, 400, 1, 0, 0},
	    {4, 300, 90, 28, 7, 0},
	    {3, 700, 500, 2, 0, 0},
	    {9, 40, 40, 7, 3, 0},
	    /* wide windows, as of many rows */
	    {3, 90, 40, 23, 0, 100000},
	    {2, 70, 70, 24, 3, 100000},
	};

	(void)state;
	for (int portable = 0; portable < 2; portable++)
		for (size_t k = 0; k < ARRAY_LEN(cases); k++)
			for (size_t i = 0; i < (k < 5 ? N_KEYS : 1); i++)
				check_sums(secrets[portable][i], &cases[k]);
}

#define ROWS ((size_t)21)

/* [[m]] in one sum by x, in another by 1; m are the second that are set. */
static void
check_rows(const struct paillier_secret *secret)
{
	const struct paillier_public *pub = paillier_public_of(secret);
	const struct paillier_sums_size size[2] = {
	    {1, ROWS, 32, 24}, {1, ROWS, 32, 1}};
	struct paillier_rows *rows = paillier_rows_new(pub, 32);
	struct paillier_sums *sums[2];
	struct paillier_factors f[2] = {{.n = ROWS}, {.n = ROWS}};
	const unsigned shift[2] = {0, 3};
	int64_t x[ROWS], m, want[2] = {0, 0};
	mpz_t *c = vector_new(ROWS), *out = vector_new(2);

	f[0].x = x;
	for (int64_t turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < ROWS; i++) {
			x[i] = make_factor(24, i, 0);
			m = 1000 * turn - 7 * (int64_t)i;
			mpz_set_si(c[i], m);
			want[0] += turn * x[i] * m;
			want[1] += turn * 8 * m;
		}
		paillier_encrypt_many(pub, c, ROWS, NULL);
		assert_int_equal(
		    paillier_rows_set(rows, c, ROWS, NULL), ERR_OK);
	}
	for (size_t k = 0; k < 2; k++) {
		sums[k] = paillier_sums_new(pub, &size[k]);
		paillier_sums_add_rows(sums[k], rows, &f[k]);
	}
	for (size_t k = 0; k < 2; k++)
		paillier_sums_finish(sums[k], &out[k], &shift[k]);
	assert_int_equal(paillier_decrypt_many(secret, out, 2, NULL), ERR_OK);
	for (size_t k = 0; k < 2; k++) {
		assert_int_equal(mpz_get_si(out[k]), want[k]);
		paillier_sums_free(sums[k]);
	}
	paillier_rows_free(rows);
	vector_free(c, ROWS);
	vector_free(out, 2);
}

static void
test_rows_when_in_two_sums_then_each_as_plain(void **state)
{
	(void)state;
	for (int portable = 0; portable < 2; portable++)
		for (size_t i = 0; i < N_KEYS; i++)
			check_rows(secrets[portable][i]);
}

static void
test_sums_when_not_a_ciphertext_then_refused(void **state)
{
	static const struct paillier_sums_size size = {1, 3, 3, 5};
	static const int64_t x[3] = {1, 2, 3};
	const struct paillier_factors f = {.x = x, .n = 3};
	const struct paillier_public *pub = paillier_public_of(secrets[0][0]);
	struct paillier_sums *s = paillier_sums_new(pub, &size);
	mpz_t *c = vector_new(3);

	(void)state;
	for (int i = 0; i < 3; i++)
		mpz_set(c[i], i == 1 ? pub->n : pub->max);
	assert_int_equal(paillier_sums_add(s, c, 3, &f, NULL), ERR_INVALID);
	vector_free(c, 3);
	paillier_sums_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_encrypt_when_any_number_then_each_decrypts),
	    cmocka_unit_test(test_add_when_plain_or_encrypted_then_the_sum),
	    cmocka_unit_test(test_mul_when_by_any_factor_then_the_product),
	    cmocka_unit_test(test_number_when_beyond_the_headroom_then_refused),
	    cmocka_unit_test(test_mask_bits_when_changed_then_still_decrypts),
	    cmocka_unit_test(test_sums_when_any_size_then_as_plain),
	    cmocka_unit_test(test_rows_when_in_two_sums_then_each_as_plain),
	    cmocka_unit_test(test_sums_when_not_a_ciphertext_then_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
