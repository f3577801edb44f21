/*
 * Powers of one base: a table of its powers by windows of the exponent
 * (E. Brickell, D. Gordon, K. McCurley, D. Wilson, EUROCRYPT 1992), so that a
 * power costs one multiplication per window. Wide windows make powers cheap
 * and the table dear, so it begins with narrow ones and is made anew with
 * wider ones when as many powers were asked for as would have paid for that.
 * The look-ups depend on the exponent: not constant-time, see
 * paillier_mask(). One thread.
 */
#ifndef FF_CRYPTO_FIXED_BASE_H
#define FF_CRYPTO_FIXED_BASE_H

#include "lib/crypto/lanes.h"

struct fixed_base;

/*
 * Powers of `base` for exponents of `len` bytes, lowest first; so many are
 * expected, for a start. ls has the modulus and is borrowed.
 */
struct fixed_base *
fixed_base_new(struct lanes *ls, const mpz_t base, size_t len, size_t expected);
void fixed_base_free(struct fixed_base *f);
/* Bits of a window by now. */
unsigned fixed_base_width(const struct fixed_base *f);

/* acc[i] *= base^e for n numbers; e is at exponents + i * len. */
void fixed_base_multiply(struct fixed_base *f, uint64_t *acc,
    const unsigned char *exponents, size_t n);

#endif
