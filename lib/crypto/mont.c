/*
 * Separated operand scanning: the full products, then one REDC per limb.
 *
 * REDC of t finds q with t + q n = r R. So a product of the lower halves,
 * t / R, is r - (q / R) n: its own lower half is r, and -q joins what the
 * halves give crosswise before that is divided by R as well, and so does what
 * the lower half loses when it is n or more. What is reduced may then be below
 * 0, but more than -R, and so its result is at least 0.
 */
#include "lib/crypto/mont.h"

#include "lib/base/mem.h"

void
mont_init(struct mont *mt, const mpz_t n)
{
	size_t limbs = mpz_size(n);
	mp_limb_t inv = 1, n0 = mpz_getlimbn(n, 0);

	mt->limbs = (mp_size_t)limbs;
	mt->n = xcalloc(limbs, sizeof(mp_limb_t));
	mt->scratch = xcalloc(7 * limbs, sizeof(mp_limb_t));
	mpn_copyi(mt->n, mpz_limbs_read(n), mt->limbs);
	/* Newton: each round doubles the right bits */
	for (int i = 0; i < 7; i++)
		inv *= 2 - n0 * inv;
	mt->n_inv = -inv;
}

void
mont_release(struct mont *mt)
{
	free(mt->n);
	free(mt->scratch);
	memset(mt, 0, sizeof(*mt));
}

/*
 * (t + top R^2) / R in [0, n), and q, the multiple of n that was added first;
 * returns the multiple that was taken away at last.
 */
static mp_limb_t
reduce(const struct mont *mt, mp_limb_t *out, mp_limb_t *t, mp_limb_t top,
    mp_limb_t *q)
{
	mp_size_t n = mt->limbs;
	mp_limb_t taken = 0;

	/* the carry of row i belongs to limb i + n; t[i] is free to keep it */
	for (mp_size_t i = 0; i < n; i++) {
		q[i] = t[i] * mt->n_inv;
		t[i] = mpn_addmul_1(t + i, mt->n, n, q[i]);
	}
	top += mpn_add_n(out, t + n, t, n);
	for (; top || mpn_cmp(out, mt->n, n) >= 0; taken++)
		top -= mpn_sub_n(out, out, mt->n, n);
	return taken;
}

/* Both halves of what low and top R^2 + cross come to. */
static void
reduce_both(struct mont *mt, mp_limb_t *out, mp_limb_t *low, mp_limb_t *cross,
    mp_limb_t top)
{
	mp_size_t n = mt->limbs;
	mp_limb_t *q = mt->scratch + 6 * n, taken;

	taken = reduce(mt, out, low, 0, q);
	top += mpn_add_1(cross + n, cross + n, n, taken);
	/* all ones where it falls below 0 */
	top -= mpn_sub(cross, cross, 2 * n, q, n);
	reduce(mt, out + n, cross, top, q);
}

void
mont_mul(
    struct mont *mt, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b)
{
	mp_size_t n = mt->limbs;
	mp_limb_t *low = mt->scratch, *cross = low + 2 * n, top;
	mp_limb_t *other = cross + 2 * n;

	mpn_mul_n(cross, a, b + n, n);
	if (a == b) {
		mpn_sqr(low, a, n);
		top = mpn_lshift(cross, cross, 2 * n, 1);
	} else {
		mpn_mul_n(low, a, b, n);
		mpn_mul_n(other, a + n, b, n);
		top = mpn_add_n(cross, cross, other, 2 * n);
	}
	reduce_both(mt, out, low, cross, top);
}

void
mont_mul_low(
    struct mont *mt, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b)
{
	mp_size_t n = mt->limbs;
	mp_limb_t *low = mt->scratch, *cross = low + 2 * n;

	mpn_mul_n(low, a, b, n);
	mpn_mul_n(cross, a + n, b, n);
	reduce_both(mt, out, low, cross, 0);
}

void
mont_mul_half(
    struct mont *mt, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b)
{
	mp_limb_t *low = mt->scratch;

	mpn_mul_n(low, a, b, mt->limbs);
	reduce(mt, out, low, 0, low + 6 * mt->limbs);
}
