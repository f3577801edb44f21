/* Separated operand scanning: the full product, then one REDC per limb. */
#include "lib/crypto/mont.h"

#include "lib/base/mem.h"

static void
load(mp_limb_t *to, mp_size_t limbs, const mpz_t a)
{
	mp_size_t n = (mp_size_t)mpz_size(a);

	if (n)
		mpn_copyi(to, mpz_limbs_read(a), n);
	if (n < limbs)
		mpn_zero(to + n, limbs - n);
}

void
mont_init(struct mont *mt, const mpz_t m)
{
	size_t limbs = mpz_size(m);
	mp_limb_t inv = 1, m0 = mpz_getlimbn(m, 0);
	mpz_t r;

	mt->limbs = (mp_size_t)limbs;
	mt->m = xcalloc(limbs, sizeof(mp_limb_t));
	mt->one = xcalloc(limbs, sizeof(mp_limb_t));
	mt->square = xcalloc(limbs, sizeof(mp_limb_t));
	mt->scratch = xcalloc(2 * limbs, sizeof(mp_limb_t));
	load(mt->m, mt->limbs, m);
	/* Newton: each round doubles the right bits */
	for (int i = 0; i < 7; i++)
		inv *= 2 - m0 * inv;
	mt->m_inv = -inv;
	mpz_init(r);
	mpz_setbit(r, limbs * GMP_NUMB_BITS);
	mpz_mod(r, r, m);
	load(mt->one, mt->limbs, r);
	mpz_mul(r, r, r);
	mpz_mod(r, r, m);
	load(mt->square, mt->limbs, r);
	mpz_clear(r);
}

void
mont_release(struct mont *mt)
{
	free(mt->m);
	free(mt->one);
	free(mt->square);
	free(mt->scratch);
	memset(mt, 0, sizeof(*mt));
}

static void
reduce(struct mont *mt, mp_limb_t *out)
{
	mp_size_t n = mt->limbs;
	mp_limb_t *t = mt->scratch, carry;

	/* the carry of row i belongs to limb i + n; t[i] is free to keep it */
	for (mp_size_t i = 0; i < n; i++)
		t[i] = mpn_addmul_1(t + i, mt->m, n, t[i] * mt->m_inv);
	carry = mpn_add_n(out, t + n, t, n);
	if (carry || mpn_cmp(out, mt->m, n) >= 0)
		mpn_sub_n(out, out, mt->m, n);
}

void
mont_mul(
    struct mont *mt, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b)
{
	if (a == b)
		mpn_sqr(mt->scratch, a, mt->limbs);
	else
		mpn_mul_n(mt->scratch, a, b, mt->limbs);
	reduce(mt, out);
}

void
mont_from(struct mont *mt, mp_limb_t *out, const mpz_t a)
{
	load(out, mt->limbs, a);
	mont_mul(mt, out, out, mt->square);
}

void
mont_to(struct mont *mt, mpz_t out, const mp_limb_t *a)
{
	mp_size_t n = mt->limbs;
	mp_limb_t *w;

	mpn_copyi(mt->scratch, a, n);
	mpn_zero(mt->scratch + n, n);
	w = mpz_limbs_write(out, n);
	reduce(mt, w);
	mpz_limbs_finish(out, n);
}
