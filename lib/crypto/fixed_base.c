#include "lib/crypto/fixed_base.h"

#include <assert.h>

#include "lib/base/mem.h"

#define WINDOW_BITS 8
#define ENTRIES	    ((size_t)1 << WINDOW_BITS)

struct fixed_base {
	struct mont mt;
	size_t windows;
	/* [window][digit]: base^(digit << (window * WINDOW_BITS)) */
	mp_limb_t *table;
	mp_limb_t *product;
};

static mp_limb_t *
entry(const struct fixed_base *f, size_t window, size_t digit)
{
	return f->table + (window * ENTRIES + digit) * (size_t)f->mt.limbs;
}

static void
fill(struct fixed_base *f, const mpz_t base)
{
	mont_from(&f->mt, entry(f, 0, 1), base);
	for (size_t w = 0; w < f->windows; w++) {
		const mp_limb_t *step = entry(f, w, 1);

		mpn_copyi(entry(f, w, 0), f->mt.one, f->mt.limbs);
		for (size_t d = 2; d < ENTRIES; d++)
			mont_mul(
			    &f->mt, entry(f, w, d), entry(f, w, d - 1), step);
		if (w + 1 < f->windows)
			mont_mul(&f->mt, entry(f, w + 1, 1),
			    entry(f, w, ENTRIES - 1), step);
	}
}

struct fixed_base *
fixed_base_new(const mpz_t base, const mpz_t m, size_t bits)
{
	struct fixed_base *f = xcalloc(1, sizeof(*f));

	mont_init(&f->mt, m);
	f->windows = (bits + WINDOW_BITS - 1) / WINDOW_BITS;
	f->table = xreallocarray(NULL, f->windows * ENTRIES,
	    (size_t)f->mt.limbs * sizeof(mp_limb_t));
	f->product = xcalloc((size_t)f->mt.limbs, sizeof(mp_limb_t));
	fill(f, base);
	return f;
}

void
fixed_base_free(struct fixed_base *f)
{
	if (!f)
		return;
	mont_release(&f->mt);
	free(f->table);
	free(f->product);
	free(f);
}

static size_t
digit_of(const mpz_t e, size_t window)
{
	size_t at = window * WINDOW_BITS;
	mp_limb_t limb = mpz_getlimbn(e, (mp_size_t)(at / GMP_NUMB_BITS));

	return limb >> (at % GMP_NUMB_BITS) & (ENTRIES - 1);
}

void
fixed_base_power(struct fixed_base *f, mpz_t out, const mpz_t e)
{
	assert(mpz_sizeinbase(e, 2) <= f->windows * WINDOW_BITS);
	mpn_copyi(f->product, f->mt.one, f->mt.limbs);
	for (size_t w = 0; w < f->windows; w++) {
		size_t digit = digit_of(e, w);

		if (digit)
			mont_mul(
			    &f->mt, f->product, f->product, entry(f, w, digit));
	}
	mont_to(&f->mt, out, f->product);
}
