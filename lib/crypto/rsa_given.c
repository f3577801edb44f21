/*
 * A key from outside, or on its way out: n, e and d say what p and q are,
 * since e*d - 1 is a multiple of the order of every number. Its odd part, as an
 * exponent, leads into a chain of squares that ends at 1, and a root of 1 that
 * is neither 1 nor -1 splits n. Half of all numbers find one. A modulus of
 * three primes, or of one, is used without, and one of primes too long for
 * lanes.h.
 */
#include "lib/base/mem.h"
#include "lib/crypto/lanes.h"
#include "lib/crypto/random.h"
#include "lib/crypto/rsa_private.h"

#include <stdbool.h>
#include <string.h>

/* A wrong d may sign a third of all numbers right. */
#define PROBES	     24
#define SPLIT_TRIES  64
#define PRIME_ROUNDS 40

static enum err
parse(mpz_t out, const char *digits, const char *name, struct buf *err)
{
	if (mpz_set_str(out, digits, 10) || mpz_sgn(out) <= 0)
		return err_set(err, ERR_INVALID,
		    "%s is no positive integer in decimal digits", name);
	return ERR_OK;
}

static enum err
check_modulus(const mpz_t n, struct buf *err)
{
	size_t bits = mpz_sizeinbase(n, 2);

	if (bits < RSA_BLIND_BITS_MIN || bits > RSA_GIVEN_BITS_MAX)
		return err_set(err, ERR_INVALID,
		    "rsa_key_n has %zu bits, expected %d to %d", bits,
		    RSA_BLIND_BITS_MIN, RSA_GIVEN_BITS_MAX);
	if (mpz_even_p(n))
		return err_set(err, ERR_INVALID,
		    "rsa_key_n is even, which no RSA modulus is");
	return ERR_OK;
}

static enum err
check_exponents(const struct rsa_secret *s, struct buf *err)
{
	if (mpz_cmp_ui(s->pub.e, 3) < 0 || mpz_cmp(s->pub.e, s->pub.n) >= 0 ||
	    mpz_even_p(s->pub.e))
		return err_set(err, ERR_INVALID,
		    "rsa_key_e is not an odd number from 3 to rsa_key_n");
	if (mpz_cmp_ui(s->d, 3) < 0 || mpz_cmp(s->d, s->pub.n) >= 0)
		return err_set(err, ERR_INVALID,
		    "rsa_key_d is not a number from 3 to rsa_key_n");
	return ERR_OK;
}

/* Does what d signs verify with e, of so many numbers? */
static enum err
probe(const struct rsa_secret *s, int n, struct buf *err)
{
	mpz_t x, y;
	bool is_same = true;

	mpz_inits(x, y, NULL);
	for (int i = 0; is_same && i < n; i++) {
		random_below(x, s->pub.n);
		mpz_powm_sec(y, x, s->d, s->pub.n);
		mpz_powm(y, y, s->pub.e, s->pub.n);
		is_same = !mpz_cmp(x, y);
	}
	mpz_clears(x, y, NULL);
	if (is_same)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "rsa_key_d does not belong to rsa_key_e and rsa_key_n: what it "
	    "signs does not verify");
}

/* x := x^odd, squared until the next square is 1; may that one split n? */
static bool
find_root(mpz_t x, const mpz_t odd, mp_bitcnt_t twos, const mpz_t n)
{
	mpz_t square;
	bool is_found = false;

	mpz_init(square);
	mpz_powm_sec(x, x, odd, n);
	for (mp_bitcnt_t i = 0; !is_found && i < twos; i++) {
		mpz_mul(square, x, x);
		mpz_mod(square, square, n);
		if (!mpz_cmp_ui(square, 1))
			is_found = true;
		else
			mpz_swap(x, square);
	}
	random_wipe(square);
	return is_found;
}

/* p and q, both prime; false leaves them 0. */
static bool
split(struct rsa_secret *s)
{
	mpz_t odd, x;
	mp_bitcnt_t twos;
	bool is_split = false;

	mpz_inits(odd, x, NULL);
	mpz_mul(odd, s->pub.e, s->d);
	mpz_sub_ui(odd, odd, 1);
	twos = mpz_scan1(odd, 0);
	mpz_fdiv_q_2exp(odd, odd, twos);
	for (int i = 0; !is_split && i < SPLIT_TRIES; i++) {
		random_below(x, s->pub.n);
		if (!find_root(x, odd, twos, s->pub.n))
			continue;
		mpz_sub_ui(x, x, 1);
		mpz_gcd(s->p, x, s->pub.n);
		mpz_divexact(s->q, s->pub.n, s->p);
		is_split = mpz_cmp_ui(s->p, 1) > 0 && mpz_cmp_ui(s->q, 1) > 0;
	}
	is_split = is_split && mpz_cmp(s->p, s->q) &&
		   mpz_sizeinbase(s->p, 2) <= LANES_BITS_MAX &&
		   mpz_sizeinbase(s->q, 2) <= LANES_BITS_MAX &&
		   mpz_probab_prime_p(s->p, PRIME_ROUNDS) &&
		   mpz_probab_prime_p(s->q, PRIME_ROUNDS);
	if (!is_split) {
		mpz_set_ui(s->p, 0);
		mpz_set_ui(s->q, 0);
	}
	random_wipe(odd);
	random_wipe(x);
	return is_split;
}

enum err
rsa_secret_parse(
    const struct rsa_given *given, struct rsa_secret **out, struct buf *err)
{
	struct rsa_secret *s = rsa_secret_new();
	enum err rc = parse(s->pub.n, given->n, "rsa_key_n", err);

	if (!rc)
		rc = check_modulus(s->pub.n, err);
	if (!rc)
		rc = parse(s->pub.e, given->e, "rsa_key_e", err);
	if (!rc)
		rc = parse(s->d, given->d, "rsa_key_d", err);
	if (!rc)
		rc = check_exponents(s, err);
	/* one first: without it nothing splits */
	if (!rc)
		rc = probe(s, 1, err);
	if (!rc && !(split(s) && rsa_derive(s)))
		rc = probe(s, PROBES, err);
	if (!rc) {
		s->pub.width = (mpz_sizeinbase(s->pub.n, 2) + 7) / 8;
		*out = s;
		s = NULL;
	}
	rsa_secret_free(s);
	return rc;
}

static void
print_digits(const mpz_t v, struct buf *out)
{
	buf_reserve(out, mpz_sizeinbase(v, 10) + 2);
	mpz_get_str(out->ptr, 10, v);
	out->len = strlen(out->ptr);
}

void
rsa_secret_print(
    const struct rsa_secret *s, struct buf *n, struct buf *e, struct buf *d)
{
	mpz_t order, q1, own;

	mpz_inits(order, q1, own, NULL);
	mpz_set(own, s->d);
	if (!mpz_sgn(own)) {
		mpz_sub_ui(order, s->p, 1);
		mpz_sub_ui(q1, s->q, 1);
		mpz_mul(order, order, q1);
		mpz_invert(own, s->pub.e, order);
	}
	print_digits(s->pub.n, n);
	print_digits(s->pub.e, e);
	print_digits(own, d);
	random_wipe(order);
	random_wipe(q1);
	random_wipe(own);
}
