/*
 * A slot of the masked sum is its product plus the mask's digits plus a carry
 * from the slot below, modulo 2^width. Of that the upper bits are taken: the
 * difference of two upper parts is the upper part of the difference, or one
 * more where the lower parts borrow. The carry is one in the lowest bit,
 * which is never opened.
 */
#include "lib/crypto/shared_dot.h"
#include "lib/crypto/random.h"

#include <math.h>

#define PRODUCT_BITS (2 * SHARED_DOT_FRACTION)

static unsigned
bit_length(uint64_t v)
{
	unsigned n = 0;

	for (; v; v >>= 1)
		n++;
	return n;
}

enum err
shared_dot_init(
    struct shared_dot *d, uint64_t rows, unsigned headroom, struct buf *err)
{
	unsigned extra = SHARED_DOT_MASK_BITS + 1;

	if (rows == 0 || rows >> SHARED_DOT_ROWS_BITS)
		return err_set(err, ERR_INVALID,
		    "products of %llu rows cannot be shared, at most %llu",
		    (unsigned long long)rows,
		    (1ULL << SHARED_DOT_ROWS_BITS) - 1);
	d->rows = rows;
	d->width = PRODUCT_BITS + bit_length(rows) + 1;
	d->slots = headroom > extra ? (headroom - extra) / d->width : 0;
	if (!d->slots)
		return err_set(err, ERR_INVALID,
		    "a product of %llu rows needs %u bits and its mask %u "
		    "more; the key has %u",
		    (unsigned long long)rows, d->width, extra, headroom);
	return ERR_OK;
}

int64_t
shared_dot_fixed(double z)
{
	return llround(ldexp(z, SHARED_DOT_FRACTION));
}

unsigned
shared_dot_bits(double z)
{
	int64_t most = shared_dot_fixed(z);

	return bit_length((uint64_t)(most < 0 ? -most : most) + 1);
}

static void
add_signed(mpz_t x, int64_t v)
{
	if (v < 0)
		mpz_sub_ui(x, x, (unsigned long)-v);
	else
		mpz_add_ui(x, x, (unsigned long)v);
}

void
shared_dot_pack(
    const struct shared_dot *d, const int64_t *v, size_t n, mpz_t out)
{
	mpz_set_ui(out, 0);
	while (n-- > 0) {
		mpz_mul_2exp(out, out, d->width);
		add_signed(out, v[n]);
	}
}

void
shared_dot_mask(const struct shared_dot *d, mpz_t mask, mpz_t plain)
{
	mpz_t offset;

	random_bits(mask, d->width * d->slots + SHARED_DOT_MASK_BITS);
	mpz_set(plain, mask);
	mpz_init(offset);
	for (size_t k = 0; k < d->slots; k++) {
		mpz_set_ui(offset, 1);
		mpz_mul_2exp(offset, offset, d->width * (k + 1) - 1);
		mpz_add(plain, plain, offset);
	}
	mpz_clear(offset);
}

enum err
shared_dot_shares(const struct shared_dot *d, const mpz_t share, size_t n,
    uint64_t *out, struct buf *err)
{
	size_t bits = d->width * d->slots + SHARED_DOT_MASK_BITS + 1;
	mpz_t slot;

	if (mpz_sgn(share) < 0 || mpz_sizeinbase(share, 2) > bits)
		return err_set(err, ERR_INVALID,
		    "the products are not of %llu standardised rows: they "
		    "need more than %zu bits",
		    (unsigned long long)d->rows, bits);
	mpz_init(slot);
	for (size_t k = 0; k < n; k++) {
		mpz_tdiv_q_2exp(
		    slot, share, d->width * (k + 1) - SHARED_DOT_OPEN_BITS);
		mpz_tdiv_r_2exp(slot, slot, SHARED_DOT_OPEN_BITS);
		out[k] = mpz_get_ui(slot);
	}
	random_wipe(slot);
	return ERR_OK;
}

double
shared_dot_open(const struct shared_dot *d, uint64_t masked, uint64_t mask)
{
	uint64_t top = 1ULL << SHARED_DOT_OPEN_BITS;
	int64_t v = (int64_t)((masked - mask) & (top - 1)) - (int64_t)(top / 2);
	int unit = (int)(d->width - SHARED_DOT_OPEN_BITS - PRODUCT_BITS);

	return ldexp((double)v, unit) / (double)d->rows;
}
