/*
 * Multiplication modulo an odd number in Montgomery's form (P. Montgomery,
 * "Modular multiplication without trial division", 1985), on GMP's limbs.
 * A number a is kept as a * 2^(64 * limbs) mod m. Not constant-time: for
 * ciphertexts only.
 */
#ifndef FF_CRYPTO_MONT_H
#define FF_CRYPTO_MONT_H

#include <gmp.h>

#include "lib/base/err.h"

struct mont {
	mp_size_t limbs;
	mp_limb_t *m;	    /* the modulus */
	mp_limb_t m_inv;    /* -1 / m modulo 2^64 */
	mp_limb_t *scratch; /* 2 * limbs */
};

/* m is odd and > 1. */
void mont_init(struct mont *mt, const mpz_t m);
void mont_release(struct mont *mt);

/* out = a * b; any of them may be the same. */
void mont_mul(
    struct mont *mt, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b);

#endif
