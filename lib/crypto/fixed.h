/*
 * Signed fixed-point numbers: v is the integer round(v * 2^scale). Scales are
 * agreed in code, never sent, so that no exponent tells about the data. Every
 * conversion checks its headroom: what does not fit is an error with the
 * numbers in it, never a value that wrapped.
 */
#ifndef FF_CRYPTO_FIXED_H
#define FF_CRYPTO_FIXED_H

#include <gmp.h>
#include <stdint.h>

#include "lib/base/buf.h"

/*
 * ERR_INVALID when v is not finite or the integer has more than `max_bits`
 * bits; `what` names the value.
 */
enum err fixed_encode(mpz_t out, double v, unsigned scale, unsigned max_bits,
    const char *what, struct buf *err);

/* The nearest double towards zero. */
double fixed_decode(const mpz_t v, unsigned scale);

/*
 * Can `terms` products of integers of a and b bits be summed below 2^limit?
 * ERR_INVALID with the count of bits when not.
 */
enum err fixed_check_sum(unsigned a_bits, unsigned b_bits, uint64_t terms,
    unsigned limit, const char *what, struct buf *err);

/* What doubles are to be as integers: bits is at most 62. */
struct fixed_form {
	unsigned bits;
	int scale_min, scale_max; /* fractional bits, below 0 of huge values */
};

/*
 * Doubles as such integers, at one scale of their own, which *scale_out tells:
 * the largest that holds them all, less the low bits that are 0 in all of
 * them. ERR_INVALID when even the least does not, or one is not finite.
 */
enum err fixed_vector(const double *v, size_t n, const struct fixed_form *form,
    int64_t *out, int *scale_out, const char *what, struct buf *err);

#endif
