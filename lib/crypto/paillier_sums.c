/*
 * Sums of products as multi-exponentiations, prod c_i^x_i, by Pippenger's
 * bucket method (N. Pippenger, 1980; Bernstein et al., "Faster batch forgery
 * identification", 2012, section 4). A factor is cut into signed digits of w
 * bits; each ciphertext is multiplied into the bucket of its digit. Buckets
 * stay open over all portions; at the end a running product from the top
 * turns them into prod B_k^k, and the digits are put together by squaring.
 *
 * A bucket's share of a portion is a chain of lanes.h. Long shares are cut
 * into pieces, lest one lane works while seven idle; that is also how a
 * column of ones is summed: as digits of 1.
 *
 * A negative digit takes the inverse. Chains take lower halves alone, and what
 * the upper ones come to is one sum of products for each column, a number
 * modulo n by which the result is multiplied at last: see paillier_rows.h.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/crypto/paillier_many.h"
#include "lib/crypto/paillier_private.h"
#include "lib/crypto/paillier_rows.h"

#define WIDTH_MAX  13
#define BUCKET_MAX ((size_t)64 << 20) /* bytes, all columns */
#define PIECE	   ((size_t)64)

/* A digit that is not 0: which bucket, which number. */
struct item {
	uint32_t bucket; /* digit's position * apart + size - 1 */
	uint32_t number;
};

struct paillier_sums {
	struct lanes *ls;
	const struct paillier_public *pub;
	struct paillier_sums_size size;
	unsigned w;
	unsigned n_digits;
	size_t n_buckets;
	uint64_t bias;		    /* makes digits signed */
	struct paillier_rows *rows; /* of its own, made when used */
	struct paillier_weights *weights;
	mpz_t *upper;	 /* columns: what upper halves come to so far */
	uint64_t *piece; /* products of pieces */
	/*
	 * [column][digit][bucket], and whether it holds anything. There is
	 * one bucket too many in each place: a power of two would have the
	 * same bucket of all places fall into the same lines of the cache.
	 */
	size_t apart; /* buckets from one place to the next */
	uint64_t *buckets;
	bool *used;
	size_t n_places; /* columns * n_digits */
	uint64_t *acc;	 /* n_places numbers */
	uint64_t *sum;	 /* columns */
	unsigned *times;
	struct item *items; /* n_digits * portion, of one column */
	size_t n_items;
	uint32_t *list; /* the same by digit and bucket */
	uint32_t *start;
	struct lanes_chain *chain;
	struct lanes_chain *late; /* of pieces */
	uint32_t *piece_list;
	mpz_t one;
	mpz_t r_inv; /* 1 / R modulo n */
};

static uint64_t *
number(const struct paillier_sums *s, uint64_t *base, size_t i)
{
	return base + i * s->ls->stride;
}

static size_t
number_size(const struct paillier_sums *s)
{
	return s->ls->stride * sizeof(uint64_t);
}

/* Half a step below zero in every digit but the highest, see digit(). */
static uint64_t
bias_of(unsigned w, unsigned n_digits)
{
	uint64_t bias = 0;

	for (unsigned k = 0; k + 1 < n_digits; k++)
		bias |= ((1ULL << (w - 1)) - 1) << (w * k);
	return bias;
}

/* The fewest digits of -2^(w-1) < d <= 2^(w-1) for |x| <= most. */
static unsigned
digits_for(unsigned w, uint64_t most)
{
	unsigned n = 1;

	while ((most + bias_of(w, n)) >> (w * (n - 1)) > 1ULL << (w - 1))
		n++;
	return n;
}

/* The w with the fewest multiplications whose buckets fit. */
static void
choose_width(struct paillier_sums *s)
{
	/* rounded, it may be a power of two exactly */
	uint64_t most = 1ULL << s->size.x_bits;
	size_t least = SIZE_MAX, cost, room;
	unsigned n;

	for (unsigned w = 1; w <= WIDTH_MAX; w++) {
		n = digits_for(w, most);
		cost = n * (s->size.rows + ((size_t)2 << (w - 1)));
		room = s->size.columns * n * number_size(s) << (w - 1);
		if (cost < least && (w == 1 || room <= BUCKET_MAX)) {
			least = cost;
			s->w = w;
			s->n_digits = n;
		}
	}
	s->n_buckets = (size_t)1 << (s->w - 1);
	s->bias = bias_of(s->w, s->n_digits);
}

/* The upper halves of rows have a factor R too many. */
static void
set_r_inv(struct paillier_sums *s)
{
	mpz_init_set_ui(s->r_inv, 1);
	mpz_mul_2exp(s->r_inv, s->r_inv, lanes_r_bits(s->ls));
	mpz_invert(s->r_inv, s->r_inv, s->pub->n);
}

struct paillier_sums *
paillier_sums_new(
    const struct paillier_public *pub, const struct paillier_sums_size *size)
{
	struct paillier_sums *s = xcalloc(1, sizeof(*s));
	size_t digits, pieces;

	assert(size->x_bits <= 62 && size->portion > 0);
	s->pub = pub;
	s->ls = &paillier_work_of(pub)->ls;
	s->size = *size;
	choose_width(s);
	digits = s->n_digits * size->portion;
	s->n_places = size->columns * s->n_digits;
	pieces = digits / PIECE + 1;
	s->weights = paillier_weights_new(size->portion);
	s->upper = xcalloc(size->columns + 1, sizeof(*s->upper));
	s->piece = lanes_alloc(s->ls, pieces);
	s->apart = s->n_buckets + 1;
	s->buckets = lanes_alloc(s->ls, s->apart * s->n_places);
	s->used = xcalloc(s->apart * s->n_places, sizeof(*s->used));
	s->sum = lanes_alloc(s->ls, size->columns);
	s->acc = lanes_alloc(s->ls, s->n_places);
	s->times = xcalloc(size->columns, sizeof(*s->times));
	s->items = xcalloc(digits, sizeof(*s->items));
	s->list = xcalloc(digits, sizeof(*s->list));
	s->start = xcalloc(s->n_digits * s->apart + 2, sizeof(*s->start));
	s->chain = xcalloc(s->n_digits * s->apart + pieces, sizeof(*s->chain));
	s->late = xcalloc(pieces, sizeof(*s->late));
	s->piece_list = xcalloc(pieces, sizeof(*s->piece_list));
	for (size_t j = 0; j < size->columns; j++)
		mpz_init(s->upper[j]);
	mpz_init_set_ui(s->one, 1);
	set_r_inv(s);
	return s;
}

void
paillier_sums_free(struct paillier_sums *s)
{
	if (!s)
		return;
	paillier_rows_free(s->rows);
	paillier_weights_free(s->weights);
	for (size_t j = 0; j < s->size.columns; j++)
		mpz_clear(s->upper[j]);
	free(s->upper);
	free(s->piece);
	free(s->buckets);
	free(s->used);
	free(s->sum);
	free(s->acc);
	free(s->times);
	free(s->items);
	free(s->list);
	free(s->start);
	free(s->chain);
	free(s->late);
	free(s->piece_list);
	mpz_clears(s->one, s->r_inv, NULL);
	free(s);
}

/* ---- buckets ---- */

/* Signed digit k of |x|, whose bias has been added. */
static int64_t
digit(const struct paillier_sums *s, uint64_t biased, unsigned k)
{
	if (k + 1 == s->n_digits)
		return (int64_t)(biased >> (s->w * k));
	return (int64_t)(biased >> (s->w * k) & ((1ULL << s->w) - 1)) -
	       (int64_t)(s->n_buckets - 1);
}

/* The items of x, which belongs to a row; weighs the row and its inverse. */
static void
cut_factor(struct paillier_sums *s, int64_t x, uint32_t row)
{
	uint64_t size = (uint64_t)(x < 0 ? -x : x), biased = size + s->bias;
	uint64_t below = 0;
	struct item *it;
	int64_t d;

	for (unsigned k = 0; k < s->n_digits; k++) {
		d = digit(s, biased, k);
		if (d == 0)
			continue;
		it = &s->items[s->n_items++];
		it->number = row;
		if ((d < 0) != (x < 0))
			it->number += (uint32_t)s->size.portion;
		if (d < 0) {
			d = -d;
			below += (uint64_t)d << (s->w * k);
		}
		it->bucket = (uint32_t)(k * s->apart + (size_t)d - 1);
		s->start[it->bucket + 2]++;
	}
	paillier_weights_add(s->weights, row, x < 0 ? below : size + below,
	    x < 0 ? size + below : below);
}

/* Sorts a column's rows by bucket: start[b]..start[b+1] of the list. */
static void
sort_rows(struct paillier_sums *s, const struct paillier_factors *f)
{
	size_t n = s->n_digits * s->apart;
	const struct item *it;

	memset(s->start, 0, (n + 2) * sizeof(*s->start));
	s->n_items = 0;
	paillier_weights_begin(s->weights);
	for (size_t i = 0; i < f->n; i++)
		cut_factor(s, f->x ? f->x[i] : 1,
		    f->rows ? f->rows[i] - f->base : (uint32_t)i);
	for (size_t b = 2; b < n + 2; b++)
		s->start[b] += s->start[b - 1];
	/* start[b + 1] moves from the beginning of b to its end */
	for (it = s->items; it < s->items + s->n_items; it++)
		s->list[s->start[it->bucket + 1]++] = it->number;
}

struct plan {
	size_t n_chains;
	size_t n_late;
	size_t n_pieces;
};

/* One bucket's rows as a chain, or as pieces that a later chain joins. */
static void
plan_bucket(struct paillier_sums *s, struct plan *p, size_t place,
    const uint32_t *list, size_t n)
{
	struct lanes_chain *late;
	uint64_t *bucket = number(s, s->buckets, place);
	size_t now;

	if (n <= PIECE) {
		s->chain[p->n_chains++] = (struct lanes_chain){
		    bucket, list, (uint32_t)n, !s->used[place]};
		s->used[place] = true;
		return;
	}
	late = &s->late[p->n_late++];
	*late = (struct lanes_chain){
	    bucket, s->piece_list + p->n_pieces, 0, !s->used[place]};
	s->used[place] = true;
	for (; n > 0; n -= now, list += now) {
		/* no piece is shorter than half: there is room for 2/PIECE */
		now = n < 2 * PIECE ? n : PIECE;
		s->piece_list[p->n_pieces] = (uint32_t)p->n_pieces;
		s->chain[p->n_chains++] =
		    (struct lanes_chain){number(s, s->piece, p->n_pieces), list,
			(uint32_t)now, true};
		p->n_pieces++;
		late->n++;
	}
}

static void
add_column(struct paillier_sums *s, struct paillier_rows *rows,
    const struct paillier_factors *f, size_t column)
{
	struct plan p = {0};
	size_t n_column = s->n_digits * s->apart, n;

	sort_rows(s, f);
	for (size_t b = 0; b < n_column; b++) {
		n = s->start[b + 1] - s->start[b];
		if (n)
			plan_bucket(s, &p, column * n_column + b,
			    s->list + s->start[b], n);
	}
	lanes_chains_low(s->ls, rows->numbers, s->chain, p.n_chains);
	lanes_chains(s->ls, s->piece, s->late, p.n_late);
	paillier_rows_weigh(rows, s->weights, s->upper[column]);
}

void
paillier_sums_add_rows(struct paillier_sums *s, struct paillier_rows *rows,
    const struct paillier_factors *columns)
{
	assert(rows->portion == s->size.portion);
	for (size_t j = 0; j < s->size.columns; j++)
		add_column(s, rows, &columns[j], j);
}

enum err
paillier_sums_add(struct paillier_sums *s, mpz_t *c, size_t n,
    const struct paillier_factors *columns, struct buf *err)
{
	enum err rc;

	if (!s->rows)
		s->rows = paillier_rows_new(s->pub, s->size.portion);
	rc = paillier_rows_set(s->rows, c, n, err);
	if (!rc)
		paillier_sums_add_rows(s, s->rows, columns);
	return rc;
}

/* ---- the end ---- */

/* acc = prod_k B_k^k in every place. */
static void
fold_buckets(struct paillier_sums *s)
{
	const struct lanes_buckets b = {s->buckets, s->apart, s->n_buckets};
	const uint64_t *r = lanes_constant(s->ls, LANES_R);

	for (size_t i = 0; i < s->apart * s->n_places; i++)
		if (!s->used[i])
			memcpy(number(s, s->buckets, i), r, number_size(s));
	lanes_fold(s->ls, s->acc, &b, s->n_places);
	memset(s->used, 0, s->apart * s->n_places * sizeof(*s->used));
}

static void
gather_digit(struct paillier_sums *s, uint64_t *out, unsigned k)
{
	for (size_t j = 0; j < s->size.columns; j++)
		memcpy(number(s, out, j),
		    number(s, s->acc, j * s->n_digits + k), number_size(s));
}

/* 1 + n h of every column, to the power 2^shift; all starts anew. */
static void
set_upper(struct paillier_sums *s, uint64_t *out, const unsigned *shift)
{
	for (size_t j = 0; j < s->size.columns; j++) {
		mpz_mul(s->upper[j], s->upper[j], s->r_inv);
		mpz_mod(s->upper[j], s->upper[j], s->pub->n);
		mpz_mul_2exp(s->upper[j], s->upper[j], shift[j]);
		mpz_mod(s->upper[j], s->upper[j], s->pub->n);
		lanes_set_halves(s->ls, number(s, out, j), s->one, s->upper[j]);
		mpz_set_ui(s->upper[j], 0);
	}
}

void
paillier_sums_finish(struct paillier_sums *s, mpz_t *out, const unsigned *shift)
{
	size_t n = s->size.columns;
	/* the buckets are done with, and have room for it */
	uint64_t *sum = s->sum, *next = s->buckets;

	fold_buckets(s);
	gather_digit(s, sum, s->n_digits - 1);
	for (size_t j = 0; j < n; j++)
		s->times[j] = s->w;
	for (unsigned k = s->n_digits - 1; k-- > 0;) {
		lanes_square(s->ls, sum, s->times, n);
		gather_digit(s, next, k);
		lanes_mul(s->ls, sum, next, n);
	}
	lanes_square(s->ls, sum, shift, n);
	set_upper(s, next, shift);
	lanes_mul(s->ls, sum, next, n);
	for (size_t j = 0; j < n; j++)
		lanes_get(s->ls, out[j], number(s, sum, j));
}
