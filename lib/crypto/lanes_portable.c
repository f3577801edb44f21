/* The kernel that every processor has: mont.h, one number after the other. */
#include "lib/crypto/lanes_kernel.h"

#include <stdlib.h>
#include <string.h>

static size_t
digits(size_t bits)
{
	return (bits + GMP_NUMB_BITS - 1) / GMP_NUMB_BITS;
}

static size_t
room(size_t n_digits)
{
	return n_digits;
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
fold(struct lanes *ls, uint64_t *acc, const struct lanes_buckets *b, size_t n)
{
	size_t size = ls->stride * sizeof(*acc);
	uint64_t *run = lanes_alloc(ls, 1);
	const uint64_t *bucket;

	for (size_t i = 0; i < n; i++, acc += ls->stride) {
		bucket = b->first + (i * b->apart + b->n - 1) * ls->stride;
		memcpy(run, bucket, size);
		memcpy(acc, bucket, size);
		for (size_t k = b->n - 1; k-- > 0;) {
			bucket -= ls->stride;
			mont_mul(&ls->mt, run, run, bucket);
			mont_mul(&ls->mt, acc, acc, run);
		}
	}
	free(run);
}

static void
mul_half(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mont_mul_half(&ls->mt, acc + i * ls->stride,
		    acc + i * ls->stride, by + i * ls->stride);
}

/* One chain by factors of so many words: both halves, or the lower one. */
static void
run_chain(struct lanes *ls, const uint64_t *numbers, size_t words,
    const struct lanes_chain *c)
{
	void (*times)(struct mont *, mp_limb_t *, const mp_limb_t *,
	    const mp_limb_t *) = words == ls->stride ? mont_mul : mont_mul_low;
	uint32_t at = 0;

	if (c->fresh) {
		memset(c->acc, 0, ls->stride * sizeof(*c->acc));
		memcpy(c->acc, numbers + ls->stride * c->list[at++],
		    words * sizeof(*c->acc));
	}
	for (; at < c->n; at++) {
		if (at + 1 < c->n)
			lanes_prefetch(
			    numbers + ls->stride * c->list[at + 1], words);
		times(&ls->mt, c->acc, c->acc,
		    numbers + ls->stride * c->list[at]);
	}
}

static void
chains(struct lanes *ls, const uint64_t *numbers, size_t words,
    const struct lanes_chain *chain, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n)
			lanes_prefetch_chain(ls, numbers, words, chain + i + 1);
		run_chain(ls, numbers, words, chain + i);
	}
}

static void
weigh(struct lanes *ls, uint64_t *acc, const uint64_t *halves,
    const struct lanes_weight *w, size_t n)
{
	mp_size_t limbs = ls->mt.limbs;
	mp_limb_t carry;

	for (size_t i = 0; i < n; i++) {
		carry = mpn_addmul_1(
		    acc, halves + w[i].number * ls->stride, limbs, w[i].by);
		mpn_add_1(acc + limbs, acc + limbs, LANES_WEIGHED, carry);
	}
}

const struct lanes_kernel lanes_portable = {
    .name = "portable",
    .word_bits = GMP_NUMB_BITS,
    .digits = digits,
    .room = room,
    .mul = mul,
    .square = square,
    .fold = fold,
    .mul_half = mul_half,
    .chains = chains,
    .weigh = weigh,
};
