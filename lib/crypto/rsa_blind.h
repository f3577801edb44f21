/*
 * Blind RSA signatures on hashed ids (D. Chaum, 1982; the intersection
 * protocol is that of De Cristofaro and Tsudik, FC 2010): the host holds d;
 * the guest learns H(id)^d mod n for its own ids without showing them.
 *
 * Numbers go over the wire as big-endian of the modulus's width. One thread.
 */
#ifndef FF_CRYPTO_RSA_BLIND_H
#define FF_CRYPTO_RSA_BLIND_H

#include <gmp.h>
#include <stdint.h>

#include "lib/base/digest.h"

#define RSA_BLIND_BITS	   1024 /* FATE's */
#define RSA_BLIND_BITS_MIN 1024
#define RSA_BLIND_BITS_MAX 4096
#define RSA_GIVEN_BITS_MAX 16384 /* of rsa_secret_parse() */

struct rsa_public {
	size_t width; /* bytes of a number on the wire */
	mpz_t n;
	mpz_t e;
};

struct rsa_secret;

/* A fresh key with e = 65537. Freeing wipes it. */
struct rsa_secret *rsa_generate(unsigned bits);

/* A key that somebody else made, in decimal digits. */
struct rsa_given {
	const char *n, *e, *d;
};

/*
 * ERR_INVALID names what is wrong by rsa_key_n, rsa_key_e or rsa_key_d and
 * shows nothing of d; whether d belongs to e is found out by trying.
 */
enum err rsa_secret_parse(
    const struct rsa_given *given, struct rsa_secret **out, struct buf *err);
/*
 * The digits of n, e and d, as rsa_secret_parse() takes them, into emptied
 * buffers; the last is the caller's to wipe.
 */
void rsa_secret_print(
    const struct rsa_secret *s, struct buf *n, struct buf *e, struct buf *d);
const struct rsa_public *rsa_public_of(const struct rsa_secret *s);
void rsa_secret_free(struct rsa_secret *s);

/* From hex; ERR_INVALID for what cannot be a key. End with rsa_public_clear. */
enum err rsa_public_parse(struct rsa_public *pub, const char *n_hex,
    const char *e_hex, struct buf *err);
void rsa_public_clear(struct rsa_public *pub);

/* H(id): SHA-256 as an integer. */
void rsa_hash_id(mpz_t out, const void *id, size_t len);

/*
 * x^d mod n by CRT (of a given key: when n is a product of two primes),
 * exponentiation in constant time.
 */
void rsa_sign(const struct rsa_secret *s, mpz_t out, const mpz_t x);
/*
 * The same in place for n numbers of [0, n): four at once where the vector
 * kernel is (see lib/crypto/lanes.h), which is six times as fast.
 */
void rsa_sign_many(const struct rsa_secret *s, mpz_t *x, size_t n);

/*
 * r^e * h mod n; the caller keeps r, uniform among the invertible numbers
 * below n. A shorter r would hide nothing: the host computes the result to
 * the power d, which is r * h^d, divides by h^d of every id that it can think
 * of, and sees a short number for the right one.
 */
void
rsa_blind(const struct rsa_public *pub, const mpz_t h, mpz_t r_out, mpz_t out);

/* signed / r mod n */
void rsa_unblind(
    const struct rsa_public *pub, const mpz_t r, const mpz_t s, mpz_t out);

/* SHA-256 over the number in its width: what both sides compare. */
void rsa_digest(const struct rsa_public *pub, const mpz_t s,
    uint8_t out[DIGEST_SHA256_LEN]);

/* To and from the wire. rsa_read refuses 0 and numbers from n on. */
void rsa_write(const struct rsa_public *pub, const mpz_t x, uint8_t *out);
enum err rsa_read(const struct rsa_public *pub, const uint8_t *in, mpz_t out,
    struct buf *err);

#endif
