#include "lib/math/prng.h"

/* splitmix64 (S. Vigna, public domain algorithm) */
uint64_t
prng_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

double
prng_uniform(uint64_t *state)
{
	return (double)(prng_next(state) >> 11) * 0x1p-53;
}

/* What lies beyond the last whole multiple of n is drawn again. */
uint64_t
prng_below(uint64_t *state, uint64_t n)
{
	uint64_t over = -n % n, v;

	do
		v = prng_next(state);
	while (v < over);
	return v % n;
}
