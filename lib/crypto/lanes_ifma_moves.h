/*
 * Numbers into the lanes of vectors and back; private to lanes_ifma.c. All of
 * it is inlined into there.
 */
#ifndef FF_CRYPTO_LANES_IFMA_MOVES_H
#define FF_CRYPTO_LANES_IFMA_MOVES_H

#include "lib/crypto/lanes.h"
#include "lib/crypto/lanes_ifma_columns.h"

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

/* Of so many words, those of the vector at j that are there. */
INLINE __mmask8
present(size_t words, size_t j)
{
	size_t n = words - j;

	return (__mmask8)(n < LANES ? (1U << n) - 1 : 0xffU);
}

/* As many words of each: a number's stride, or the digits of a half. */
INLINE void
gather(v8 *to, const uint64_t *const from[LANES], size_t words)
{
	v8 r[LANES];
	__mmask8 some;

	for (size_t j = 0; j < words; j += LANES) {
		some = present(words, j);
		for (size_t i = 0; i < LANES; i++)
			r[i] = _mm512_maskz_loadu_epi64(some, from[i] + j);
		transpose(r);
		for (size_t i = 0; i < LANES; i++)
			to[j + i] = r[i];
	}
}

INLINE void
scatter(uint64_t *const to[LANES], const v8 *from, size_t words)
{
	v8 r[LANES];
	__mmask8 some;

	for (size_t j = 0; j < words; j += LANES) {
		some = present(words, j);
		for (size_t i = 0; i < LANES; i++)
			r[i] = from[j + i];
		transpose(r);
		for (size_t i = 0; i < LANES; i++)
			if (to[i])
				_mm512_mask_storeu_epi64(to[i] + j, some, r[i]);
	}
}

/* A number, or the lower half of one whose upper half is 0. */
INLINE void
lane_put(const struct lanes *ls, v8 *acc, size_t lane, const uint64_t *from,
    size_t n_words)
{
	uint64_t *words = (uint64_t *)acc + lane;

	for (size_t j = 0; j < n_words; j++)
		words[j * LANES] = from[j];
	for (size_t j = n_words; j < ls->stride; j++)
		words[j * LANES] = 0;
}

INLINE void
lane_get(const struct lanes *ls, uint64_t *to, const v8 *acc, size_t lane)
{
	const uint64_t *words = (const uint64_t *)acc + lane;

	for (size_t j = 0; j < ls->stride; j++)
		to[j] = words[j * LANES];
}

#endif
