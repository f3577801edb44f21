/*
 * A bin's rows of a portion are cut into pieces, each the product of its own
 * chain of lanes.h; a second round of chains multiplies pieces into the bins.
 * So no lane is idle while another works off a long bin.
 *
 * Bins are packed by Horner's rule over the slots: all packed numbers are
 * squared `width` times and multiplied by the next slot's bins, which lie one
 * after the other.
 */
#include "lib/crypto/paillier_bins.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/crypto/paillier_private.h"

#define PIECE	   ((size_t)64)	  /* rows */
#define PIECES_MAX ((size_t)4096) /* worked on at a time */

struct paillier_bins {
	struct lanes *ls;
	size_t n;
	size_t portion;
	size_t n_pieces_max;
	uint64_t *numbers; /* portion */
	uint64_t *sums;	   /* n */
	bool *used;	   /* n: the sum has begun */
	uint64_t *pieces;  /* n_pieces_max, as all below */
	struct lanes_chain *chain;
	struct lanes_chain *join;
	uint32_t *list; /* 0, 1, 2 ... */
};

static uint64_t *
number(const struct paillier_bins *b, uint64_t *base, size_t i)
{
	return base + i * b->ls->stride;
}

struct paillier_bins *
paillier_bins_new(
    const struct paillier_public *pub, size_t n_bins, size_t portion)
{
	struct paillier_bins *b = xcalloc(1, sizeof(*b));

	b->ls = &paillier_work_of(pub)->ls;
	b->n = n_bins;
	b->portion = portion;
	/* the largest bin fits */
	b->n_pieces_max = PIECES_MAX + portion / PIECE;
	b->numbers = lanes_alloc(b->ls, portion);
	b->sums = lanes_alloc(b->ls, n_bins);
	b->used = xcalloc(n_bins + 1, sizeof(*b->used));
	b->pieces = lanes_alloc(b->ls, b->n_pieces_max);
	b->chain = xcalloc(b->n_pieces_max, sizeof(*b->chain));
	b->join = xcalloc(b->n_pieces_max, sizeof(*b->join));
	b->list = xcalloc(b->n_pieces_max, sizeof(*b->list));
	for (size_t i = 0; i < b->n_pieces_max; i++)
		b->list[i] = (uint32_t)i;
	return b;
}

void
paillier_bins_free(struct paillier_bins *b)
{
	if (!b)
		return;
	free(b->numbers);
	free(b->sums);
	free(b->used);
	free(b->pieces);
	free(b->chain);
	free(b->join);
	free(b->list);
	free(b);
}

struct work {
	size_t n_pieces;
	size_t n_joins;
};

static void
run(struct paillier_bins *b, struct work *w)
{
	lanes_chains(b->ls, b->numbers, b->chain, w->n_pieces);
	lanes_chains(b->ls, b->pieces, b->join, w->n_joins);
	*w = (struct work){0, 0};
}

static void
add_bin(struct paillier_bins *b, struct work *w, size_t bin,
    const uint32_t *rows, size_t n)
{
	size_t n_pieces = (n + PIECE - 1) / PIECE, now;

	if (!n)
		return;
	if (w->n_pieces + n_pieces > b->n_pieces_max)
		run(b, w);
	b->join[w->n_joins++] = (struct lanes_chain){number(b, b->sums, bin),
	    b->list + w->n_pieces, (uint32_t)n_pieces, !b->used[bin]};
	b->used[bin] = true;
	for (; n > 0; n -= now, rows += now) {
		now = n < PIECE ? n : PIECE;
		b->chain[w->n_pieces] =
		    (struct lanes_chain){number(b, b->pieces, w->n_pieces),
			rows, (uint32_t)now, true};
		w->n_pieces++;
	}
}

void
paillier_bins_add(struct paillier_bins *b, mpz_t *c, size_t n,
    const uint32_t *rows, const size_t *start)
{
	struct work w = {0, 0};

	assert(n <= b->portion);
	for (size_t i = 0; i < n; i++)
		lanes_set(b->ls, number(b, b->numbers, i), c[i]);
	lanes_scale(b->ls, b->numbers, lanes_constant(b->ls, LANES_R2), n);
	for (size_t k = 0; k < b->n; k++)
		add_bin(b, &w, k, rows + start[k], start[k + 1] - start[k]);
	run(b, &w);
}

size_t
paillier_bins_packed(size_t n_bins, size_t slots)
{
	return (n_bins + slots - 1) / slots;
}

struct paillier_bins_place
paillier_bins_place(size_t bin, size_t n_packed)
{
	return (struct paillier_bins_place){
	    .packed = bin % n_packed, .slot = bin / n_packed};
}

void
paillier_bins_pack(
    struct paillier_bins *b, unsigned width, size_t slots, mpz_t *out)
{
	const uint64_t *one = lanes_constant(b->ls, LANES_R);
	size_t n_packed = paillier_bins_packed(b->n, slots), full, rest;
	unsigned *times = xcalloc(n_packed + 1, sizeof(*times));
	uint64_t *acc = lanes_alloc(b->ls, n_packed);

	for (size_t i = 0; i < b->n; i++)
		if (!b->used[i])
			memcpy(number(b, b->sums, i), one,
			    b->ls->stride * sizeof(*one));
	for (size_t i = 0; i < n_packed; i++) {
		times[i] = width;
		memcpy(number(b, acc, i), one, b->ls->stride * sizeof(*one));
	}
	full = n_packed ? b->n / n_packed : 0;
	rest = b->n - full * n_packed;
	/* the last slot is there in the first `rest` of them alone */
	lanes_mul(b->ls, acc, number(b, b->sums, full * n_packed), rest);
	for (size_t s = full; s-- > 0;) {
		lanes_square(b->ls, acc, times, n_packed);
		lanes_mul(
		    b->ls, acc, number(b, b->sums, s * n_packed), n_packed);
	}
	lanes_scale(b->ls, acc, lanes_constant(b->ls, LANES_ONE), n_packed);
	for (size_t i = 0; i < n_packed; i++)
		lanes_get(b->ls, out[i], number(b, acc, i));
	free(times);
	free(acc);
}
