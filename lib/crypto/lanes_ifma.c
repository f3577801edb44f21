/*
 * Eight numbers at once with AVX-512 IFMA: 52 bits a word, one number in each
 * lane of a vector, so that no carry ever crosses a lane (S. Gueron,
 * V. Krasnov, "Software implementation of modular exponentiation, using
 * advanced vector instructions architectures", WAIFI 2012).
 *
 * A product is found by columns, four at a time: eight accumulators (low and
 * high halves) hide the instruction's latency, and the operands of four
 * columns are a window of four words that slides. The reduction is woven in:
 * a column of the lower half yields its digit q, whose multiples of m join
 * the later columns. With 4m <= R and operands below 2m, products are below
 * 2m without a last subtraction; only lanes_get() makes it.
 *
 * Sums have room: a column adds at most 4 * DIGITS_MAX terms below 2^52.
 *
 * The functions carry the processor's features as an attribute, so that the
 * rest of the program runs anywhere.
 */
#include "lib/crypto/lanes_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define DIGIT_BITS 52
#define DIGITS_MAX 160
#define MASK	   ((1ULL << DIGIT_BITS) - 1)
#define IFMA	   __attribute__((target("avx512f,avx512ifma")))
#define INLINE	   IFMA static inline __attribute__((always_inline))

typedef __m512i v8;

/* Four columns: the sums of low halves, and of high ones (a column later). */
struct columns {
	v8 l0, l1, l2, l3;
	v8 h0, h1, h2, h3;
};

#define LO(acc, x, y) ((acc) = _mm512_madd52lo_epu64((acc), (x), (y)))
#define HI(acc, x, y) ((acc) = _mm512_madd52hi_epu64((acc), (x), (y)))
#define ADD(c, x, y)                    \
	do {                            \
		LO((s).l##c, (x), (y)); \
		HI((s).h##c, (x), (y)); \
	} while (0)

/* One word of a against the window of b that starts at w. */
#define STEP(x, w0, w1, w2, w3)   \
	do {                      \
		v8 word = (x);    \
		ADD(0, word, w0); \
		ADD(1, word, w1); \
		ADD(2, word, w2); \
		ADD(3, word, w3); \
	} while (0)

/* Column c gains a[i] * b[c - i] for i < n; n is even. */
INLINE struct columns
slide(struct columns s, const v8 *a, const v8 *b, size_t n)
{
	v8 w0, w1 = b[1], w2 = b[2], w3 = b[3];

	for (; n >= 4; n -= 4, a += 4, b -= 4) {
		w0 = b[0];
		STEP(a[0], w0, w1, w2, w3);
		w3 = b[-1];
		STEP(a[1], w3, w0, w1, w2);
		w2 = b[-2];
		STEP(a[2], w2, w3, w0, w1);
		w1 = b[-3];
		STEP(a[3], w1, w2, w3, w0);
	}
	if (n) {
		w0 = b[0];
		STEP(a[0], w0, w1, w2, w3);
		w3 = b[-1];
		STEP(a[1], w3, w0, w1, w2);
	}
	return s;
}

/* What is left of lower columns: a[i] * b[c - i], 0 <= i <= c. */
INLINE struct columns
rise(struct columns s, const v8 *a, const v8 *b)
{
	ADD(0, a[0], b[0]);
	ADD(1, a[0], b[1]);
	ADD(2, a[0], b[2]);
	ADD(3, a[0], b[3]);
	ADD(1, a[1], b[0]);
	ADD(2, a[1], b[1]);
	ADD(3, a[1], b[2]);
	ADD(2, a[2], b[0]);
	ADD(3, a[2], b[1]);
	ADD(3, a[3], b[0]);
	return s;
}

/* Of upper ones: a[i] * b[c - i], c < i <= 3; b is the end of its number. */
INLINE struct columns
fall(struct columns s, const v8 *a, const v8 *b)
{
	ADD(0, a[1], b[-1]);
	ADD(1, a[2], b[-1]);
	ADD(2, a[3], b[-1]);
	ADD(0, a[2], b[-2]);
	ADD(1, a[3], b[-2]);
	ADD(0, a[3], b[-3]);
	return s;
}

INLINE struct columns
zero_columns(void)
{
	v8 z = _mm512_setzero_si512();

	return (struct columns){z, z, z, z, z, z, z, z};
}

/* All of columns k..k+3 of a * b. */
INLINE struct columns
columns_of(struct columns s, const v8 *a, const v8 *b, size_t n, size_t k)
{
	if (k < n)
		return rise(slide(s, a, b + k, k), a + k, b);
	s = slide(s, a + (k + 4 - n), b + (n - 4), 2 * n - k - 4);
	return fall(s, a + (k - n), b + n);
}

#define TWICE(x) ((s).x = _mm512_add_epi64((s).x, (s).x))

/* Of a * a: each pair once, doubled, then the squares. a is at column k. */
INLINE struct columns
columns_of_square(const v8 *a, size_t n, size_t k)
{
	struct columns s = zero_columns();
	const v8 *mid = a + k / 2;

	if (k < n)
		s = slide(s, a, a + k, k / 2);
	else if (k < 2 * n - 4)
		s = fall(slide(s, a + (k + 4 - n), a + (n - 4), n - 4 - k / 2),
		    a + (k - n), a + n);
	else
		ADD(0, mid[-1], mid[1]);
	ADD(1, mid[0], mid[1]);
	if (k < 2 * n - 4) {
		ADD(2, mid[0], mid[2]);
		ADD(3, mid[0], mid[3]);
		ADD(3, mid[1], mid[2]);
	}
	TWICE(l0), TWICE(l1), TWICE(l2), TWICE(l3);
	TWICE(h0), TWICE(h1), TWICE(h2), TWICE(h3);
	ADD(0, mid[0], mid[0]);
	ADD(2, mid[1], mid[1]);
	return s;
}

/* The digit that clears column c, and the carry into the next. */
#define CLEAR(c)                                                    \
	do {                                                        \
		s.l##c = _mm512_add_epi64(s.l##c, carry);           \
		q[c] = _mm512_madd52lo_epu64(zero, s.l##c, m_inv);  \
		ADD(c, q[c], m[0]);                                 \
		carry = _mm512_add_epi64(                           \
		    _mm512_srli_epi64(s.l##c, DIGIT_BITS), s.h##c); \
	} while (0)

INLINE v8
reduce(struct columns s, v8 *q, const v8 *m, v8 m_inv, v8 carry)
{
	const v8 zero = _mm512_setzero_si512();

	CLEAR(0);
	ADD(1, q[0], m[1]);
	ADD(2, q[0], m[2]);
	ADD(3, q[0], m[3]);
	CLEAR(1);
	ADD(2, q[1], m[1]);
	ADD(3, q[1], m[2]);
	CLEAR(2);
	ADD(3, q[2], m[1]);
	CLEAR(3);
	return carry;
}

#define PUT(c)                                                      \
	do {                                                        \
		s.l##c = _mm512_add_epi64(s.l##c, carry);           \
		out[c] = _mm512_and_si512(s.l##c, mask);            \
		carry = _mm512_add_epi64(                           \
		    _mm512_srli_epi64(s.l##c, DIGIT_BITS), s.h##c); \
	} while (0)

INLINE v8
put(struct columns s, v8 *out, v8 carry)
{
	const v8 mask = _mm512_set1_epi64((long long)MASK);

	PUT(0);
	PUT(1);
	PUT(2);
	PUT(3);
	return carry;
}

struct modulus {
	const v8 *m;
	v8 m_inv;
	size_t n; /* digits, a multiple of 4 */
};

/* out = a * b / R; out may be a or b. */
IFMA static void
multiply(const struct modulus *mod, v8 *out, const v8 *a, const v8 *b)
{
	v8 q[DIGITS_MAX], carry = _mm512_setzero_si512();
	size_t n = mod->n;
	struct columns s;

	for (size_t k = 0; k < n; k += 4) {
		s = columns_of(zero_columns(), a, b, n, k);
		s = slide(s, q, mod->m + k, k);
		carry = reduce(s, q + k, mod->m, mod->m_inv, carry);
	}
	for (size_t k = n; k < 2 * n; k += 4) {
		s = columns_of(zero_columns(), a, b, n, k);
		s = columns_of(s, q, mod->m, n, k);
		carry = put(s, out + (k - n), carry);
	}
}

IFMA static void
multiply_same(const struct modulus *mod, v8 *out, const v8 *a)
{
	v8 q[DIGITS_MAX], carry = _mm512_setzero_si512();
	size_t n = mod->n;
	struct columns s;

	for (size_t k = 0; k < n; k += 4) {
		s = slide(columns_of_square(a, n, k), q, mod->m + k, k);
		carry = reduce(s, q + k, mod->m, mod->m_inv, carry);
	}
	for (size_t k = n; k < 2 * n; k += 4) {
		s = columns_of(columns_of_square(a, n, k), q, mod->m, n, k);
		carry = put(s, out + (k - n), carry);
	}
}

/* ---- numbers into lanes and back ---- */

/* Eight rows of eight words to columns; its own inverse. */
INLINE void
transpose(v8 r[LANES])
{
	v8 t[LANES], u[LANES];

	for (size_t i = 0; i < 4; i++) {
		t[2 * i] = _mm512_unpacklo_epi64(r[2 * i], r[2 * i + 1]);
		t[2 * i + 1] = _mm512_unpackhi_epi64(r[2 * i], r[2 * i + 1]);
	}
	for (size_t i = 0; i < 2; i++) {
		u[i] = _mm512_shuffle_i64x2(t[i], t[i + 2], 0x88);
		u[i + 2] = _mm512_shuffle_i64x2(t[i], t[i + 2], 0xdd);
		u[i + 4] = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0x88);
		u[i + 6] = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0xdd);
	}
	for (size_t i = 0; i < 4; i++) {
		r[i] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0x88);
		r[i + 4] = _mm512_shuffle_i64x2(u[i], u[i + 4], 0xdd);
	}
}

IFMA static void
gather(const struct lanes *ls, v8 *to, const uint64_t *const from[LANES])
{
	v8 r[LANES];

	for (size_t j = 0; j < ls->stride; j += LANES) {
		for (size_t i = 0; i < LANES; i++)
			r[i] = _mm512_load_si512(from[i] + j);
		transpose(r);
		for (size_t i = 0; i < LANES; i++)
			to[j + i] = r[i];
	}
}

IFMA static void
scatter(const struct lanes *ls, uint64_t *const to[LANES], const v8 *from)
{
	v8 r[LANES];

	for (size_t j = 0; j < ls->stride; j += LANES) {
		for (size_t i = 0; i < LANES; i++)
			r[i] = j + i < ls->digits ? from[j + i]
						  : _mm512_setzero_si512();
		transpose(r);
		for (size_t i = 0; i < LANES; i++)
			if (to[i])
				_mm512_store_si512(to[i] + j, r[i]);
	}
}

IFMA static void
lane_put(const struct lanes *ls, v8 *acc, size_t lane, const uint64_t *from)
{
	uint64_t *words = (uint64_t *)acc + lane;

	for (size_t j = 0; j < ls->digits; j++)
		words[j * LANES] = from[j];
}

IFMA static void
lane_get(const struct lanes *ls, uint64_t *to, const v8 *acc, size_t lane)
{
	const uint64_t *words = (const uint64_t *)acc + lane;

	for (size_t j = 0; j < ls->digits; j++)
		to[j] = words[j * LANES];
}

/* The modulus of ls in every lane; m has DIGITS_MAX places. */
IFMA static struct modulus
spread(const struct lanes *ls, v8 *m)
{
	for (size_t j = 0; j < ls->digits; j++)
		m[j] = _mm512_set1_epi64((long long)ls->modulus[j]);
	return (struct modulus){
	    m, _mm512_set1_epi64((long long)ls->m_inv), ls->digits};
}

/* ---- the kernel ---- */

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

IFMA static void
mul(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t by_step,
    size_t n)
{
	v8 m[DIGITS_MAX], a[DIGITS_MAX], b[DIGITS_MAX];
	struct modulus mod = spread(ls, m);
	const uint64_t *from[LANES];
	uint64_t *to[LANES];

	for (size_t i = 0; i < n; i += LANES) {
		sources(ls, acc + i * ls->stride, ls->stride, n - i, from);
		gather(ls, a, from);
		sources(ls, by + i * by_step, by_step, n - i, from);
		gather(ls, b, from);
		multiply(&mod, a, a, b);
		places(ls, acc, i, n, to);
		scatter(ls, to, a);
	}
}

IFMA static void
square(struct lanes *ls, uint64_t *acc, const unsigned *times, size_t n)
{
	v8 m[DIGITS_MAX], a[DIGITS_MAX], b[DIGITS_MAX];
	struct modulus mod = spread(ls, m);
	const uint64_t *from[LANES];
	uint64_t *to[LANES];
	unsigned most;
	__mmask8 more;

	for (size_t i = 0; i < n; i += LANES) {
		sources(ls, acc + i * ls->stride, ls->stride, n - i, from);
		gather(ls, a, from);
		most = 0;
		for (size_t l = 0; l < LANES && i + l < n; l++)
			most = times[i + l] > most ? times[i + l] : most;
		for (unsigned k = 0; k < most; k++) {
			more = 0;
			for (size_t l = 0; l < LANES && i + l < n; l++)
				more |= (__mmask8)((times[i + l] > k) << l);
			multiply_same(&mod, b, a);
			for (size_t j = 0; j < mod.n; j++)
				a[j] = _mm512_mask_mov_epi64(a[j], more, b[j]);
		}
		places(ls, acc, i, n, to);
		scatter(ls, to, a);
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
};

IFMA static void
feed_lane(struct feed *f, v8 *acc, size_t lane)
{
	const struct lanes *ls = f->ls;
	const struct lanes_chain *c;
	const uint64_t *first;

	f->in[lane] = NULL;
	while (f->next < f->end && !f->in[lane]) {
		c = f->next++;
		if (c + LANES < f->end)
			lanes_prefetch_chain(ls, f->numbers, c + LANES);
		first = c->acc;
		if (c->fresh)
			first = f->numbers + ls->stride * c->list[0];
		if (c->n > (uint32_t)c->fresh) {
			lane_put(ls, acc, lane, first);
			f->in[lane] = c;
			f->at[lane] = c->fresh;
			f->busy++;
		} else if (c->fresh) {
			memcpy(c->acc, first, ls->stride * sizeof(*first));
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
		lanes_prefetch(f->ls, ahead);
	}
}

IFMA static void
chains(struct lanes *ls, const uint64_t *numbers,
    const struct lanes_chain *chain, size_t n)
{
	v8 m[DIGITS_MAX], acc[DIGITS_MAX], b[DIGITS_MAX];
	struct modulus mod = spread(ls, m);
	struct feed f = {
	    .ls = ls, .numbers = numbers, .next = chain, .end = chain + n};
	const uint64_t *from[LANES];

	memset(acc, 0, ls->digits * sizeof(*acc));
	for (size_t l = 0; l < LANES; l++)
		feed_lane(&f, acc, l);
	while (f.busy) {
		feed_factors(&f, from);
		gather(ls, b, from);
		multiply(&mod, acc, acc, b);
		for (size_t l = 0; l < LANES; l++) {
			if (!f.in[l] || ++f.at[l] < f.in[l]->n)
				continue;
			lane_get(ls, f.in[l]->acc, acc, l);
			f.busy--;
			feed_lane(&f, acc, l);
		}
	}
}

/* ---- powers with secret exponents ---- */

/* Reads the whole table, whichever entry each lane is to have. */
IFMA static void
pick(const struct lanes_power *pw, v8 *out, v8 digit)
{
	const v8 *entry = (const v8 *)pw->table;
	__mmask8 same;

	memset(out, 0, pw->digits * sizeof(*out));
	for (size_t d = 0; d < (size_t)1 << LANES_WINDOW; d++) {
		same = _mm512_cmpeq_epi64_mask(
		    digit, _mm512_set1_epi64((long long)d));
		for (size_t j = 0; j < pw->digits; j++)
			out[j] = _mm512_mask_mov_epi64(
			    out[j], same, entry[d * pw->digits + j]);
	}
}

IFMA void
lanes_ifma_power(const struct lanes_power *pw, uint64_t *words)
{
	v8 *x = (v8 *)words, *table = (v8 *)pw->table, factor[DIGITS_MAX];
	const v8 *exponent = (const v8 *)pw->exponent;
	size_t n = pw->digits;
	struct modulus mod = {
	    (const v8 *)pw->modulus, _mm512_loadu_si512(pw->m_inv), n};

	memcpy(table, pw->one, n * sizeof(*x));
	memcpy(table + n, x, n * sizeof(*x));
	for (size_t d = 2; d < (size_t)1 << LANES_WINDOW; d++)
		multiply(&mod, table + d * n, table + (d - 1) * n, table + n);
	memcpy(x, table, n * sizeof(*x));
	for (size_t k = pw->n_windows; k-- > 0;) {
		for (int i = 0; i < LANES_WINDOW; i++)
			multiply_same(&mod, x, x);
		pick(pw, factor, exponent[k]);
		multiply(&mod, x, x, factor);
	}
	explicit_bzero(factor, n * sizeof(*factor));
}

static size_t
digits(size_t bits)
{
	/* 2 bits more: see above */
	return ((bits + 2 + DIGIT_BITS - 1) / DIGIT_BITS + 3) / 4 * 4;
}

static size_t
stride(size_t n)
{
	return (n + LANES - 1) / LANES * LANES;
}

static const struct lanes_kernel kernel = {
    .name = "avx512ifma",
    .word_bits = DIGIT_BITS,
    .digits = digits,
    .stride = stride,
    .mul = mul,
    .square = square,
    .chains = chains,
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
