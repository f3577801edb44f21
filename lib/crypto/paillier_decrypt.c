/*
 * Decryption by the Chinese remainder theorem: a power modulo p^2 and one
 * modulo q^2, of four ciphertexts at once where the kernel has lanes. The
 * exponents p-1 and q-1 are secret, so the powers are constant-time.
 */
#include "lib/crypto/paillier_many.h"
#include "lib/crypto/paillier_private.h"

#define AT_ONCE (LANES / 2)

/* x = L(x) * h mod p with L(x) = (x-1)/p, x being c^(p-1) mod p^2. */
static void
half_finish(const struct paillier_half *h, mpz_t x)
{
	mpz_sub_ui(x, x, 1);
	mpz_divexact(x, x, h->p);
	mpz_mul(x, x, h->h);
	mpz_mod(x, x, h->p);
}

static enum err
check(const struct paillier_secret *s, const mpz_t c, struct buf *err)
{
	if (paillier_is_ciphertext(&s->pub, c) && !mpz_divisible_p(c, s->p.p) &&
	    !mpz_divisible_p(c, s->q.p))
		return ERR_OK;
	return err_set(err, ERR_INVALID, "not a ciphertext of this key");
}

/* out from its values modulo p and q, as a signed number. */
static enum err
combine(const struct paillier_secret *s, mpz_t out, const mpz_t mod_p,
    const mpz_t mod_q, struct buf *err)
{
	mpz_sub(out, mod_q, mod_p);
	mpz_mul(out, out, s->p_inv);
	mpz_mod(out, out, s->q.p);
	mpz_mul(out, out, s->p.p);
	mpz_add(out, out, mod_p);
	if (mpz_cmp(out, s->pub.max) <= 0)
		return ERR_OK;
	mpz_sub(out, out, s->pub.n);
	if (mpz_cmpabs(out, s->pub.max) <= 0)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "a decrypted value lies beyond the headroom of the key of %u bits",
	    s->pub.bits);
}

static void
make_powers(struct paillier_secret *s)
{
	mpz_t root[LANES], exponent[LANES];
	const struct paillier_half *h;

	for (size_t i = 0; i < LANES; i++) {
		h = i < AT_ONCE ? &s->p : &s->q;
		/* borrowed: not cleared */
		*root[i] = *h->p;
		*exponent[i] = *h->p_1;
	}
	s->powers =
	    lanes_powers_new(LANES_SQUARE, root, exponent, s->pub.bits / 2);
}

enum err
paillier_decrypt(const struct paillier_secret *secret, mpz_t out, const mpz_t c,
    struct buf *err)
{
	/* its scratch is wiped with the key */
	struct paillier_secret *s = (struct paillier_secret *)(uintptr_t)secret;
	enum err rc = check(s, c, err);

	if (rc)
		return rc;
	mpz_mod(s->x[0], c, s->p.p2);
	mpz_mod(s->x[1], c, s->q.p2);
	if (!s->powers)
		make_powers(s);
	lanes_powers_run_one(s->powers, 0, s->x[0]);
	lanes_powers_run_one(s->powers, AT_ONCE, s->x[1]);
	half_finish(&s->p, s->x[0]);
	half_finish(&s->q, s->x[1]);
	return combine(s, out, s->x[0], s->x[1], err);
}

static enum err
decrypt_group(struct paillier_secret *s, mpz_t *c, size_t n, struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < n; i++)
		rc = check(s, c[i], err);
	if (rc)
		return rc;
	for (size_t i = 0; i < AT_ONCE; i++) {
		if (i < n) {
			mpz_mod(s->x[i], c[i], s->p.p2);
			mpz_mod(s->x[AT_ONCE + i], c[i], s->q.p2);
		} else {
			mpz_set_ui(s->x[i], 1);
			mpz_set_ui(s->x[AT_ONCE + i], 1);
		}
	}
	lanes_powers_run(s->powers, s->x);
	for (size_t i = 0; !rc && i < n; i++) {
		half_finish(&s->p, s->x[i]);
		half_finish(&s->q, s->x[AT_ONCE + i]);
		rc = combine(s, c[i], s->x[i], s->x[AT_ONCE + i], err);
	}
	return rc;
}

enum err
paillier_decrypt_many(
    const struct paillier_secret *secret, mpz_t *c, size_t n, struct buf *err)
{
	struct paillier_secret *s = (struct paillier_secret *)(uintptr_t)secret;
	size_t now;
	enum err rc = ERR_OK;

	if (!s->powers)
		make_powers(s);
	now = lanes_powers_at_once(s->powers) ? AT_ONCE : 1;
	for (size_t i = 0; !rc && i < n; i += now) {
		now = n - i < now ? n - i : now;
		rc = lanes_powers_at_once(s->powers)
			 ? decrypt_group(s, c + i, now, err)
			 : paillier_decrypt(s, c[i], c[i], err);
	}
	return rc;
}
