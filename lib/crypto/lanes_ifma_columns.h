/*
 * Columns of products of eight numbers at once; private to lanes_ifma.c, which
 * says how they are put together. All of it is inlined into there.
 */
#ifndef FF_CRYPTO_LANES_IFMA_COLUMNS_H
#define FF_CRYPTO_LANES_IFMA_COLUMNS_H

#include <immintrin.h>
#include <stddef.h>

#define DIGIT_BITS 52
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

INLINE struct columns
twice(struct columns s)
{
	TWICE(l0), TWICE(l1), TWICE(l2), TWICE(l3);
	TWICE(h0), TWICE(h1), TWICE(h2), TWICE(h3);
	return s;
}

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
	s = twice(s);
	ADD(0, mid[0], mid[0]);
	ADD(2, mid[1], mid[1]);
	return s;
}

#endif
