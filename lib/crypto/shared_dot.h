/*
 * Scalar products of two parties' standardised vectors (mean square 1) as
 * additive shares. One party packs its values of a row, one of several
 * columns in a slot each, and encrypts; the other multiplies by its own
 * column's and sums up, adds a mask and returns; the first decrypts. What it
 * has then and the mask are shares of the products, either of which says
 * nothing. Both give the upper SHARED_DOT_OPEN_BITS of their shares away, and
 * so learn the products' upper digits, but not the lower ones, by which values
 * of few digits could be found out.
 *
 * Headroom: vectors u and v of n rows are fixed point with
 * SHARED_DOT_FRACTION bits, so |u . v| < 2^(60 + L) where n < 2^L (Cauchy and
 * Schwarz), and with 2^(60 + L) added it is of [0, 2^(61 + L)): the slot's
 * width. A mask is uniform in all slots together and SHARED_DOT_MASK_BITS
 * beyond, so the sum of both tells the slots apart from uniform ones with
 * probability 2^-64; it has one bit more, all of which fits n/3 of the key.
 *
 * A product over n is off by at most 2^-30 (what fixed point rounds) and
 * 2^-38 (what is not opened): less than 1e-9.
 */
#ifndef FF_CRYPTO_SHARED_DOT_H
#define FF_CRYPTO_SHARED_DOT_H

#include <gmp.h>
#include <stdint.h>

#include "lib/base/buf.h"

#define SHARED_DOT_FRACTION  30U
#define SHARED_DOT_OPEN_BITS 40U
#define SHARED_DOT_MASK_BITS 64U
#define SHARED_DOT_ROWS_BITS 28U /* fewer rows than 2^this */

struct shared_dot {
	uint64_t rows;
	unsigned width; /* bits of a slot */
	size_t slots;	/* of a plaintext */
};

/* ERR_INVALID when there are too many rows or a slot does not fit. */
enum err shared_dot_init(
    struct shared_dot *d, uint64_t rows, unsigned headroom, struct buf *err);

int64_t shared_dot_fixed(double z);
/* Bits of shared_dot_fixed() of anything up to |z|. */
unsigned shared_dot_bits(double z);

/* A row's values, n <= slots of them, as one plaintext; all slots are set. */
void shared_dot_pack(
    const struct shared_dot *d, const int64_t *v, size_t n, mpz_t out);

/* A fresh mask, and what is to be added to the packed products. */
void shared_dot_mask(const struct shared_dot *d, mpz_t mask, mpz_t plain);

/*
 * What is opened of a share, by slot: of a mask, or of the masked products
 * as decrypted. ERR_INVALID when the number is not one of these.
 */
enum err shared_dot_shares(const struct shared_dot *d, const mpz_t share,
    size_t n, uint64_t *out, struct buf *err);

/* The product over the number of rows. */
double
shared_dot_open(const struct shared_dot *d, uint64_t masked, uint64_t mask);

#endif
