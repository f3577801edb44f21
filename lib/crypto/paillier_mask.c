/*
 * Masks r^n, one number or many at a time, and what is done with them. With
 * c, 1 + nm and a mask every fresh ciphertext is the product of at most
 * three, found for PAILLIER_BLOCK rows at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/crypto/paillier_many.h"
#include "lib/crypto/paillier_private.h"
#include "lib/crypto/random.h"

static uint64_t *
at(const struct paillier_work *w, uint64_t *numbers, size_t i)
{
	return numbers + i * w->ls.stride;
}

struct paillier_work *
paillier_work_of(const struct paillier_public *pub)
{
	struct paillier_work *w = *pub->work;

	if (w)
		return w;
	w = xcalloc(1, sizeof(*w));
	lanes_init(&w->ls, pub->n);
	w->mask_len = pub->mask_bits / 8;
	w->exponents = xcalloc(PAILLIER_BLOCK, w->mask_len);
	w->a = lanes_alloc(&w->ls, PAILLIER_BLOCK);
	w->b = lanes_alloc(&w->ls, PAILLIER_BLOCK);
	mpz_init_set_ui(w->one, 1);
	mpz_init(w->hi);
	*pub->work = w;
	return w;
}

void
paillier_work_free(struct paillier_work *w)
{
	size_t size;

	if (!w)
		return;
	size = w->ls.stride * sizeof(uint64_t);
	if (w->ready)
		explicit_bzero(w->ready, w->room * size);
	explicit_bzero(w->a, PAILLIER_BLOCK * size);
	explicit_bzero(w->b, PAILLIER_BLOCK * size);
	fixed_base_free(w->base);
	mpz_clear(w->one);
	random_wipe(w->hi);
	lanes_release(&w->ls);
	free(w->exponents);
	free(w->ready);
	free(w->a);
	free(w->b);
	free(w);
}

/* x^n mod n^2 for a random x: the base that all masks are powers of. */
static void
make_base(const struct paillier_public *pub, struct paillier_work *w)
{
	mpz_t x;

	mpz_init(x);
	random_below(x, pub->n);
	mpz_powm(x, x, pub->n, pub->n2);
	w->base = fixed_base_new(&w->ls, x, w->mask_len, w->expected);
	random_wipe(x);
}

static void
make_masks(const struct paillier_public *pub, struct paillier_work *w,
    uint64_t *out, size_t n)
{
	const uint64_t *r2 = lanes_constant(&w->ls, LANES_R2);
	size_t now;

	if (!w->base)
		make_base(pub, w);
	for (; n > 0; n -= now, out += now * w->ls.stride) {
		now = n < PAILLIER_BLOCK ? n : PAILLIER_BLOCK;
		random_bytes(w->exponents, now * w->mask_len);
		for (size_t i = 0; i < now; i++)
			memcpy(at(w, out, i), r2, w->ls.stride * sizeof(*r2));
		fixed_base_multiply(w->base, out, w->exponents, now);
		explicit_bzero(w->exponents, now * w->mask_len);
	}
}

void
paillier_masks_expected(const struct paillier_public *pub, size_t n)
{
	paillier_work_of(pub)->expected = n;
}

void
paillier_masks_ahead(const struct paillier_public *pub, size_t n)
{
	struct paillier_work *w = paillier_work_of(pub);

	if (n > PAILLIER_AHEAD_MAX)
		n = PAILLIER_AHEAD_MAX;
	/* as many as the kernel makes at once cost no more than one */
	n = (n + LANES - 1) / LANES * LANES;
	if (n > w->room) {
		uint64_t *more = lanes_alloc(&w->ls, n);
		size_t size = w->ls.stride * sizeof(*more);

		if (w->n_ready)
			memcpy(more, w->ready, w->n_ready * size);
		if (w->ready)
			explicit_bzero(w->ready, w->room * size);
		free(w->ready);
		w->ready = more;
		w->room = n;
	}
	if (n > w->n_ready)
		make_masks(pub, w, at(w, w->ready, w->n_ready), n - w->n_ready);
	if (n > w->n_ready)
		w->n_ready = n;
}

/* n <= PAILLIER_BLOCK masks, each used once: taken ones are overwritten. */
static void
take_masks(const struct paillier_public *pub, struct paillier_work *w,
    uint64_t *out, size_t n)
{
	size_t got, size = w->ls.stride * sizeof(*out);

	if (n < LANES && w->n_ready < n)
		paillier_masks_ahead(pub, LANES);
	got = n < w->n_ready ? n : w->n_ready;
	if (got) {
		w->n_ready -= got;
		memcpy(out, at(w, w->ready, w->n_ready), got * size);
		explicit_bzero(at(w, w->ready, w->n_ready), got * size);
	}
	make_masks(pub, w, at(w, out, got), n - got);
}

void
paillier_mask(const struct paillier_public *pub, mpz_t out)
{
	struct paillier_work *w = paillier_work_of(pub);
	const uint64_t *one = lanes_constant(&w->ls, LANES_ONE);

	take_masks(pub, w, w->a, 1);
	lanes_scale(&w->ls, w->a, one, 1);
	lanes_scale(&w->ls, w->a, one, 1);
	lanes_get(&w->ls, out, w->a);
}

/* 1 + nm: the halves are there already. */
static enum err
set_lifted(const struct paillier_public *pub, struct paillier_work *w,
    uint64_t *out, const mpz_t m, struct buf *err)
{
	enum err rc = paillier_check_plain(pub, m, err);

	if (rc)
		return rc;
	mpz_set(w->hi, m);
	if (mpz_sgn(m) < 0)
		mpz_add(w->hi, w->hi, pub->n);
	lanes_set_halves(&w->ls, out, w->one, w->hi);
	return ERR_OK;
}

/* c = c * (1 + nm) * mask; m NULL: not added; fresh: c is 1, set only. */
static enum err
blind_block(const struct paillier_public *pub, mpz_t *c, mpz_t *m, bool fresh,
    size_t n, struct buf *err)
{
	struct paillier_work *w = paillier_work_of(pub);
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < n; i++) {
		if (!fresh)
			lanes_set(&w->ls, at(w, w->a, i), c[i]);
		if (m)
			rc = set_lifted(
			    pub, w, at(w, fresh ? w->a : w->b, i), m[i], err);
	}
	if (rc)
		return rc;
	if (m && !fresh)
		lanes_mul(&w->ls, w->a, w->b, n);
	else
		lanes_scale(&w->ls, w->a, lanes_constant(&w->ls, LANES_ONE), n);
	take_masks(pub, w, w->b, n);
	lanes_mul(&w->ls, w->a, w->b, n);
	for (size_t i = 0; i < n; i++)
		lanes_get(&w->ls, c[i], at(w, w->a, i));
	return ERR_OK;
}

static enum err
blind(const struct paillier_public *pub, mpz_t *c, mpz_t *m, bool fresh,
    size_t n, struct buf *err)
{
	size_t now;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < n; i += now) {
		now = n - i < PAILLIER_BLOCK ? n - i : PAILLIER_BLOCK;
		rc = blind_block(pub, c + i, m ? m + i : NULL, fresh, now, err);
	}
	return rc;
}

enum err
paillier_encrypt_many(
    const struct paillier_public *pub, mpz_t *c, size_t n, struct buf *err)
{
	return blind(pub, c, c, true, n, err);
}

enum err
paillier_add_blind_many(const struct paillier_public *pub, mpz_t *c, mpz_t *m,
    size_t n, struct buf *err)
{
	return blind(pub, c, m, false, n, err);
}

void
paillier_rerandomise_many(const struct paillier_public *pub, mpz_t *c, size_t n)
{
	blind(pub, c, NULL, false, n, NULL);
}

void
paillier_add_many(
    const struct paillier_public *pub, mpz_t *a, mpz_t *b, size_t n)
{
	struct paillier_work *w = paillier_work_of(pub);
	size_t now;

	for (size_t i = 0; i < n; i += now) {
		now = n - i < PAILLIER_BLOCK ? n - i : PAILLIER_BLOCK;
		for (size_t k = 0; k < now; k++) {
			lanes_set(&w->ls, at(w, w->a, k), a[i + k]);
			lanes_set(&w->ls, at(w, w->b, k), b[i + k]);
		}
		lanes_mul(&w->ls, w->a, w->b, now);
		lanes_scale(
		    &w->ls, w->a, lanes_constant(&w->ls, LANES_R2), now);
		for (size_t k = 0; k < now; k++)
			lanes_get(&w->ls, a[i + k], at(w, w->a, k));
	}
}
