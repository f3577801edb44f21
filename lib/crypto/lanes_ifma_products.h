/*
 * Products of eight numbers at once; private to lanes_ifma.c, which says how
 * they are found. What fills a half up to its room is left as it is.
 */
#ifndef FF_CRYPTO_LANES_IFMA_PRODUCTS_H
#define FF_CRYPTO_LANES_IFMA_PRODUCTS_H

#include <string.h>

#include "lib/crypto/lanes_ifma_reduce.h"

#define DIGITS_MAX ((size_t)80) /* of a half */
#define WORDS_MAX  (2 * DIGITS_MAX)

/* What b is: any number, a lower half whose upper one is 0, or a itself. */
enum factor { NUMBER, LOWER_HALF, SAME };

struct factors {
	const v8 *a;
	const v8 *b;
	enum factor kind; /* known where this is inlined */
};

/* Columns k..k+3 of the lower halves' product. */
INLINE struct columns
low_columns(const struct root *r, const struct factors *f, size_t k)
{
	if (f->kind == SAME)
		return columns_of_square(f->a, r->digits, k);
	return columns_of(zero_columns(), f->a, f->b, r->digits, k);
}

/* The same of the crosswise products' sum. */
INLINE struct columns
cross_columns(const struct root *r, const struct factors *f, size_t k)
{
	size_t n = r->digits;
	struct columns s =
	    columns_of(zero_columns(), f->a + r->room, f->b, n, k);

	if (f->kind == SAME)
		return twice(s);
	if (f->kind == NUMBER)
		return columns_of(s, f->a, f->b + r->room, n, k);
	return s;
}

INLINE struct columns
take_away(struct columns s, const v8 *q)
{
	s.l0 = _mm512_sub_epi64(s.l0, q[0]);
	s.l1 = _mm512_sub_epi64(s.l1, q[1]);
	s.l2 = _mm512_sub_epi64(s.l2, q[2]);
	s.l3 = _mm512_sub_epi64(s.l3, q[3]);
	return s;
}

/* The lower half alone, which is a product modulo n, and its digits q. */
INLINE void
multiply_low(const struct root *r, const struct factors *f, v8 *q, v8 *low)
{
	struct progress p = {q, _mm512_setzero_si512()};
	size_t n = r->digits, k;
	struct columns s;

	for (k = 0; k < n; k += 4) {
		s = slide(low_columns(r, f, k), q, r->n + k, k);
		reduce(r, &p, s, low, k);
	}
	for (; k < 2 * n; k += 4) {
		s = columns_of(low_columns(r, f, k), q, r->n, n, k);
		put(&p, s, low + (k - n));
	}
}

/* The upper half, which the lower one's digits q join. */
INLINE void
multiply_cross(
    const struct root *r, const struct factors *f, const v8 *q, v8 *upper)
{
	v8 cross_q[DIGITS_MAX];
	struct progress p = {cross_q, _mm512_setzero_si512()};
	size_t n = r->digits, k;
	struct columns s;

	for (k = 0; k < n; k += 4) {
		s = take_away(cross_columns(r, f, k), q + k);
		s = slide(s, cross_q, r->n + k, k);
		reduce(r, &p, s, upper, k);
	}
	for (; k < 2 * n; k += 4) {
		s = columns_of(cross_columns(r, f, k), cross_q, r->n, n, k);
		put(&p, s, upper + (k - n));
	}
}

INLINE void
multiply_both(const struct root *r, v8 *out, const struct factors *f)
{
	v8 q[DIGITS_MAX], low[DIGITS_MAX];

	multiply_low(r, f, q, low);
	multiply_cross(r, f, q, out + r->room);
	memcpy(out, low, r->digits * sizeof(*out));
}

/* out = a * b / R; out may be a or b. */
IFMA static void
multiply(const struct root *r, v8 *out, const v8 *a, const v8 *b)
{
	multiply_both(r, out, &(struct factors){a, b, NUMBER});
}

IFMA static void
multiply_same(const struct root *r, v8 *out, const v8 *a)
{
	multiply_both(r, out, &(struct factors){a, a, SAME});
}

/* The upper half of b need not be there. */
IFMA static void
multiply_by_low(const struct root *r, v8 *out, const v8 *a, const v8 *b)
{
	multiply_both(r, out, &(struct factors){a, b, LOWER_HALF});
}

/* Of lower halves alone. */
IFMA static void
multiply_plain(const struct root *r, v8 *out, const v8 *a, const v8 *b)
{
	v8 q[DIGITS_MAX], low[DIGITS_MAX];

	multiply_low(r, &(struct factors){a, b, NUMBER}, q, low);
	memcpy(out, low, r->digits * sizeof(*out));
}

IFMA static void
square_plain(const struct root *r, v8 *out, const v8 *a)
{
	v8 q[DIGITS_MAX], low[DIGITS_MAX];

	multiply_low(r, &(struct factors){a, a, SAME}, q, low);
	memcpy(out, low, r->digits * sizeof(*out));
}

#endif
