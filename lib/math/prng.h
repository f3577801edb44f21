/*
 * Random numbers that a seed repeats everywhere (splitmix64). Not for
 * secrets: lib/crypto/random.h is.
 */
#ifndef FF_MATH_PRNG_H
#define FF_MATH_PRNG_H

#include <stdint.h>

/* `state` starts as the seed. */
uint64_t prng_next(uint64_t *state);

/* In [0, 1), with 53 random bits. */
double prng_uniform(uint64_t *state);

/* In [0, n), all alike; n > 0. */
uint64_t prng_below(uint64_t *state, uint64_t n);

#endif
