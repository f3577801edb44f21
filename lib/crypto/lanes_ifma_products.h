/*
 * Products of eight numbers at once; private to lanes_ifma.c, which says how
 * they are found. What fills a half up to its room is left as it is.
 */
#ifndef FF_CRYPTO_LANES_IFMA_PRODUCTS_H
#define FF_CRYPTO_LANES_IFMA_PRODUCTS_H

#include <string.h>

#include "lib/crypto/lanes_ifma_columns.h"

#define DIGITS_MAX ((size_t)80) /* of a half */
#define WORDS_MAX  (2 * DIGITS_MAX)

struct root {
	const v8 *n;
	v8 n_inv;
	size_t digits; /* even */
	size_t room;   /* the next multiple of 4; words beyond are 0 */
};

/* The upper half of what is reduced: columns that q's multiples join. */
#define UPPER(s, q, root, k) columns_of((s), (q), (root)->n, (root)->digits, k)

INLINE struct columns
take_away(struct columns s, const v8 *q)
{
	s.l0 = _mm512_sub_epi64(s.l0, q[0]);
	s.l1 = _mm512_sub_epi64(s.l1, q[1]);
	s.l2 = _mm512_sub_epi64(s.l2, q[2]);
	s.l3 = _mm512_sub_epi64(s.l3, q[3]);
	return s;
}

/* Four columns from k on: digits of q, and what of the result begins there. */
INLINE v8
step(const struct root *r, struct columns s, v8 *q, v8 *out, size_t k, v8 carry)
{
	if (k + 4 <= r->digits)
		return reduce(s, q, r->n, r->n_inv, carry);
	return reduce_and_put(s, q, out, r->n, r->n_inv, carry);
}

/* The lower half alone, which is a product modulo n, and its digits q. */
INLINE void
multiply_low(const struct root *r, v8 *q, v8 *low, const v8 *a, const v8 *b)
{
	v8 carry = _mm512_setzero_si512();
	size_t n = r->digits, k;
	struct columns s;

	for (k = 0; k < n; k += 4) {
		s = columns_of(zero_columns(), a, b, n, k);
		s = slide(s, q, r->n + k, k);
		carry = step(r, s, q + k, low, k, carry);
	}
	for (; k < 2 * n; k += 4) {
		s = columns_of(zero_columns(), a, b, n, k);
		carry = put(UPPER(s, q, r, k), low + (k - n), carry);
	}
}

INLINE void
square_low(const struct root *r, v8 *q, v8 *low, const v8 *a)
{
	v8 carry = _mm512_setzero_si512();
	size_t n = r->digits, k;
	struct columns s;

	for (k = 0; k < n; k += 4) {
		s = slide(columns_of_square(a, n, k), q, r->n + k, k);
		carry = step(r, s, q + k, low, k, carry);
	}
	for (; k < 2 * n; k += 4) {
		s = columns_of_square(a, n, k);
		carry = put(UPPER(s, q, r, k), low + (k - n), carry);
	}
}

/* out = a * b / R; out may be a or b. */
IFMA static void
multiply(const struct root *r, v8 *out, const v8 *a, const v8 *b)
{
	v8 q[DIGITS_MAX], cross_q[DIGITS_MAX], low[DIGITS_MAX];
	v8 carry = _mm512_setzero_si512();
	size_t n = r->digits, k;
	const v8 *above = a + r->room;
	struct columns s;

	multiply_low(r, q, low, a, b);
	for (k = 0; k < n; k += 4) {
		s = columns_of(zero_columns(), a, b + r->room, n, k);
		s = columns_of(s, above, b, n, k);
		s = slide(take_away(s, q + k), cross_q, r->n + k, k);
		carry = step(r, s, cross_q + k, out + r->room, k, carry);
	}
	for (; k < 2 * n; k += 4) {
		s = columns_of(zero_columns(), a, b + r->room, n, k);
		s = columns_of(s, above, b, n, k);
		carry = put(
		    UPPER(s, cross_q, r, k), out + r->room + (k - n), carry);
	}
	memcpy(out, low, n * sizeof(*out));
}

IFMA static void
multiply_same(const struct root *r, v8 *out, const v8 *a)
{
	v8 q[DIGITS_MAX], cross_q[DIGITS_MAX], low[DIGITS_MAX];
	v8 carry = _mm512_setzero_si512();
	size_t n = r->digits, k;
	const v8 *above = a + r->room;
	struct columns s;

	square_low(r, q, low, a);
	for (k = 0; k < n; k += 4) {
		s = twice(columns_of(zero_columns(), a, above, n, k));
		s = slide(take_away(s, q + k), cross_q, r->n + k, k);
		carry = step(r, s, cross_q + k, out + r->room, k, carry);
	}
	for (; k < 2 * n; k += 4) {
		s = twice(columns_of(zero_columns(), a, above, n, k));
		carry = put(
		    UPPER(s, cross_q, r, k), out + r->room + (k - n), carry);
	}
	memcpy(out, low, n * sizeof(*out));
}

/* The same of a b whose upper half is 0 and not there. */
IFMA static void
multiply_by_low(const struct root *r, v8 *out, const v8 *a, const v8 *b)
{
	v8 q[DIGITS_MAX], cross_q[DIGITS_MAX], low[DIGITS_MAX];
	v8 carry = _mm512_setzero_si512();
	size_t n = r->digits, k;
	const v8 *above = a + r->room;
	struct columns s;

	multiply_low(r, q, low, a, b);
	for (k = 0; k < n; k += 4) {
		s = columns_of(zero_columns(), above, b, n, k);
		s = slide(take_away(s, q + k), cross_q, r->n + k, k);
		carry = step(r, s, cross_q + k, out + r->room, k, carry);
	}
	for (; k < 2 * n; k += 4) {
		s = columns_of(zero_columns(), above, b, n, k);
		carry = put(
		    UPPER(s, cross_q, r, k), out + r->room + (k - n), carry);
	}
	memcpy(out, low, n * sizeof(*out));
}

IFMA static void
multiply_plain(const struct root *r, v8 *out, const v8 *a, const v8 *b)
{
	v8 q[DIGITS_MAX], low[DIGITS_MAX];

	multiply_low(r, q, low, a, b);
	memcpy(out, low, r->digits * sizeof(*out));
}

IFMA static void
square_plain(const struct root *r, v8 *out, const v8 *a)
{
	v8 q[DIGITS_MAX], low[DIGITS_MAX];

	square_low(r, q, low, a);
	memcpy(out, low, r->digits * sizeof(*out));
}

#endif
