/*
 * A double is a 53-bit integer times a power of two, so encoding is a shift;
 * it rounds half away from zero like llround().
 */
#include "lib/crypto/fixed.h"

#include <math.h>
#include <stdbool.h>

enum err
fixed_encode(mpz_t out, double v, unsigned scale, unsigned max_bits,
    const char *what, struct buf *err)
{
	int e;
	long shift;
	double frac;
	bool negative = v < 0;

	if (!isfinite(v))
		return err_set(
		    err, ERR_INVALID, "%s is not a finite number", what);
	frac = frexp(fabs(v), &e);
	mpz_set_d(out, ldexp(frac, 53));
	shift = (long)e - 53 + (long)scale;
	if (shift >= 0) {
		mpz_mul_2exp(out, out, (mp_bitcnt_t)shift);
	} else {
		mpz_tdiv_q_2exp(out, out, (mp_bitcnt_t)(-shift - 1));
		mpz_add_ui(out, out, 1);
		mpz_tdiv_q_2exp(out, out, 1);
	}
	if (mpz_sizeinbase(out, 2) > max_bits)
		return err_set(err, ERR_INVALID,
		    "%s is %g, which needs %zu bits at %u fractional bits; at "
		    "most %u fit",
		    what, v, mpz_sizeinbase(out, 2), scale, max_bits);
	if (negative)
		mpz_neg(out, out);
	return ERR_OK;
}

double
fixed_decode(const mpz_t v, unsigned scale)
{
	long e;
	double frac = mpz_get_d_2exp(&e, v);

	return ldexp(frac, (int)(e - (long)scale));
}

enum err
fixed_check_sum(unsigned a_bits, unsigned b_bits, uint64_t terms,
    unsigned limit, const char *what, struct buf *err)
{
	unsigned count = 0;

	while (terms > 1) {
		terms = (terms + 1) / 2;
		count++;
	}
	if (a_bits + b_bits + count <= limit)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "%s needs %u + %u + %u bits, but %u fit; take a longer key", what,
	    a_bits, b_bits, count, limit);
}

enum err
fixed_vector(const double *v, size_t n, const struct fixed_form *form,
    int64_t *out, int *scale_out, const char *what, struct buf *err)
{
	/* one bit less, because rounding up may reach 2^bits */
	int whole = (int)form->bits - 1, e = 0, scale, shift = 0;
	double max = 0;
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++) {
		if (!isfinite(v[i]))
			return err_set(err, ERR_INVALID,
			    "%s holds a value that is not a finite number",
			    what);
		max = fmax(max, fabs(v[i]));
	}
	if (max > 0)
		frexp(max, &e);
	scale = whole - e;
	if (scale < form->scale_min)
		return err_set(err, ERR_INVALID,
		    "%s holds %g, expected values below %g", what, max,
		    ldexp(1, whole - form->scale_min));
	if (max <= 0 || scale > form->scale_max)
		scale = form->scale_max;
	for (size_t i = 0; i < n; i++) {
		out[i] = llround(ldexp(v[i], scale));
		all |= (uint64_t)out[i];
	}
	/* bits that none of them needs: of flags and counts all but a few */
	for (; scale > form->scale_min && all && !(all & 1); scale--, shift++)
		all >>= 1;
	for (size_t i = 0; i < n && shift; i++)
		out[i] /= INT64_C(1) << shift;
	*scale_out = scale;
	return ERR_OK;
}
