#include "lib/crypto/rsa_blind.h"
#include "lib/base/mem.h"
#include "lib/crypto/lanes.h"
#include "lib/crypto/random.h"
#include "lib/crypto/rsa_private.h"

#define PUBLIC_EXPONENT 65537
#define PRIME_ROUNDS	40
#define AT_ONCE		(LANES / 2) /* signatures: each takes two powers */

static void
public_set(struct rsa_public *pub)
{
	pub->width = (mpz_sizeinbase(pub->n, 2) + 7) / 8;
}

/* A prime of exactly `bits` bits, top two set, with gcd(p-1, e) = 1. */
static void
make_prime(mpz_t p, unsigned bits, const mpz_t e)
{
	mpz_t t;

	mpz_init(t);
	do {
		random_bits(p, bits);
		mpz_setbit(p, bits - 1);
		mpz_setbit(p, bits - 2);
		mpz_setbit(p, 0);
		mpz_sub_ui(t, p, 1);
		mpz_gcd(t, t, e);
	} while (mpz_cmp_ui(t, 1) || !mpz_probab_prime_p(p, PRIME_ROUNDS));
	mpz_clear(t);
}

static struct lanes_powers *
make_powers(const struct rsa_secret *s)
{
	mpz_t root[LANES], exponent[LANES];
	size_t p_bits = mpz_sizeinbase(s->p, 2);
	size_t q_bits = mpz_sizeinbase(s->q, 2);

	for (size_t i = 0; i < LANES; i++) {
		/* borrowed: not cleared */
		*root[i] = i < AT_ONCE ? *s->p : *s->q;
		*exponent[i] = i < AT_ONCE ? *s->dp : *s->dq;
	}
	return lanes_powers_new(
	    LANES_ROOT, root, exponent, p_bits < q_bits ? q_bits : p_bits);
}

/* out = e^-1 modulo prime - 1, which d, unless it is 0, must be there. */
static bool
exponent_of(const struct rsa_secret *s, mpz_t out, const mpz_t prime)
{
	mpz_t order, d;
	bool is_right;

	mpz_inits(order, d, NULL);
	mpz_sub_ui(order, prime, 1);
	is_right = mpz_invert(out, s->pub.e, order);
	mpz_mod(d, s->d, order);
	is_right = is_right && (!mpz_sgn(s->d) || !mpz_cmp(d, out));
	random_wipe(order);
	random_wipe(d);
	return is_right;
}

bool
rsa_derive(struct rsa_secret *s)
{
	if (!exponent_of(s, s->dp, s->p) || !exponent_of(s, s->dq, s->q)) {
		mpz_set_ui(s->p, 0);
		mpz_set_ui(s->q, 0);
		return false;
	}
	mpz_mul(s->pub.n, s->p, s->q);
	mpz_invert(s->q_inv, s->q, s->p);
	public_set(&s->pub);
	s->powers = make_powers(s);
	return true;
}

struct rsa_secret *
rsa_secret_new(void)
{
	struct rsa_secret *s = xcalloc(1, sizeof(*s));

	mpz_inits(
	    s->pub.n, s->pub.e, s->d, s->p, s->q, s->dp, s->dq, s->q_inv, NULL);
	return s;
}

struct rsa_secret *
rsa_generate(unsigned bits)
{
	struct rsa_secret *s = rsa_secret_new();

	mpz_set_ui(s->pub.e, PUBLIC_EXPONENT);
	do {
		make_prime(s->p, bits / 2, s->pub.e);
		make_prime(s->q, bits / 2, s->pub.e);
	} while (!mpz_cmp(s->p, s->q));
	rsa_derive(s);
	return s;
}

const struct rsa_public *
rsa_public_of(const struct rsa_secret *s)
{
	return &s->pub;
}

void
rsa_secret_free(struct rsa_secret *s)
{
	if (!s)
		return;
	random_wipe(s->d);
	random_wipe(s->p);
	random_wipe(s->q);
	random_wipe(s->dp);
	random_wipe(s->dq);
	random_wipe(s->q_inv);
	lanes_powers_free(s->powers);
	mpz_clears(s->pub.n, s->pub.e, NULL);
	free(s);
}

enum err
rsa_public_parse(struct rsa_public *pub, const char *n_hex, const char *e_hex,
    struct buf *err)
{
	size_t bits;

	mpz_inits(pub->n, pub->e, NULL);
	if (mpz_set_str(pub->n, n_hex, 16) || mpz_set_str(pub->e, e_hex, 16))
		goto bad;
	bits = mpz_sizeinbase(pub->n, 2);
	if (mpz_sgn(pub->n) <= 0 || mpz_even_p(pub->n) ||
	    bits < RSA_BLIND_BITS_MIN || bits > RSA_BLIND_BITS_MAX ||
	    mpz_cmp_ui(pub->e, 3) < 0 || mpz_cmp(pub->e, pub->n) >= 0)
		goto bad;
	public_set(pub);
	return ERR_OK;
bad:
	rsa_public_clear(pub);
	return err_set(err, ERR_INVALID,
	    "the host's RSA key is not a key of "
	    "%d to %d bits",
	    RSA_BLIND_BITS_MIN, RSA_BLIND_BITS_MAX);
}

void
rsa_public_clear(struct rsa_public *pub)
{
	mpz_clears(pub->n, pub->e, NULL);
}

void
rsa_hash_id(mpz_t out, const void *id, size_t len)
{
	uint8_t raw[DIGEST_SHA256_LEN];

	digest_sha256(id, len, raw);
	mpz_import(out, sizeof(raw), 1, 1, 1, 0, raw);
}

/* out from its values a modulo p and b modulo q; a is overwritten. */
static void
combine(const struct rsa_secret *s, mpz_t out, mpz_t a, const mpz_t b)
{
	mpz_sub(a, a, b);
	mpz_mul(a, a, s->q_inv);
	mpz_mod(a, a, s->p);
	mpz_mul(a, a, s->q);
	mpz_add(out, a, b);
}

void
rsa_sign(const struct rsa_secret *s, mpz_t out, const mpz_t x)
{
	mpz_t a, b;

	if (!mpz_sgn(s->p)) {
		mpz_powm_sec(out, x, s->d, s->pub.n);
		return;
	}
	mpz_inits(a, b, NULL);
	mpz_mod(a, x, s->p);
	mpz_mod(b, x, s->q);
	lanes_powers_run_one(s->powers, 0, a);
	lanes_powers_run_one(s->powers, AT_ONCE, b);
	combine(s, out, a, b);
	random_wipe(a);
	random_wipe(b);
}

/* half: AT_ONCE residues modulo p, then as many modulo q. */
static void
sign_group(const struct rsa_secret *s, mpz_t *x, size_t n, mpz_t *half)
{
	for (size_t i = 0; i < AT_ONCE; i++) {
		const mpz_t *from = &x[i < n ? i : 0];

		mpz_mod(half[i], *from, s->p);
		mpz_mod(half[AT_ONCE + i], *from, s->q);
	}
	lanes_powers_run(s->powers, half);
	for (size_t i = 0; i < n; i++)
		combine(s, x[i], half[i], half[AT_ONCE + i]);
}

void
rsa_sign_many(const struct rsa_secret *s, mpz_t *x, size_t n)
{
	mpz_t half[LANES];

	if (!s->powers || !lanes_powers_at_once(s->powers)) {
		for (size_t i = 0; i < n; i++)
			rsa_sign(s, x[i], x[i]);
		return;
	}
	for (size_t i = 0; i < LANES; i++)
		mpz_init(half[i]);
	for (size_t i = 0; i < n; i += AT_ONCE)
		sign_group(s, x + i, n - i < AT_ONCE ? n - i : AT_ONCE, half);
	for (size_t i = 0; i < LANES; i++)
		random_wipe(half[i]);
}

void
rsa_blind(const struct rsa_public *pub, const mpz_t h, mpz_t r_out, mpz_t out)
{
	do {
		random_below(r_out, pub->n);
		mpz_gcd(out, r_out, pub->n);
	} while (mpz_cmp_ui(out, 1));
	mpz_powm(out, r_out, pub->e, pub->n);
	mpz_mul(out, out, h);
	mpz_mod(out, out, pub->n);
}

void
rsa_unblind(
    const struct rsa_public *pub, const mpz_t r, const mpz_t s, mpz_t out)
{
	mpz_t inverse;

	mpz_init(inverse);
	mpz_invert(inverse, r, pub->n);
	mpz_mul(out, s, inverse);
	mpz_mod(out, out, pub->n);
	mpz_clear(inverse);
}

void
rsa_write(const struct rsa_public *pub, const mpz_t x, uint8_t *out)
{
	size_t len = (mpz_sizeinbase(x, 2) + 7) / 8;

	memset(out, 0, pub->width);
	mpz_export(out + (pub->width - len), NULL, 1, 1, 1, 0, x);
}

enum err
rsa_read(
    const struct rsa_public *pub, const uint8_t *in, mpz_t out, struct buf *err)
{
	mpz_import(out, pub->width, 1, 1, 1, 0, in);
	if (mpz_sgn(out) > 0 && mpz_cmp(out, pub->n) < 0)
		return ERR_OK;
	return err_set(
	    err, ERR_INVALID, "a blinded id is not a number below the modulus");
}

void
rsa_digest(
    const struct rsa_public *pub, const mpz_t s, uint8_t out[DIGEST_SHA256_LEN])
{
	uint8_t wire[RSA_BLIND_BITS_MAX / 8];

	rsa_write(pub, s, wire);
	digest_sha256(wire, pub->width, out);
}
