/* Separated operand scanning: the full product, then one REDC per limb. */
#include "lib/crypto/mont.h"

#include "lib/base/mem.h"

void
mont_init(struct mont *mt, const mpz_t m)
{
	size_t limbs = mpz_size(m);
	mp_limb_t inv = 1, m0 = mpz_getlimbn(m, 0);

	mt->limbs = (mp_size_t)limbs;
	mt->m = xcalloc(limbs, sizeof(mp_limb_t));
	mt->scratch = xcalloc(2 * limbs, sizeof(mp_limb_t));
	mpn_copyi(mt->m, mpz_limbs_read(m), mt->limbs);
	/* Newton: each round doubles the right bits */
	for (int i = 0; i < 7; i++)
		inv *= 2 - m0 * inv;
	mt->m_inv = -inv;
}

void
mont_release(struct mont *mt)
{
	free(mt->m);
	free(mt->scratch);
	memset(mt, 0, sizeof(*mt));
}

void
mont_mul(
    struct mont *mt, mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b)
{
	mp_size_t n = mt->limbs;
	mp_limb_t *t = mt->scratch, carry;

	if (a == b)
		mpn_sqr(t, a, n);
	else
		mpn_mul_n(t, a, b, n);
	/* the carry of row i belongs to limb i + n; t[i] is free to keep it */
	for (mp_size_t i = 0; i < n; i++)
		t[i] = mpn_addmul_1(t + i, mt->m, n, t[i] * mt->m_inv);
	carry = mpn_add_n(out, t + n, t, n);
	if (carry || mpn_cmp(out, mt->m, n) >= 0)
		mpn_sub_n(out, out, mt->m, n);
}
