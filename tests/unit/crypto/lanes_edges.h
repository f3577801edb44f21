/* Roots and numbers that the tests of lanes.h multiply. */
#ifndef FF_TESTS_LANES_EDGES_H
#define FF_TESTS_LANES_EDGES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/crypto/lanes.h"
#include "lib/crypto/random.h"

/* A root of so many bits: random, the least or the greatest. */
static inline void
make_root(mpz_t m, unsigned bits, int kind)
{
	mpz_set_ui(m, 0);
	if (kind == 0)
		random_bits(m, bits);
	mpz_setbit(m, bits - 1);
	if (kind == 2) {
		mpz_mul_2exp(m, m, 1);
		mpz_sub_ui(m, m, 1);
	}
	mpz_setbit(m, 0);
}

/*
 * Edges first: 0, 1, m - 1, all ones below m; the root less 1, itself (a lower
 * half of 0) and the greatest upper half alone; then random.
 */
#define EDGES ((size_t)7)

static inline void
make_number(mpz_t x, const mpz_t m, size_t i)
{
	size_t bits = mpz_sizeinbase(m, 2);

	mpz_set_ui(x, i == 1);
	if (i == 2)
		mpz_sub_ui(x, m, 1);
	if (i == 3) {
		mpz_setbit(x, bits - 1);
		mpz_sub_ui(x, x, 1);
	}
	if (i > 3 && i < EDGES)
		mpz_sqrt(x, m);
	if (i == 4)
		mpz_sub_ui(x, x, 1);
	if (i == 6)
		mpz_sub(x, m, x);
	if (i >= EDGES) {
		random_bits(x, bits + 64);
		mpz_mod(x, x, m);
	}
}

#endif
