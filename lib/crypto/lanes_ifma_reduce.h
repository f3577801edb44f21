/*
 * What becomes of four columns once all their products are added up; private
 * to lanes_ifma.c, which says how. All of it is inlined into there.
 */
#ifndef FF_CRYPTO_LANES_IFMA_REDUCE_H
#define FF_CRYPTO_LANES_IFMA_REDUCE_H

#include "lib/crypto/lanes_ifma_columns.h"

struct root {
	const v8 *n;
	v8 n_inv;
	size_t digits; /* even */
	size_t room;   /* the next multiple of 4; words beyond are 0 */
};

/* How far a reduction has come. */
struct progress {
	v8 *q;	  /* the digits, with room for a multiple of 4 */
	v8 carry; /* into the next column */
};

/* The carry from column c into the next. */
#define CARRY(c) _mm512_add_epi64(_mm512_srai_epi64(s.l##c, DIGIT_BITS), s.h##c)

/* The digit that clears column c. */
#define CLEAR(c)                                                   \
	do {                                                       \
		s.l##c = _mm512_add_epi64(s.l##c, carry);          \
		q[c] = _mm512_madd52lo_epu64(zero, s.l##c, n_inv); \
		ADD(c, q[c], n[0]);                                \
		carry = CARRY(c);                                  \
	} while (0)

/* A word of the result out of column c. */
#define PUT(c, word)                                      \
	do {                                              \
		s.l##c = _mm512_add_epi64(s.l##c, carry); \
		(word) = _mm512_and_si512(s.l##c, mask);  \
		carry = CARRY(c);                         \
	} while (0)

/*
 * Columns k..k+3 of the lower half, which hold q's multiples up to q[k - 1]:
 * the digits from q[k] on. Where their number is no multiple of 4, the last
 * two columns are words of the result already, which begins at out.
 */
INLINE void
reduce(const struct root *r, struct progress *p, struct columns s, v8 *out,
    size_t k)
{
	const v8 zero = _mm512_setzero_si512(), n_inv = r->n_inv;
	const v8 mask = _mm512_set1_epi64((long long)MASK);
	const v8 *n = r->n;
	v8 *q = p->q + k, carry = p->carry;

	CLEAR(0);
	ADD(1, q[0], n[1]);
	ADD(2, q[0], n[2]);
	ADD(3, q[0], n[3]);
	CLEAR(1);
	ADD(2, q[1], n[1]);
	ADD(3, q[1], n[2]);
	if (k + 4 <= r->digits) {
		CLEAR(2);
		ADD(3, q[2], n[1]);
		CLEAR(3);
	} else {
		q[2] = q[3] = zero;
		PUT(2, out[0]);
		PUT(3, out[1]);
	}
	p->carry = carry;
}

/* Columns of the upper half, with all of q's multiples: four words. */
INLINE void
put(struct progress *p, struct columns s, v8 *out)
{
	const v8 mask = _mm512_set1_epi64((long long)MASK);
	v8 carry = p->carry;

	PUT(0, out[0]);
	PUT(1, out[1]);
	PUT(2, out[2]);
	PUT(3, out[3]);
	p->carry = carry;
}

#endif
