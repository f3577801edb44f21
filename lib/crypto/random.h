/*
 * Randomness from the operating system (getrandom), taken in batches, because
 * a call for every number would cost more than the number. Bytes given out
 * are wiped from the batch. One thread.
 */
#ifndef FF_CRYPTO_RANDOM_H
#define FF_CRYPTO_RANDOM_H

#include <gmp.h>

#include "lib/base/err.h"

/* Cannot fail: a kernel without randomness ends the program. */
void random_bytes(void *out, size_t len);

/* Uniform in [0, 2^bits). */
void random_bits(mpz_t out, size_t bits);

/* Uniform in [1, limit); limit > 1. */
void random_below(mpz_t out, const mpz_t limit);

/* Overwrites the number's memory, then clears it. */
void random_wipe(mpz_t x);

#endif
