/*
 * A portion of ciphertexts as sums of products want them; private to
 * lib/crypto.
 *
 * Let X = X0 + X1 n be a ciphertext in Montgomery's form, c R, and V = V0 +
 * V1 n its inverse, R / c, both modulo n^2. Modulo n^2 is X = X0 (1 + n h) with
 * h = X1 / X0 modulo n, and V = V0 (1 + n g) with g = V1 / V0. So a product of
 * powers of them is that of their lower halves, times 1 + n (the sum of h and
 * g, each as often as its number was taken): (1 + na)(1 + nb) = 1 + n(a + b).
 * Products by a lower half alone are a fifth cheaper, and the sums are cheap.
 *
 * X V = R^2 gives 1 / X0 = V0 / R^2 modulo n, and so h R = X1 V0 / R: one
 * product in Montgomery's form, and the same with X and V exchanged. Upper
 * halves are replaced by these, h R and g R.
 */
#ifndef FF_CRYPTO_PAILLIER_ROWS_H
#define FF_CRYPTO_PAILLIER_ROWS_H

#include "lib/crypto/paillier_many.h"
#include "lib/crypto/paillier_private.h"

struct paillier_rows {
	struct lanes *ls;
	const struct paillier_public *pub;
	size_t portion;
	/* 2 * portion: X0, h R of each row; then V0, g R from `portion` on */
	uint64_t *numbers;
	uint64_t *prefix; /* portion + LANES */
	mpz_t x[LANES];
	mpz_t left;
};

/* How often rows were taken, and their inverses. */
struct paillier_weights {
	struct lanes_weight *w; /* 2 * portion */
	size_t n;
	uint32_t portion;
};

struct paillier_weights *paillier_weights_new(size_t portion);
void paillier_weights_free(struct paillier_weights *w);
void paillier_weights_begin(struct paillier_weights *w);
void paillier_weights_add(
    struct paillier_weights *w, uint32_t row, uint64_t times, uint64_t inverse);

/* upper += the sum of h R and g R, each as often as its number was taken. */
void paillier_rows_weigh(
    struct paillier_rows *r, const struct paillier_weights *w, mpz_t upper);

#endif
