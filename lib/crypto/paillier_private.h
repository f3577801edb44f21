/* What the files of Paillier share; nobody else includes it. */
#ifndef FF_CRYPTO_PAILLIER_PRIVATE_H
#define FF_CRYPTO_PAILLIER_PRIVATE_H

#include "lib/crypto/fixed_base.h"
#include "lib/crypto/paillier.h"

#define PAILLIER_BLOCK ((size_t)256) /* numbers worked on at a time */

/*
 * What work under a key needs besides the key, made when first asked for.
 * Masks made ahead lie in `ready`: R^2 times r^n, so that two products,
 * by a number and by a mask, leave Montgomery's form.
 */
struct paillier_work {
	struct lanes ls; /* modulo n^2 */
	struct fixed_base *base;
	size_t mask_len; /* bytes of an exponent */
	size_t expected; /* masks, see paillier_masks_expected() */
	unsigned char *exponents;
	uint64_t *ready;
	size_t n_ready;
	size_t room;
	uint64_t *a; /* PAILLIER_BLOCK numbers each */
	uint64_t *b;
	mpz_t one; /* the halves of 1 + nm */
	mpz_t hi;
};

struct paillier_work *paillier_work_of(const struct paillier_public *pub);
void paillier_work_free(struct paillier_work *w);

/* ERR_INVALID when |m| > n/3. */
enum err paillier_check_plain(
    const struct paillier_public *pub, const mpz_t m, struct buf *err);

/* In (0, n^2) and no multiple of n? */
bool paillier_is_ciphertext(const struct paillier_public *pub, const mpz_t c);

/* What decryption needs of one prime. */
struct paillier_half {
	mpz_t p;
	mpz_t p2;
	mpz_t p_1; /* p - 1 */
	mpz_t h;   /* (L(g^(p-1) mod p^2))^-1 mod p */
};

struct paillier_secret {
	struct paillier_public pub;
	struct paillier_half p;
	struct paillier_half q;
	mpz_t p_inv;		     /* p^-1 mod q */
	mpz_t x[LANES];		     /* scratch, wiped with the key */
	struct lanes_powers *powers; /* p, p, p, p, q, q, q, q; may be NULL */
};

#endif
