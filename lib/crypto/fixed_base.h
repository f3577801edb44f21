/*
 * Powers of one base: a table of its powers by windows of the exponent
 * (E. Brickell, D. Gordon, K. McCurley, D. Wilson, EUROCRYPT 1992), so that a
 * power costs one multiplication per window. The look-ups depend on the
 * exponent's digits: not constant-time, see paillier_mask(). One thread.
 */
#ifndef FF_CRYPTO_FIXED_BASE_H
#define FF_CRYPTO_FIXED_BASE_H

#include "lib/crypto/mont.h"

struct fixed_base;

/* Powers of `base` modulo the odd number m, for exponents of `bits` bits. */
struct fixed_base *fixed_base_new(const mpz_t base, const mpz_t m, size_t bits);
void fixed_base_free(struct fixed_base *f);

/* out = base^e mod m; e must not be longer than `bits`. */
void fixed_base_power(struct fixed_base *f, mpz_t out, const mpz_t e);

#endif
