/*
 * Paillier on many numbers at a time, which is several times faster than one
 * by one (lanes.h); results are the same. What of it is constant-time is said
 * there and at paillier_mask(); decryption is, as far as GMP is.
 */
#ifndef FF_CRYPTO_PAILLIER_MANY_H
#define FF_CRYPTO_PAILLIER_MANY_H

#include "lib/crypto/paillier.h"

#define PAILLIER_AHEAD_MAX ((size_t)4096)

/*
 * About so many masks will be asked for in all. Before the first of them it
 * spares making the table of their powers several times, wider each time.
 */
void paillier_masks_expected(const struct paillier_public *pub, size_t n);

/*
 * Makes masks until n (at most PAILLIER_AHEAD_MAX) wait for use: for when
 * there is nothing to do but wait for a message.
 */
void paillier_masks_ahead(const struct paillier_public *pub, size_t n);

/* c[i] becomes [[c[i]]]; ERR_INVALID when one exceeds n/3. */
enum err paillier_encrypt_many(
    const struct paillier_public *pub, mpz_t *c, size_t n, struct buf *err);
/* c[i] becomes [[c[i] + m[i]]], made random afresh. */
enum err paillier_add_blind_many(const struct paillier_public *pub, mpz_t *c,
    mpz_t *m, size_t n, struct buf *err);
void paillier_rerandomise_many(
    const struct paillier_public *pub, mpz_t *c, size_t n);
/* a[i] becomes [[a[i] + b[i]]], not made random. */
void paillier_add_many(
    const struct paillier_public *pub, mpz_t *a, mpz_t *b, size_t n);
/*
 * c[i] becomes [[c[i] * k[i]]], not made random: rerandomise before it leaves.
 * ERR_INVALID when a k[i] is below 0. How long it takes tells the length of
 * the longest of PAILLIER_POWERS k, not their digits.
 */
#define PAILLIER_POWERS ((size_t)64)
enum err paillier_mul_many(const struct paillier_public *pub, mpz_t *c,
    mpz_t *k, size_t n, struct buf *err);
/* c[i] becomes its plaintext; errors as of paillier_decrypt(). */
enum err paillier_decrypt_many(
    const struct paillier_secret *secret, mpz_t *c, size_t n, struct buf *err);

/*
 * Ciphertexts made ready for sums, which takes long: once for all the sums
 * that they go into. At most `portion` of them.
 */
struct paillier_rows;
struct paillier_rows *
paillier_rows_new(const struct paillier_public *pub, size_t portion);
void paillier_rows_free(struct paillier_rows *r);
/* Those before are forgotten; ERR_INVALID when one has no inverse. */
enum err
paillier_rows_set(struct paillier_rows *r, mpz_t *c, size_t n, struct buf *err);

/*
 * Sums of products x_i * [[m_i]] for several columns x over the same
 * ciphertexts, which are added in portions of at most `portion` rows.
 */
struct paillier_sums;

struct paillier_sums_size {
	size_t columns;
	size_t rows; /* in all, about: what the method is tuned for */
	size_t portion;
	unsigned x_bits; /* |x| < 2^x_bits, at most 62 */
};

/* A column's part: x[i] belongs to c[rows[i] - base], rows NULL means c[i]. */
struct paillier_factors {
	const int64_t *x; /* NULL: each is 1 */
	const uint32_t *rows;
	uint32_t base;
	size_t n;
};

struct paillier_sums *paillier_sums_new(
    const struct paillier_public *pub, const struct paillier_sums_size *size);
void paillier_sums_free(struct paillier_sums *s);
/* One portion: n ciphertexts, and `columns` factors. */
enum err paillier_sums_add(struct paillier_sums *s, mpz_t *c, size_t n,
    const struct paillier_factors *columns, struct buf *err);
/* The same of rows that are there, for portions of the same length. */
void paillier_sums_add_rows(struct paillier_sums *s, struct paillier_rows *rows,
    const struct paillier_factors *columns);
/*
 * out[j] = [[sum * 2^shift[j]]] of column j, and all starts anew. Not
 * random: rerandomise before it leaves. An empty sum is 1, a bare [[0]].
 */
void paillier_sums_finish(
    struct paillier_sums *s, mpz_t *out, const unsigned *shift);

#endif
