/*
 * Multiplication modulo the square of an odd number n in Montgomery's form
 * (P. Montgomery, "Modular multiplication without trial division", 1985), on
 * GMP's limbs. A number is two halves, lo + hi * n with both below n; a is
 * kept as a * R, R being 2^(64 * limbs of n). Not constant-time: for
 * ciphertexts only.
 *
 * Halves are what makes it cheap: of the product of two such numbers hi * hi
 * falls away, as n^2 divides it, and only numbers of n's length are reduced.
 * 5 products of that length are done instead of the 8 that those modulo a
 * number of twice the length take.
 */
#ifndef FF_CRYPTO_MONT_H
#define FF_CRYPTO_MONT_H

#include <gmp.h>

#include "lib/base/err.h"

struct mont {
	mp_size_t limbs;    /* of n, and of each half */
	mp_limb_t *n;	    /* the root of the modulus */
	mp_limb_t n_inv;    /* -1 / n modulo 2^64 */
	mp_limb_t *scratch; /* 7 * limbs */
};

/* n is odd and > 1. */
void mont_init(struct mont *mt, const mpz_t n);
void mont_release(struct mont *mt);

/*
 * out = a * b / R, each with hi behind lo; any of them may be the same.
 */
void mont_mul(
    struct mont *mt, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b);
/* The same of a b without hi, which is taken as 0: 4 products. */
void mont_mul_low(
    struct mont *mt, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b);
/* Of numbers modulo n, which are one half: out = a * b / R modulo n. */
void mont_mul_half(
    struct mont *mt, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b);

#endif
