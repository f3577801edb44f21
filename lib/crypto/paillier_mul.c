/*
 * Powers c_i^k_i modulo n^2, PAILLIER_POWERS at a time: four bits of every
 * exponent a step, from the top, by a table of c_i^0 to c_i^15. All of a
 * block take the same steps, so that the lanes are full.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/crypto/paillier_many.h"
#include "lib/crypto/paillier_private.h"

#define DIGIT_BITS 4U
#define N_DIGITS   ((size_t)1 << DIGIT_BITS)

/* table[digit][i], in Montgomery's form */
static void
make_table(struct lanes *ls, uint64_t *table, mpz_t *c, size_t n)
{
	size_t row = n * ls->stride;

	for (size_t i = 0; i < n; i++) {
		memcpy(table + i * ls->stride, lanes_constant(ls, LANES_R),
		    ls->stride * sizeof(*table));
		lanes_set(ls, table + row + i * ls->stride, c[i]);
	}
	lanes_scale(ls, table + row, lanes_constant(ls, LANES_R2), n);
	for (size_t d = 2; d < N_DIGITS; d++) {
		memcpy(table + d * row, table + (d - 1) * row,
		    row * sizeof(*table));
		lanes_mul(ls, table + d * row, table + row, n);
	}
}

static size_t
digit(const mpz_t k, size_t at)
{
	size_t out = 0;

	for (unsigned b = 0; b < DIGIT_BITS; b++)
		out |= (size_t)mpz_tstbit(k, at + b) << b;
	return out;
}

static void
raise_block(struct lanes *ls, uint64_t *table, mpz_t *c, mpz_t *k, size_t n)
{
	size_t row = n * ls->stride, size = ls->stride * sizeof(*table);
	size_t bits = 0, len;
	uint64_t *acc = lanes_alloc(ls, n), *by = lanes_alloc(ls, n);
	unsigned times[PAILLIER_POWERS];

	make_table(ls, table, c, n);
	for (size_t i = 0; i < n; i++) {
		times[i] = DIGIT_BITS;
		len = mpz_sizeinbase(k[i], 2);
		bits = len > bits ? len : bits;
	}
	memcpy(acc, table, row * sizeof(*table));
	for (size_t at = (bits + DIGIT_BITS - 1) / DIGIT_BITS; at-- > 0;) {
		lanes_square(ls, acc, times, n);
		for (size_t i = 0; i < n; i++)
			memcpy(by + i * ls->stride,
			    table + digit(k[i], at * DIGIT_BITS) * row +
				i * ls->stride,
			    size);
		lanes_mul(ls, acc, by, n);
	}
	lanes_scale(ls, acc, lanes_constant(ls, LANES_ONE), n);
	for (size_t i = 0; i < n; i++)
		lanes_get(ls, c[i], acc + i * ls->stride);
	free(acc);
	free(by);
}

enum err
paillier_mul_many(const struct paillier_public *pub, mpz_t *c, mpz_t *k,
    size_t n, struct buf *err)
{
	struct lanes *ls = &paillier_work_of(pub)->ls;
	uint64_t *table;
	size_t now;

	for (size_t i = 0; i < n; i++)
		if (mpz_sgn(k[i]) < 0)
			return err_set(err, ERR_INVALID,
			    "a ciphertext's factor is negative");
	table = lanes_alloc(ls, N_DIGITS * PAILLIER_POWERS);
	for (size_t i = 0; i < n; i += now) {
		now = n - i < PAILLIER_POWERS ? n - i : PAILLIER_POWERS;
		raise_block(ls, table, c + i, k + i, now);
	}
	free(table);
	return ERR_OK;
}
