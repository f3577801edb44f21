/*
 * All inverses of a portion come from one inversion and three multiplications
 * each (Montgomery's trick, once per lane).
 */
#include "lib/crypto/paillier_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

static uint64_t *
number(const struct paillier_rows *r, uint64_t *base, size_t i)
{
	return base + i * r->ls->stride;
}

struct paillier_rows *
paillier_rows_new(const struct paillier_public *pub, size_t portion)
{
	struct paillier_rows *r = xcalloc(1, sizeof(*r));

	assert(portion > 0);
	r->ls = &paillier_work_of(pub)->ls;
	r->pub = pub;
	r->portion = portion;
	r->numbers = lanes_alloc(r->ls, 2 * portion);
	r->prefix = lanes_alloc(r->ls, portion + LANES);
	for (size_t i = 0; i < LANES; i++)
		mpz_init(r->x[i]);
	mpz_init(r->left);
	return r;
}

void
paillier_rows_free(struct paillier_rows *r)
{
	if (!r)
		return;
	free(r->numbers);
	free(r->prefix);
	for (size_t i = 0; i < LANES; i++)
		mpz_clear(r->x[i]);
	mpz_clear(r->left);
	free(r);
}

/* The LANES numbers at `run`, in Montgomery's form, replaced by inverses. */
static bool
invert_lanes(struct paillier_rows *r, uint64_t *run)
{
	const struct paillier_public *pub = r->pub;
	const uint64_t *one = lanes_constant(r->ls, LANES_ONE);
	bool ok;
	mpz_t before[LANES];

	lanes_scale(r->ls, run, one, LANES);
	mpz_set_ui(r->left, 1);
	for (size_t i = 0; i < LANES; i++) {
		lanes_get(r->ls, r->x[i], number(r, run, i));
		mpz_init_set(before[i], r->left);
		paillier_add(pub, r->left, r->left, r->x[i]);
	}
	ok = mpz_invert(r->left, r->left, pub->n2) != 0;
	for (size_t i = LANES; ok && i-- > 0;) {
		paillier_add(pub, before[i], before[i], r->left);
		paillier_add(pub, r->left, r->left, r->x[i]);
		lanes_set(r->ls, number(r, run, i), before[i]);
	}
	for (size_t i = 0; i < LANES; i++)
		mpz_clear(before[i]);
	lanes_scale(r->ls, run, lanes_constant(r->ls, LANES_R2), LANES);
	return ok;
}

/* Lane l multiplies rows l, l + 8, ...; then the products are peeled. */
static bool
invert_all(struct paillier_rows *r, size_t n)
{
	size_t size = r->ls->stride * sizeof(uint64_t), now, i;
	uint64_t *run = number(r, r->prefix, r->portion);
	uint64_t *inverse = number(r, r->numbers, r->portion);

	for (i = 0; i < LANES; i++)
		memcpy(number(r, run, i), lanes_constant(r->ls, LANES_R), size);
	for (i = 0; i < n; i += now) {
		now = n - i < LANES ? n - i : LANES;
		memcpy(number(r, r->prefix, i), run, now * size);
		lanes_mul(r->ls, run, number(r, r->numbers, i), now);
	}
	if (!invert_lanes(r, run))
		return false;
	for (i = (n + LANES - 1) / LANES * LANES; i > 0;) {
		i -= LANES;
		now = n - i < LANES ? n - i : LANES;
		memcpy(number(r, inverse, i), run, now * size);
		lanes_mul(
		    r->ls, number(r, inverse, i), number(r, r->prefix, i), now);
		lanes_mul(r->ls, run, number(r, r->numbers, i), now);
	}
	return true;
}

enum err
paillier_rows_set(struct paillier_rows *r, mpz_t *c, size_t n, struct buf *err)
{
	size_t upper = r->ls->room;
	uint64_t *inverse = number(r, r->numbers, r->portion);

	assert(n <= r->portion);
	for (size_t i = 0; i < n; i++)
		lanes_set(r->ls, number(r, r->numbers, i), c[i]);
	lanes_scale(r->ls, r->numbers, lanes_constant(r->ls, LANES_R2), n);
	if (!invert_all(r, n))
		return err_set(
		    err, ERR_INVALID, "not a ciphertext of this key");
	lanes_mul_half(r->ls, r->numbers + upper, inverse, n);
	lanes_mul_half(r->ls, inverse + upper, r->numbers, n);
	return ERR_OK;
}

/* ---- weights ---- */

struct paillier_weights *
paillier_weights_new(size_t portion)
{
	struct paillier_weights *w = xcalloc(1, sizeof(*w));

	w->w = xcalloc(2 * portion, sizeof(*w->w));
	w->portion = (uint32_t)portion;
	return w;
}

void
paillier_weights_free(struct paillier_weights *w)
{
	if (!w)
		return;
	free(w->w);
	free(w);
}

void
paillier_weights_begin(struct paillier_weights *w)
{
	w->n = 0;
}

void
paillier_weights_add(
    struct paillier_weights *w, uint32_t row, uint64_t times, uint64_t inverse)
{
	if (times)
		w->w[w->n++] = (struct lanes_weight){times, row};
	if (inverse)
		w->w[w->n++] = (struct lanes_weight){inverse, w->portion + row};
}

void
paillier_rows_weigh(
    struct paillier_rows *r, const struct paillier_weights *w, mpz_t upper)
{
	lanes_weigh(r->ls, upper, r->numbers + r->ls->room, w->w, w->n);
}
