/*
 * Powers with secret exponents: OpenSSL's one after the other, which are a
 * third faster than GMP's mpz_powm_sec, or all lanes at once. Sequence and
 * addresses depend on the lengths alone: windows of a fixed width, the table
 * read whole for each. Everything that holds a secret is wiped.
 */
#include "lib/crypto/lanes_kernel.h"

#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/crypto/random.h"

#define TABLE ((size_t)1 << LANES_WINDOW)

/* One power of the portable kernel. */
struct one_power {
	BIGNUM *exponent, *modulus, *x;
	BN_MONT_CTX *mont;
	unsigned char *bytes;
	size_t width; /* of the modulus, in bytes */
};

struct lanes_powers {
	mpz_t modulus[LANES];
	mpz_t exponent[LANES];
	/* the portable kernel's */
	BN_CTX *ctx;
	struct one_power one[LANES];
	/* the vector kernel's: one number a lane */
	bool vector;
	struct lanes lane[LANES];
	struct lanes_power power;
	size_t n_words;
	uint64_t *words; /* all that `power` points to, then x */
	uint64_t *x;
	uint64_t *number;
};

static void
interleave(uint64_t *out, const uint64_t *number, size_t lane, size_t words)
{
	for (size_t j = 0; j < words; j++)
		out[j * LANES + lane] = number[j];
}

static void
set_exponent(uint64_t *out, const mpz_t e, size_t lane, size_t n_windows)
{
	size_t bit, per_limb = GMP_NUMB_BITS / LANES_WINDOW;

	for (size_t k = 0; k < n_windows; k++) {
		bit = k % per_limb * LANES_WINDOW;
		out[k * LANES + lane] =
		    mpz_getlimbn(e, (mp_size_t)(k / per_limb)) >> bit &
		    (TABLE - 1);
	}
}

static void
lay_out(struct lanes_powers *pw, enum lanes_modulus which, size_t bits)
{
	size_t digits = pw->lane[0].digits, room = pw->lane[0].room;
	size_t words = which == LANES_SQUARE ? 2 * room : room;
	size_t half = LANES * room;
	size_t block = LANES * words;
	size_t n_windows = (bits + LANES_WINDOW - 1) / LANES_WINDOW;
	uint64_t *n, *one, *inv, *exponent;

	/* root, one, x, table; -1/n; exponent: each a multiple of LANES */
	pw->n_words = half + (2 + TABLE) * block + LANES + LANES * n_windows;
	pw->words = lanes_words(pw->n_words);
	n = pw->words;
	one = n + half;
	pw->x = one + block;
	inv = pw->x + block + TABLE * block;
	exponent = inv + LANES;
	for (size_t i = 0; i < LANES; i++) {
		interleave(n, pw->lane[i].root, i, room);
		interleave(
		    one, lanes_constant(&pw->lane[i], LANES_R), i, words);
		inv[i] = pw->lane[i].n_inv;
		set_exponent(exponent, pw->exponent[i], i, n_windows);
	}
	pw->power = (struct lanes_power){digits, room, words, n, inv, one,
	    exponent, n_windows, pw->x + block};
	pw->number = lanes_alloc(&pw->lane[0], 1);
}

/* ---- one by one ---- */

static void
to_bn(struct one_power *one, BIGNUM *out, const mpz_t x)
{
	size_t len = 0;

	mpz_export(one->bytes, &len, -1, 1, 0, 0, x);
	if (!BN_lebin2bn(one->bytes, (int)len, out))
		mem_exhausted();
}

static void
one_init(struct one_power *one, const mpz_t e, const mpz_t m, BN_CTX *ctx)
{
	size_t width = (mpz_sizeinbase(m, 2) + 7) / 8;
	size_t e_width = (mpz_sizeinbase(e, 2) + 7) / 8;

	one->width = width;
	one->bytes = xcalloc(1, width > e_width ? width : e_width);
	one->exponent = BN_new();
	one->modulus = BN_new();
	one->x = BN_new();
	one->mont = BN_MONT_CTX_new();
	if (!ctx || !one->exponent || !one->modulus || !one->x || !one->mont)
		mem_exhausted();
	to_bn(one, one->exponent, e);
	to_bn(one, one->modulus, m);
	BN_set_flags(one->exponent, BN_FLG_CONSTTIME);
	BN_set_flags(one->modulus, BN_FLG_CONSTTIME);
	if (!BN_MONT_CTX_set(one->mont, one->modulus, ctx))
		mem_exhausted();
}

static void
one_release(struct one_power *one)
{
	if (!one->bytes)
		return;
	explicit_bzero(one->bytes, one->width);
	free(one->bytes);
	BN_clear_free(one->exponent);
	BN_clear_free(one->modulus);
	BN_clear_free(one->x);
	BN_MONT_CTX_free(one->mont);
}

void
lanes_powers_run_one(struct lanes_powers *pw, size_t i, mpz_t x)
{
	struct one_power *one = &pw->one[i];

	if (pw->vector) {
		mpz_powm_sec(x, x, pw->exponent[i], pw->modulus[i]);
		return;
	}
	to_bn(one, one->x, x);
	if (!BN_mod_exp_mont_consttime(one->x, one->x, one->exponent,
		one->modulus, pw->ctx, one->mont) ||
	    BN_bn2lebinpad(one->x, one->bytes, (int)one->width) < 0)
		mem_exhausted();
	mpz_import(x, one->width, -1, 1, 0, 0, one->bytes);
}

/* ---- all of them ---- */

struct lanes_powers *
lanes_powers_new(
    enum lanes_modulus which, mpz_t *roots, mpz_t *exponents, size_t bits)
{
	struct lanes_powers *pw = xcalloc(1, sizeof(*pw));

	pw->vector = true;
	for (size_t i = 0; i < LANES; i++) {
		mpz_init_set(pw->modulus[i], roots[i]);
		if (which == LANES_SQUARE)
			mpz_mul(pw->modulus[i], roots[i], roots[i]);
		mpz_init_set(pw->exponent[i], exponents[i]);
		lanes_init(&pw->lane[i], roots[i]);
		pw->vector = pw->vector &&
			     pw->lane[i].kernel != &lanes_portable &&
			     pw->lane[i].digits == pw->lane[0].digits;
	}
	if (pw->vector) {
		lay_out(pw, which, bits);
		return pw;
	}
	pw->ctx = BN_CTX_secure_new();
	for (size_t i = 0; i < LANES; i++)
		one_init(&pw->one[i], exponents[i], pw->modulus[i], pw->ctx);
	return pw;
}

static void
wipe_lanes(struct lanes *ls)
{
	size_t limbs = (size_t)ls->mt.limbs * sizeof(mp_limb_t);
	size_t number = ls->stride * sizeof(uint64_t);

	explicit_bzero(ls->mt.n, limbs);
	explicit_bzero(ls->mt.scratch, 7 * limbs);
	explicit_bzero(ls->root, number / 2);
	explicit_bzero(ls->constant, LANES_CONSTANT__MAX * number);
	random_wipe(ls->n);
	random_wipe(ls->half[0]);
	random_wipe(ls->half[1]);
	mpz_inits(ls->n, ls->half[0], ls->half[1], NULL);
	lanes_release(ls);
}

void
lanes_powers_free(struct lanes_powers *pw)
{
	if (!pw)
		return;
	if (pw->vector) {
		explicit_bzero(pw->words, pw->n_words * sizeof(uint64_t));
		free(pw->words);
		free(pw->number);
	}
	BN_CTX_free(pw->ctx);
	for (size_t i = 0; i < LANES; i++) {
		one_release(&pw->one[i]);
		random_wipe(pw->modulus[i]);
		random_wipe(pw->exponent[i]);
		wipe_lanes(&pw->lane[i]);
	}
	free(pw);
}

bool
lanes_powers_at_once(const struct lanes_powers *pw)
{
	return pw->vector;
}

static void
run_vector(struct lanes_powers *pw, mpz_t *x)
{
	struct lanes *ls;
	size_t words = pw->power.words;
	size_t upper = 2 * pw->power.room - words;

	for (size_t i = 0; i < LANES; i++) {
		ls = &pw->lane[i];
		lanes_set(ls, pw->number, x[i]);
		lanes_scale(ls, pw->number, lanes_constant(ls, LANES_R2), 1);
		interleave(pw->x, pw->number, i, words);
	}
	lanes_ifma_power(&pw->power, pw->x);
	for (size_t i = 0; i < LANES; i++) {
		ls = &pw->lane[i];
		for (size_t j = 0; j < words; j++)
			pw->number[j] = pw->x[j * LANES + i];
		memset(pw->number + words, 0, upper * sizeof(uint64_t));
		lanes_scale(ls, pw->number, lanes_constant(ls, LANES_ONE), 1);
		/* what a product adds to a half that is not ours */
		memset(pw->number + words, 0, upper * sizeof(uint64_t));
		lanes_get(ls, x[i], pw->number);
	}
	explicit_bzero(pw->number, pw->lane[0].stride * sizeof(uint64_t));
}

void
lanes_powers_run(struct lanes_powers *pw, mpz_t *x)
{
	if (pw->vector) {
		run_vector(pw, x);
		return;
	}
	for (size_t i = 0; i < LANES; i++)
		lanes_powers_run_one(pw, i, x[i]);
}
