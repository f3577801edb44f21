/* Private to rsa_*.c: the secret key. */
#ifndef FF_CRYPTO_RSA_PRIVATE_H
#define FF_CRYPTO_RSA_PRIVATE_H

#include <stdbool.h>

#include "lib/crypto/rsa_blind.h"

struct rsa_secret {
	struct rsa_public pub;
	mpz_t d;      /* 0: the key was made here, p and q say all */
	mpz_t p, q;   /* 0: not known, d is used as it is */
	mpz_t dp, dq; /* d mod p-1, d mod q-1 */
	mpz_t q_inv;  /* q^-1 mod p */
	struct lanes_powers *powers; /* by dp and dq; NULL without p, q */
};

/* All numbers 0. */
struct rsa_secret *rsa_secret_new(void);
/*
 * From p, q and pub.e all else but d; d, unless it is 0, must be what e asks
 * for. False leaves p and q 0. Once.
 */
bool rsa_derive(struct rsa_secret *s);

#endif
