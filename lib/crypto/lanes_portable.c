/* The kernel that every processor has: mont.h, one number after the other. */
#include "lib/crypto/lanes_kernel.h"

static size_t
digits(size_t bits)
{
	return (bits + GMP_NUMB_BITS - 1) / GMP_NUMB_BITS;
}

static void
mul(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t by_step,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		mont_mul(&ls->mt, acc + i * ls->stride, acc + i * ls->stride,
		    by + i * by_step);
}

static void
square(struct lanes *ls, uint64_t *acc, const unsigned *times, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < times[i]; k++)
			mont_mul(&ls->mt, acc + i * ls->stride,
			    acc + i * ls->stride, acc + i * ls->stride);
}

static void
chains(struct lanes *ls, const uint64_t *numbers,
    const struct lanes_chain *chain, size_t n)
{
	const struct lanes_chain *c;
	uint32_t at;

	for (c = chain; c < chain + n; c++) {
		at = 0;
		if (c + 1 < chain + n)
			lanes_prefetch_chain(ls, numbers, c + 1);
		if (c->fresh)
			mpn_copyi(c->acc, numbers + ls->stride * c->list[at++],
			    2 * ls->mt.limbs);
		for (; at < c->n; at++) {
			if (at + 1 < c->n)
				lanes_prefetch(
				    ls, numbers + ls->stride * c->list[at + 1]);
			mont_mul(&ls->mt, c->acc, c->acc,
			    numbers + ls->stride * c->list[at]);
		}
	}
}

const struct lanes_kernel lanes_portable = {
    .name = "portable",
    .word_bits = GMP_NUMB_BITS,
    .digits = digits,
    .mul = mul,
    .square = square,
    .chains = chains,
};
