/*
 * Eight numbers at once with AVX-512 IFMA: 52 bits a word, one number in each
 * lane of a vector, so that no carry ever crosses a lane (S. Gueron,
 * V. Krasnov, "Software implementation of modular exponentiation, using
 * advanced vector instructions architectures", WAIFI 2012).
 *
 * A product is found by columns, four at a time: eight accumulators (low and
 * high halves) hide the instruction's latency, and the operands of four
 * columns are a window of four words that slides. The reduction is woven in:
 * a column of the lower half yields its digit q, whose multiples of n join
 * the later columns. As in mont.c the halves' lower product goes first, and
 * its -q joins the crosswise one, whose carries have a sign therefore. With
 * 8n <= R and halves below 2n, those of products are below 2n without a last
 * subtraction; only lanes_get() makes it.
 *
 * Sums have room: a column adds at most 6 * DIGITS_MAX terms below 2^52.
 *
 * The functions carry the processor's features as an attribute, so that the
 * rest of the program runs anywhere.
 */
#include "lib/crypto/lanes_kernel.h"

#if defined(__x86_64__)

#include <string.h>

#include "lib/crypto/lanes_ifma_columns.h"
#include "lib/crypto/lanes_ifma_moves.h"
#include "lib/crypto/lanes_ifma_products.h"

/* ---- the kernel ---- */

/* The root of ls in every lane; n has DIGITS_MAX places. */
IFMA static struct root
spread(const struct lanes *ls, v8 *n)
{
	for (size_t j = 0; j < ls->room; j++)
		n[j] = _mm512_set1_epi64((long long)ls->root[j]);
	return (struct root){
	    n, _mm512_set1_epi64((long long)ls->n_inv), ls->digits, ls->room};
}

/* Where LANES numbers from the i-th on lie; beyond n there are none. */
static void
places(const struct lanes *ls, uint64_t *numbers, size_t i, size_t n,
    uint64_t *out[LANES])
{
	for (size_t l = 0; l < LANES; l++)
		out[l] = i + l < n ? numbers + (i + l) * ls->stride : NULL;
}

/* The same for reading: a number of its own instead of none. */
static void
sources(const struct lanes *ls, const uint64_t *numbers, size_t step, size_t n,
    const uint64_t *out[LANES])
{
	for (size_t l = 0; l < LANES; l++)
		out[l] = l < n ? numbers + l * step : ls->constant;
}

/* Numbers and their factors, or a half of each. */
struct pairs {
	uint64_t *acc;
	const uint64_t *by;
	size_t by_step; /* as in lanes_kernel.h */
	size_t n;
	size_t words; /* of each: both halves, or one */
};

IFMA static void
mul_pairs(const struct lanes *ls, const struct pairs *p)
{
	v8 root[DIGITS_MAX], a[WORDS_MAX], b[WORDS_MAX];
	struct root r = spread(ls, root);
	const uint64_t *from[LANES];
	uint64_t *to[LANES];

	for (size_t i = 0; i < p->n; i += LANES) {
		sources(
		    ls, p->acc + i * ls->stride, ls->stride, p->n - i, from);
		gather(a, from, p->words);
		sources(ls, p->by + i * p->by_step, p->by_step, p->n - i, from);
		gather(b, from, p->words);
		if (p->words == ls->stride)
			multiply(&r, a, a, b);
		else
			multiply_plain(&r, a, a, b);
		places(ls, p->acc, i, p->n, to);
		scatter(to, a, p->words);
	}
}

static void
mul(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t by_step,
    size_t n)
{
	struct pairs p = {acc, by, by_step, n, ls->stride};

	mul_pairs(ls, &p);
}

static void
mul_half(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t n)
{
	struct pairs p = {acc, by, ls->stride, n, ls->digits};

	mul_pairs(ls, &p);
}

/* Eight places at a time, whose running products stay in the lanes. */
IFMA static void
fold(struct lanes *ls, uint64_t *acc, const struct lanes_buckets *b, size_t n)
{
	v8 root[DIGITS_MAX], run[WORDS_MAX], all[WORDS_MAX], next[WORDS_MAX];
	struct root r = spread(ls, root);
	size_t step = b->apart * ls->stride;
	const uint64_t *from[LANES], *bucket;
	uint64_t *to[LANES];

	for (size_t i = 0; i < n; i += LANES) {
		bucket = b->first + i * step + (b->n - 1) * ls->stride;
		sources(ls, bucket, step, n - i, from);
		gather(run, from, ls->stride);
		memcpy(all, run, ls->stride * sizeof(*all));
		for (size_t k = b->n - 1; k-- > 0;) {
			bucket -= ls->stride;
			sources(ls, bucket, step, n - i, from);
			gather(next, from, ls->stride);
			multiply(&r, run, run, next);
			multiply(&r, all, all, run);
		}
		places(ls, acc, i, n, to);
		scatter(to, all, ls->stride);
	}
}

IFMA static void
square(struct lanes *ls, uint64_t *acc, const unsigned *times, size_t n)
{
	v8 root[DIGITS_MAX], a[WORDS_MAX], b[WORDS_MAX];
	struct root r = spread(ls, root);
	const uint64_t *from[LANES];
	uint64_t *to[LANES];
	unsigned most;
	__mmask8 more;

	/* a square leaves the filling of its place as it is */
	memset(b, 0, ls->stride * sizeof(*b));
	for (size_t i = 0; i < n; i += LANES) {
		sources(ls, acc + i * ls->stride, ls->stride, n - i, from);
		gather(a, from, ls->stride);
		most = 0;
		for (size_t l = 0; l < LANES && i + l < n; l++)
			most = times[i + l] > most ? times[i + l] : most;
		for (unsigned k = 0; k < most; k++) {
			more = 0;
			for (size_t l = 0; l < LANES && i + l < n; l++)
				more |= (__mmask8)((times[i + l] > k) << l);
			multiply_same(&r, b, a);
			for (size_t j = 0; j < ls->stride; j++)
				a[j] = _mm512_mask_mov_epi64(a[j], more, b[j]);
		}
		places(ls, acc, i, n, to);
		scatter(to, a, ls->stride);
	}
}

/* A chain in each lane; a lane that is through takes the next one. */
struct feed {
	const struct lanes *ls;
	const uint64_t *numbers;
	const struct lanes_chain *next;
	const struct lanes_chain *end;
	const struct lanes_chain *in[LANES];
	uint32_t at[LANES];
	size_t busy;
	size_t words; /* of a factor: both halves, or the lower one */
};

IFMA static void
feed_lane(struct feed *f, v8 *acc, size_t lane)
{
	const struct lanes *ls = f->ls;
	const struct lanes_chain *c;
	const uint64_t *first;
	size_t words;

	f->in[lane] = NULL;
	while (f->next < f->end && !f->in[lane]) {
		c = f->next++;
		if (c + LANES < f->end)
			lanes_prefetch_chain(
			    ls, f->numbers, f->words, c + LANES);
		first = c->acc;
		words = ls->stride;
		if (c->fresh) {
			first = f->numbers + ls->stride * c->list[0];
			words = f->words;
		}
		if (c->n > (uint32_t)c->fresh) {
			lane_put(ls, acc, lane, first, words);
			f->in[lane] = c;
			f->at[lane] = c->fresh;
			f->busy++;
		} else if (c->fresh) {
			memset(c->acc, 0, ls->stride * sizeof(*first));
			memcpy(c->acc, first, words * sizeof(*first));
		}
	}
}

/* The next factor of each lane; that after the next is fetched ahead. */
static void
feed_factors(const struct feed *f, const uint64_t *from[LANES])
{
	const struct lanes_chain *c;
	const uint64_t *ahead;

	for (size_t l = 0; l < LANES; l++) {
		from[l] = f->ls->constant;
		c = f->in[l];
		if (!c)
			continue;
		from[l] = f->numbers + f->ls->stride * c->list[f->at[l]];
		if (f->at[l] + 1 == c->n)
			continue;
		ahead = f->numbers + f->ls->stride * c->list[f->at[l] + 1];
		lanes_prefetch(ahead, f->words);
	}
}

IFMA static void
chains(struct lanes *ls, const uint64_t *numbers, size_t words,
    const struct lanes_chain *chain, size_t n)
{
	v8 root[DIGITS_MAX], acc[WORDS_MAX], b[WORDS_MAX];
	struct root r = spread(ls, root);
	struct feed f = {.ls = ls,
	    .numbers = numbers,
	    .next = chain,
	    .end = chain + n,
	    .words = words};
	const uint64_t *from[LANES];

	memset(acc, 0, ls->stride * sizeof(*acc));
	for (size_t l = 0; l < LANES; l++)
		feed_lane(&f, acc, l);
	while (f.busy) {
		feed_factors(&f, from);
		gather(b, from, words);
		if (words == ls->stride)
			multiply(&r, acc, acc, b);
		else
			multiply_by_low(&r, acc, acc, b);
		for (size_t l = 0; l < LANES; l++) {
			if (!f.in[l] || ++f.at[l] < f.in[l]->n)
				continue;
			lane_get(ls, f.in[l]->acc, acc, l);
			f.busy--;
			feed_lane(&f, acc, l);
		}
	}
}

/* ---- weighed sums ---- */

/*
 * Words j..j+7 of the sum, at most WEIGHTS terms: a weight is two digits, so
 * a term falls into three words, which `part` has one behind the other.
 */
#define WEIGHTS ((size_t)1024)

IFMA static void
weigh_words(const struct lanes *ls, v8 part[3], const uint64_t *halves,
    const struct lanes_weight *w, size_t n, size_t j)
{
	v8 p0 = _mm512_setzero_si512(), p1 = p0, p2 = p0, x, low, high;
	const uint64_t *from;
	__mmask8 some = present(ls->digits, j);

	for (size_t i = 0; i < n; i++) {
		from = halves + w[i].number * ls->stride + j;
		x = _mm512_maskz_loadu_epi64(some, from);
		low = _mm512_set1_epi64((long long)(w[i].by & MASK));
		high = _mm512_set1_epi64((long long)(w[i].by >> DIGIT_BITS));
		LO(p0, x, low);
		HI(p1, x, low);
		LO(p1, x, high);
		HI(p2, x, high);
	}
	part[0] = p0;
	part[1] = p1;
	part[2] = p2;
}

/* Words hold 64 bits: two sums of WEIGHTS terms below 2^52 and one fit. */
IFMA static void
weigh_block(const struct lanes *ls, uint64_t *acc, const uint64_t *halves,
    const struct lanes_weight *w, size_t n)
{
	uint64_t sum[DIGITS_MAX + LANES_WEIGHED] = {0}, part[3][LANES];
	size_t words = ls->digits + LANES_WEIGHED;
	uint64_t carry = 0;
	v8 all[3];

	for (size_t j = 0; j < ls->digits; j += LANES) {
		weigh_words(ls, all, halves, w, n, j);
		memcpy(part, all, sizeof(part));
		for (size_t k = 0; k < 3; k++)
			for (size_t l = 0; l < LANES && j + l < ls->digits; l++)
				sum[j + l + k] += part[k][l];
	}
	for (size_t j = 0; j < words; j++) {
		carry += acc[j] + sum[j];
		acc[j] = carry & MASK;
		carry >>= DIGIT_BITS;
	}
}

static void
weigh(struct lanes *ls, uint64_t *acc, const uint64_t *halves,
    const struct lanes_weight *w, size_t n)
{
	size_t now;

	for (; n > 0; n -= now, w += now) {
		now = n < WEIGHTS ? n : WEIGHTS;
		weigh_block(ls, acc, halves, w, now);
	}
}

/* ---- powers with secret exponents ---- */

/* Reads the whole table, whichever entry each lane is to have. */
IFMA static void
pick(const struct lanes_power *pw, v8 *out, v8 digit)
{
	const v8 *entry = (const v8 *)pw->table;
	__mmask8 same;
	size_t words = pw->words;

	memset(out, 0, words * sizeof(*out));
	for (size_t d = 0; d < (size_t)1 << LANES_WINDOW; d++) {
		same = _mm512_cmpeq_epi64_mask(
		    digit, _mm512_set1_epi64((long long)d));
		for (size_t j = 0; j < words; j++)
			out[j] = _mm512_mask_mov_epi64(
			    out[j], same, entry[d * words + j]);
	}
}

IFMA void
lanes_ifma_power(const struct lanes_power *pw, uint64_t *words)
{
	v8 *x = (v8 *)words, *table = (v8 *)pw->table, factor[WORDS_MAX];
	const v8 *exponent = (const v8 *)pw->exponent;
	size_t n = pw->words;
	bool plain = n == pw->room;
	void (*times)(const struct root *, v8 *, const v8 *, const v8 *) =
	    plain ? multiply_plain : multiply;
	void (*square_it)(const struct root *, v8 *, const v8 *) =
	    plain ? square_plain : multiply_same;
	struct root r = {(const v8 *)pw->root, _mm512_loadu_si512(pw->n_inv),
	    pw->digits, pw->room};

	memcpy(table, pw->one, n * sizeof(*x));
	memcpy(table + n, x, n * sizeof(*x));
	for (size_t d = 2; d < (size_t)1 << LANES_WINDOW; d++)
		times(&r, table + d * n, table + (d - 1) * n, table + n);
	memcpy(x, table, n * sizeof(*x));
	for (size_t k = pw->n_windows; k-- > 0;) {
		for (int i = 0; i < LANES_WINDOW; i++)
			square_it(&r, x, x);
		pick(pw, factor, exponent[k]);
		times(&r, x, x, factor);
	}
	explicit_bzero(factor, n * sizeof(*factor));
}

static size_t
digits(size_t bits)
{
	/* 3 bits more: see above */
	return ((bits + 3 + DIGIT_BITS - 1) / DIGIT_BITS + 1) / 2 * 2;
}

static size_t
room(size_t n_digits)
{
	return (n_digits + 3) / 4 * 4;
}

static const struct lanes_kernel kernel = {
    .name = "avx512ifma",
    .word_bits = DIGIT_BITS,
    .digits = digits,
    .room = room,
    .mul = mul,
    .square = square,
    .fold = fold,
    .mul_half = mul_half,
    .chains = chains,
    .weigh = weigh,
};

const struct lanes_kernel *
lanes_ifma(void)
{
	/* looks at the system's support of the registers as well */
	return __builtin_cpu_supports("avx512f") &&
		       __builtin_cpu_supports("avx512ifma")
		   ? &kernel
		   : NULL;
}

#else

#include <stddef.h>

const struct lanes_kernel *
lanes_ifma(void)
{
	return NULL;
}

void
lanes_ifma_power(const struct lanes_power *pw, uint64_t *x)
{
	(void)pw;
	(void)x;
}

#endif
