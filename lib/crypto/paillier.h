/*
 * Paillier's additively homomorphic encryption (P. Paillier, EUROCRYPT 1999)
 * with g = n + 1: c = (1 + n*m) * r^n mod n^2. Decryption by the Chinese
 * remainder theorem as in section 7 of that paper.
 *
 * Plaintexts are signed integers, |m| <= n/3; larger ones are refused, and
 * so is a decryption that lands between n/3 and 2n/3, which only an overflow
 * can give. Ciphertexts are mpz_t in (0, n^2).
 *
 * A result of add, multiply or sum is as random as its inputs: whoever knows
 * those can divide them out. Call paillier_rerandomise() before a ciphertext
 * leaves for anybody. One thread per key object.
 */
#ifndef FF_CRYPTO_PAILLIER_H
#define FF_CRYPTO_PAILLIER_H

#include <gmp.h>
#include <stdint.h>

#include "lib/base/buf.h"

#define PAILLIER_BITS_MIN 1024
#define PAILLIER_BITS_MAX 4096

/*
 * Bits of the exponent of a mask, see paillier_mask(): at least twice the
 * strength wanted, so 320 leaves a margin over 128-bit security. The least
 * is that of 112 bits. This is the default; a task sets federation.mask_bits
 * for each key by paillier_set_mask_bits().
 */
#define PAILLIER_MASK_BITS     320
#define PAILLIER_MASK_BITS_MIN 224

struct paillier_work;

struct paillier_public {
	unsigned bits; /* of n */
	size_t width;  /* bytes of a ciphertext on the wire */
	mpz_t n;
	mpz_t n2;
	mpz_t max;		     /* n/3, the largest plaintext */
	unsigned mask_bits;	     /* of an exponent */
	struct paillier_work **work; /* made when first needed */
};

struct paillier_secret;

/*
 * A fresh key pair of 1024 to 4096 bits, a multiple of 2: p and q of equal
 * size from the operating system's randomness. Freeing wipes it.
 */
enum err
paillier_generate(unsigned bits, struct paillier_secret **out, struct buf *err);
const struct paillier_public *
paillier_public_of(const struct paillier_secret *secret);
void paillier_secret_free(struct paillier_secret *secret);

/* The public key from n in hex; ERR_INVALID for what cannot be one. */
enum err paillier_public_parse(
    const char *hex, struct paillier_public **out, struct buf *err);
void paillier_public_free(struct paillier_public *pub);
/* Appends n in hex. */
void paillier_public_print(const struct paillier_public *pub, struct buf *out);

/* How many bits |m| may have: every m below 2^that is legal. */
unsigned paillier_headroom(const struct paillier_public *pub);

/* Before the key's first use; a multiple of 8 from the least to its bits. */
void paillier_set_mask_bits(struct paillier_public *pub, unsigned bits);

/*
 * r^n mod n^2 for a fresh r: what makes one ciphertext random. r is x^a mod n
 * with x drawn once per key object and kept secret, and a fresh exponent a of
 * mask_bits: a power of the fixed base x^n, 20 times cheaper than
 * r^n of a full-size r (I. Damgard, M. Jurik, J. Nielsen, "A generalization
 * of Paillier's public-key system", Int. J. Inf. Secur. 9, 2010, section 4,
 * who take |n|/2 bits). The assumption beyond Paillier's own: such a power
 * with a short exponent cannot be told from one with a long one (the short
 * exponent assumption, as for Diffie-Hellman). LIMIT: the table look-ups
 * depend on a, so whoever can watch this process's cache learns about a.
 */
void paillier_mask(const struct paillier_public *pub, mpz_t out);

/* ERR_INVALID when |m| > n/3. out and m may be the same. */
enum err paillier_encrypt(const struct paillier_public *pub, mpz_t out,
    const mpz_t m, struct buf *err);
/* ERR_INVALID: no ciphertext of this key, or the plaintext overflowed. */
enum err paillier_decrypt(const struct paillier_secret *secret, mpz_t out,
    const mpz_t c, struct buf *err);

/* [[a + b]]; [[a + m]]; [[a * k]]. Outputs may be inputs. */
void paillier_add(
    const struct paillier_public *pub, mpz_t out, const mpz_t a, const mpz_t b);
enum err paillier_add_plain(const struct paillier_public *pub, mpz_t out,
    const mpz_t a, const mpz_t m, struct buf *err);
/* k may be negative: the ciphertext is inverted once. */
enum err paillier_mul(const struct paillier_public *pub, mpz_t out,
    const mpz_t a, const mpz_t k, struct buf *err);
void paillier_rerandomise(const struct paillier_public *pub, mpz_t c);

/* Appends `width` big-endian bytes; reads them with a check of the range. */
void
paillier_put(const struct paillier_public *pub, const mpz_t c, struct buf *out);
enum err paillier_get(const struct paillier_public *pub, const void *bytes,
    mpz_t out, struct buf *err);

#endif
