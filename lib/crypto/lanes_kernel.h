/* What a kernel of lanes.h is made of; private to lanes*.c. */
#ifndef FF_CRYPTO_LANES_KERNEL_H
#define FF_CRYPTO_LANES_KERNEL_H

#include <stdint.h>

#include "lib/crypto/lanes.h"

struct lanes_kernel {
	const char *name;
	unsigned word_bits; /* of a number's words that are used */
	/* Words of a half for an n of so many bits. */
	size_t (*digits)(size_t bits);
	/* The words that such a half has with its filling. */
	size_t (*room)(size_t digits);
	/* by_step: words from one factor to the next, 0 for one factor */
	void (*mul)(struct lanes *ls, uint64_t *acc, const uint64_t *by,
	    size_t by_step, size_t n);
	void (*square)(
	    struct lanes *ls, uint64_t *acc, const unsigned *times, size_t n);
	void (*fold)(struct lanes *ls, uint64_t *acc,
	    const struct lanes_buckets *b, size_t n);
	/* acc[i], a half, *= by[i], each at its place in a number */
	void (*mul_half)(
	    struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t n);
	/* words of a factor: the stride, or the digits of its lower half */
	void (*chains)(struct lanes *ls, const uint64_t *numbers, size_t words,
	    const struct lanes_chain *chains, size_t n);
	/*
	 * acc, a half and LANES_WEIGHED words of word_bits more, += the sum
	 * of halves times weights.
	 */
	void (*weigh)(struct lanes *ls, uint64_t *acc, const uint64_t *halves,
	    const struct lanes_weight *w, size_t n);
};

#define LANES_WEIGHED ((size_t)3)

/* n words of 0, aligned for vectors. */
uint64_t *lanes_words(size_t n);

extern const struct lanes_kernel lanes_portable;

/* Brings words near: rows and buckets lie too far apart for the cache. */
static inline void
lanes_prefetch(const uint64_t *number, size_t words)
{
	for (size_t j = 0; j < words; j += 8)
		__builtin_prefetch(number + j);
}

/* What a chain begins with. */
static inline void
lanes_prefetch_chain(const struct lanes *ls, const uint64_t *numbers,
    size_t words, const struct lanes_chain *c)
{
	if (!c->fresh)
		lanes_prefetch(c->acc, ls->stride);
	if (c->n)
		lanes_prefetch(numbers + ls->stride * c->list[0], words);
}

/* NULL where the processor or the system has no AVX-512 IFMA. */
const struct lanes_kernel *lanes_ifma(void);

/*
 * The same for LANES roots n at once: a number is LANES * words, which are
 * both halves' (2 * room) modulo n^2, or the lower one's (room), which is
 * all of a number modulo n; word j of lane i at [j * LANES + i]. x is in
 * Montgomery's form and is replaced by its power, by windows of LANES_WINDOW
 * bits of the exponents, the highest first, one of each lane side by side.
 */
#define LANES_WINDOW 4

struct lanes_power {
	size_t digits;		  /* of a half */
	size_t room;		  /* for one */
	size_t words;		  /* of a number */
	const uint64_t *root;	  /* LANES * room */
	const uint64_t *n_inv;	  /* LANES */
	const uint64_t *one;	  /* R of each lane */
	const uint64_t *exponent; /* LANES * n_windows, lowest first */
	size_t n_windows;
	uint64_t *table; /* (1 << LANES_WINDOW) numbers */
};
void lanes_ifma_power(const struct lanes_power *pw, uint64_t *x);

#endif
