/*
 * Sums of ciphertexts by bin, and several such sums in one ciphertext, so
 * that one decryption tells them all. Results are those of paillier_add().
 */
#ifndef FF_CRYPTO_PAILLIER_BINS_H
#define FF_CRYPTO_PAILLIER_BINS_H

#include "lib/crypto/paillier.h"

struct paillier_bins;

/* Ciphertexts come in portions of at most `portion`. */
struct paillier_bins *paillier_bins_new(
    const struct paillier_public *pub, size_t n_bins, size_t portion);
void paillier_bins_free(struct paillier_bins *b);

/*
 * n ciphertexts; those of bin k are c[rows[i]], start[k] <= i < start[k + 1].
 * A ciphertext may be in many bins.
 */
void paillier_bins_add(struct paillier_bins *b, mpz_t *c, size_t n,
    const uint32_t *rows, const size_t *start);

/*
 * out[g] = [[sum of s_k * 2^(width * slot)]] over the bins k that are the
 * slots 0 .. slots - 1 of g: see paillier_bins_place(). Sums are to be below
 * 2^width, width * slots within paillier_headroom(). Not random: rerandomise
 * before it leaves. It may be called once.
 */
void paillier_bins_pack(
    struct paillier_bins *b, unsigned width, size_t slots, mpz_t *out);

/* How many ciphertexts n_bins take. */
size_t paillier_bins_packed(size_t n_bins, size_t slots);

/* Which of n_packed ciphertexts holds a bin, and where in it. */
struct paillier_bins_place {
	size_t packed;
	size_t slot;
};
struct paillier_bins_place paillier_bins_place(size_t bin, size_t n_packed);

#endif
