/*
 * Keys, and the homomorphic operations one by one. Masks and many at a time
 * are in paillier_mask.c, paillier_decrypt.c and paillier_sums.c.
 *
 * p and q of equal length make gcd(n, (p-1)(q-1)) = 1 certain.
 *
 * LIMIT: GMP's own temporaries are freed without being wiped.
 */
#include "lib/crypto/paillier.h"

#include "lib/base/mem.h"
#include "lib/crypto/paillier_private.h"
#include "lib/crypto/random.h"

#include <assert.h>
#include <endian.h>
#include <stdbool.h>
#include <string.h>

/* GMP runs a Baillie-PSW test and the rest as Miller-Rabin rounds. */
#define PRIME_ROUNDS 64

static void
public_init(struct paillier_public *pub, const mpz_t n)
{
	mpz_init_set(pub->n, n);
	mpz_init(pub->n2);
	mpz_init(pub->max);
	mpz_mul(pub->n2, n, n);
	mpz_tdiv_q_ui(pub->max, n, 3);
	pub->bits = (unsigned)mpz_sizeinbase(n, 2);
	pub->width = (mpz_sizeinbase(pub->n2, 2) + 7) / 8;
	pub->mask_bits = PAILLIER_MASK_BITS;
	pub->work = xcalloc(1, sizeof(*pub->work));
}

static void
public_clear(struct paillier_public *pub)
{
	mpz_clears(pub->n, pub->n2, pub->max, NULL);
	paillier_work_free(*pub->work);
	free(pub->work);
}

static void
random_prime(mpz_t out, unsigned bits)
{
	do {
		random_bits(out, bits);
		/* two top bits, so that the product has its full length */
		mpz_setbit(out, bits - 1);
		mpz_setbit(out, bits - 2);
		mpz_setbit(out, 0);
	} while (!mpz_probab_prime_p(out, PRIME_ROUNDS));
}

static void
half_init(struct paillier_half *h)
{
	mpz_inits(h->p, h->p2, h->p_1, h->h, NULL);
}

static void
half_finish(struct paillier_half *h, const mpz_t other)
{
	mpz_mul(h->p2, h->p, h->p);
	mpz_sub_ui(h->p_1, h->p, 1);
	/* g = 1 + pq gives L(g^(p-1) mod p^2) = (p-1) q = -q mod p */
	mpz_neg(h->h, other);
	mpz_mod(h->h, h->h, h->p);
	mpz_invert(h->h, h->h, h->p);
}

static void
half_wipe(struct paillier_half *h)
{
	random_wipe(h->p);
	random_wipe(h->p2);
	random_wipe(h->p_1);
	random_wipe(h->h);
}

enum err
paillier_generate(unsigned bits, struct paillier_secret **out, struct buf *err)
{
	struct paillier_secret *s;
	mpz_t n;

	if (bits < PAILLIER_BITS_MIN || bits > PAILLIER_BITS_MAX || bits % 2)
		return err_set(err, ERR_INVALID,
		    "key_length is %u, expected an even number from %d to %d",
		    bits, PAILLIER_BITS_MIN, PAILLIER_BITS_MAX);
	s = xcalloc(1, sizeof(*s));
	half_init(&s->p);
	half_init(&s->q);
	mpz_inits(s->p_inv, n, NULL);
	for (size_t i = 0; i < LANES; i++)
		mpz_init(s->x[i]);
	random_prime(s->p.p, bits / 2);
	do
		random_prime(s->q.p, bits / 2);
	while (mpz_cmp(s->p.p, s->q.p) == 0);
	mpz_mul(n, s->p.p, s->q.p);
	public_init(&s->pub, n);
	half_finish(&s->p, s->q.p);
	half_finish(&s->q, s->p.p);
	mpz_invert(s->p_inv, s->p.p, s->q.p);
	mpz_clear(n);
	*out = s;
	return ERR_OK;
}

const struct paillier_public *
paillier_public_of(const struct paillier_secret *secret)
{
	return &secret->pub;
}

void
paillier_secret_free(struct paillier_secret *secret)
{
	if (!secret)
		return;
	half_wipe(&secret->p);
	half_wipe(&secret->q);
	random_wipe(secret->p_inv);
	for (size_t i = 0; i < LANES; i++)
		random_wipe(secret->x[i]);
	lanes_powers_free(secret->powers);
	public_clear(&secret->pub);
	free(secret);
}

enum err
paillier_public_parse(
    const char *hex, struct paillier_public **out, struct buf *err)
{
	struct paillier_public *pub = NULL;
	size_t bits;
	enum err rc = ERR_INVALID;
	mpz_t n;

	mpz_init(n);
	if (strlen(hex) > PAILLIER_BITS_MAX / 4 || mpz_set_str(n, hex, 16) ||
	    mpz_sgn(n) <= 0) {
		err_set(err, rc, "the public key is no hexadecimal number");
		goto out;
	}
	bits = mpz_sizeinbase(n, 2);
	if (bits < PAILLIER_BITS_MIN || mpz_even_p(n)) {
		err_set(err, rc,
		    "the public key has %zu bits, expected an odd number of "
		    "%d to %d bits",
		    bits, PAILLIER_BITS_MIN, PAILLIER_BITS_MAX);
		goto out;
	}
	pub = xcalloc(1, sizeof(*pub));
	public_init(pub, n);
	*out = pub;
	rc = ERR_OK;
out:
	mpz_clear(n);
	return rc;
}

void
paillier_public_free(struct paillier_public *pub)
{
	if (!pub)
		return;
	public_clear(pub);
	free(pub);
}

void
paillier_public_print(const struct paillier_public *pub, struct buf *out)
{
	char *hex = xmalloc(mpz_sizeinbase(pub->n, 16) + 2);

	mpz_get_str(hex, 16, pub->n);
	buf_adds(out, hex);
	free(hex);
}

unsigned
paillier_headroom(const struct paillier_public *pub)
{
	return (unsigned)mpz_sizeinbase(pub->max, 2) - 1;
}

void
paillier_set_mask_bits(struct paillier_public *pub, unsigned bits)
{
	assert(!*pub->work && bits >= PAILLIER_MASK_BITS_MIN && bits % 8 == 0 &&
	       bits <= pub->bits);
	pub->mask_bits = bits;
}

enum err
paillier_check_plain(
    const struct paillier_public *pub, const mpz_t m, struct buf *err)
{
	if (mpz_cmpabs(m, pub->max) <= 0)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "a plaintext of %zu bits exceeds the headroom of a key of %u bits "
	    "(n/3)",
	    mpz_sizeinbase(m, 2), pub->bits);
}

/* out = 1 + n*m mod n^2, not yet random. */
static enum err
lift(const struct paillier_public *pub, mpz_t out, const mpz_t m,
    struct buf *err)
{
	enum err rc = paillier_check_plain(pub, m, err);

	if (rc)
		return rc;
	mpz_mul(out, m, pub->n);
	mpz_add_ui(out, out, 1);
	/* |nm| < n^2 */
	if (mpz_sgn(out) < 0)
		mpz_add(out, out, pub->n2);
	return ERR_OK;
}

enum err
paillier_encrypt(const struct paillier_public *pub, mpz_t out, const mpz_t m,
    struct buf *err)
{
	enum err rc = lift(pub, out, m, err);

	if (!rc)
		paillier_rerandomise(pub, out);
	return rc;
}

bool
paillier_is_ciphertext(const struct paillier_public *pub, const mpz_t c)
{
	return mpz_sgn(c) > 0 && mpz_cmp(c, pub->n2) < 0 &&
	       !mpz_divisible_p(c, pub->n);
}

void
paillier_add(
    const struct paillier_public *pub, mpz_t out, const mpz_t a, const mpz_t b)
{
	mpz_mul(out, a, b);
	mpz_mod(out, out, pub->n2);
}

enum err
paillier_add_plain(const struct paillier_public *pub, mpz_t out, const mpz_t a,
    const mpz_t m, struct buf *err)
{
	mpz_t lifted;
	enum err rc;

	mpz_init(lifted);
	rc = lift(pub, lifted, m, err);
	if (!rc)
		paillier_add(pub, out, a, lifted);
	mpz_clear(lifted);
	return rc;
}

enum err
paillier_mul(const struct paillier_public *pub, mpz_t out, const mpz_t a,
    const mpz_t k, struct buf *err)
{
	mpz_t size;

	if (mpz_cmpabs(k, pub->max) > 0)
		return err_set(err, ERR_INVALID,
		    "a factor of %zu bits exceeds the headroom of a key of %u "
		    "bits (n/3)",
		    mpz_sizeinbase(k, 2), pub->bits);
	mpz_init(size);
	mpz_abs(size, k);
	if (mpz_sgn(k) < 0 && !mpz_invert(out, a, pub->n2)) {
		mpz_clear(size);
		return err_set(
		    err, ERR_INVALID, "not a ciphertext of this key");
	}
	mpz_powm(out, mpz_sgn(k) < 0 ? out : a, size, pub->n2);
	mpz_clear(size);
	return ERR_OK;
}

void
paillier_rerandomise(const struct paillier_public *pub, mpz_t c)
{
	mpz_t mask;

	mpz_init(mask);
	paillier_mask(pub, mask);
	paillier_add(pub, c, c, mask);
	mpz_clear(mask);
}

/* Bytes are those of limbs from the end, most of them eight at a time. */
void
paillier_put(const struct paillier_public *pub, const mpz_t c, struct buf *out)
{
	size_t now, limb = 0;
	uint64_t word;
	char *to;

	buf_reserve(out, pub->width);
	to = out->ptr + out->len;
	for (size_t at = pub->width; at > 0; at -= now) {
		now = at < sizeof(word) ? at : sizeof(word);
		word = htobe64(mpz_getlimbn(c, (mp_size_t)limb++));
		memcpy(to + at - now, (char *)&word + sizeof(word) - now, now);
	}
	out->len += pub->width;
	out->ptr[out->len] = '\0';
}

enum err
paillier_get(const struct paillier_public *pub, const void *bytes, mpz_t out,
    struct buf *err)
{
	const char *from = bytes;
	size_t n = (pub->width + sizeof(mp_limb_t) - 1) / sizeof(mp_limb_t);
	size_t at = pub->width, now;
	mp_limb_t *limb = mpz_limbs_write(out, (mp_size_t)n);
	uint64_t word;

	for (size_t i = 0; i < n; i++, at -= now) {
		now = at < sizeof(word) ? at : sizeof(word);
		word = 0;
		memcpy(
		    (char *)&word + sizeof(word) - now, from + at - now, now);
		limb[i] = be64toh(word);
	}
	mpz_limbs_finish(out, (mp_size_t)n);
	if (!paillier_is_ciphertext(pub, out))
		return err_set(
		    err, ERR_INVALID, "not a ciphertext of this key");
	return ERR_OK;
}
