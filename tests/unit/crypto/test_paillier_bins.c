/* Sums by bin by both kernels, against the sums of the plain numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/crypto/lanes.h"
#include "lib/crypto/paillier_bins.h"
#include "lib/crypto/paillier_many.h"

#define WIDTH 24U

struct bench {
	size_t n_bins;
	size_t n_rows; /* of a portion */
	size_t n_portions;
	size_t slots;
	bool portable;
};

struct rows {
	uint32_t *list;
	size_t *start;
	uint64_t *plain; /* what each bin sums up to */
};

/*
 * A row is in up to three bins: one that takes a third of all, one of many,
 * and the last but one; the last stays empty.
 */
static bool
is_in(const struct bench *b, size_t bin, size_t row)
{
	if (bin + 1 == b->n_bins && bin > 0)
		return false;
	return (bin == 0 && row % 3 == 0) || row * 7919 % b->n_bins == bin ||
	       bin + 2 == b->n_bins;
}

static uint64_t
value_of(size_t portion, size_t row)
{
	return (portion * 31 + row * 17) % 5;
}

static void
sort_rows(const struct bench *b, struct rows *r, size_t portion)
{
	size_t at = 0;

	for (size_t k = 0; k < b->n_bins; k++) {
		r->start[k] = at;
		for (size_t i = 0; i < b->n_rows; i++)
			if (is_in(b, k, i)) {
				r->list[at++] = (uint32_t)i;
				r->plain[k] += value_of(portion, i);
			}
	}
	r->start[b->n_bins] = at;
}

static void
check_packed(
    const struct bench *b, const struct rows *r, mpz_t *packed, size_t n_packed)
{
	mpz_t x;

	mpz_init(x);
	for (size_t k = 0; k < b->n_bins; k++) {
		struct paillier_bins_place at =
		    paillier_bins_place(k, n_packed);

		assert_true(at.slot < b->slots && at.packed < n_packed);
		mpz_tdiv_q_2exp(x, packed[at.packed], WIDTH * at.slot);
		mpz_tdiv_r_2exp(x, x, WIDTH);
		assert_int_equal(mpz_get_ui(x), r->plain[k]);
	}
	mpz_clear(x);
}

static void
add_portions(const struct bench *b, const struct paillier_public *pub,
    struct paillier_bins *bins, struct rows *r)
{
	mpz_t *c = xcalloc(b->n_rows + 1, sizeof(*c));

	for (size_t i = 0; i < b->n_rows; i++)
		mpz_init(c[i]);
	for (size_t p = 0; p < b->n_portions; p++) {
		for (size_t i = 0; i < b->n_rows; i++)
			mpz_set_ui(c[i], value_of(p, i));
		assert_int_equal(
		    paillier_encrypt_many(pub, c, b->n_rows, NULL), ERR_OK);
		sort_rows(b, r, p);
		paillier_bins_add(bins, c, b->n_rows, r->list, r->start);
	}
	for (size_t i = 0; i < b->n_rows; i++)
		mpz_clear(c[i]);
	free(c);
}

static void
run(const struct bench *b, const struct paillier_secret *secret)
{
	const struct paillier_public *pub = paillier_public_of(secret);
	struct paillier_bins *bins =
	    paillier_bins_new(pub, b->n_bins, b->n_rows);
	size_t n_packed = paillier_bins_packed(b->n_bins, b->slots);
	mpz_t *packed = xcalloc(n_packed + 1, sizeof(*packed));
	struct rows r = {
	    .list = xcalloc(b->n_rows * 3 + 1, sizeof(*r.list)),
	    .start = xcalloc(b->n_bins + 1, sizeof(*r.start)),
	    .plain = xcalloc(b->n_bins, sizeof(*r.plain)),
	};

	for (size_t i = 0; i < n_packed; i++)
		mpz_init(packed[i]);
	add_portions(b, pub, bins, &r);
	paillier_bins_pack(bins, WIDTH, b->slots, packed);
	assert_int_equal(
	    paillier_decrypt_many(secret, packed, n_packed, NULL), ERR_OK);
	check_packed(b, &r, packed, n_packed);
	for (size_t i = 0; i < n_packed; i++)
		mpz_clear(packed[i]);
	free(packed);
	free(r.list);
	free(r.start);
	free(r.plain);
	paillier_bins_free(bins);
}

static void
test_bins_when_packed_then_the_plain_sums(void **state)
{
	static const struct bench benches[] = {
	    {1, 1, 1, 1, false},
	    {3, 500, 2, 40, false},
	    {10, 130, 1, 4, false},
	    {41, 65, 3, 42, false},
	    {5000, 20, 1, 42, false}, /* more pieces than at a time */
	    {3, 64, 2, 40, true},
	    {41, 200, 1, 7, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(benches); i++) {
		struct paillier_secret *secret = NULL;

		lanes_force_portable(benches[i].portable);
		assert_int_equal(
		    paillier_generate(1024, &secret, NULL), ERR_OK);
		run(&benches[i], secret);
		paillier_secret_free(secret);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bins_when_packed_then_the_plain_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
