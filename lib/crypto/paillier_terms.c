/*
 * Sums of products as one multi-exponentiation, prod c_i^x_i, by Pippenger's
 * bucket method (N. Pippenger, 1980; Bernstein et al., "Faster batch forgery
 * identification", 2012, section 4). A factor is cut into signed digits of w
 * bits; within a digit position each ciphertext is multiplied into the bucket
 * of its digit, and a running product turns buckets into prod B_k^k.
 *
 * A negative digit takes the inverse. All inverses come from one inversion
 * and three multiplications each (Montgomery's trick), once for all vectors.
 *
 * Which bucket is touched depends on x: not constant-time, x is the caller's
 * own and no key.
 */
#include "lib/base/mem.h"
#include "lib/crypto/mont.h"
#include "lib/crypto/paillier.h"

#include <stdbool.h>

#define WIDTH_MAX 10

struct paillier_terms {
	struct mont mt;
	size_t n;
	mp_limb_t *direct;  /* n numbers in Montgomery's form */
	mp_limb_t *inverse; /* their inverses */
	mp_limb_t *buckets; /* 2^(WIDTH_MAX-1) of them */
	bool *used;
};

static mp_limb_t *
at(const struct paillier_terms *t, mp_limb_t *base, size_t i)
{
	return base + i * (size_t)t->mt.limbs;
}

/* Montgomery's trick: invert the product, then peel. */
static bool
invert_all(struct paillier_terms *t, const mpz_t modulus)
{
	size_t limbs = (size_t)t->mt.limbs;
	mp_limb_t *left = xcalloc(limbs, sizeof(*left));
	mpz_t product;
	bool ok;

	mpz_init(product);
	memcpy(left, t->mt.one, limbs * sizeof(*left));
	for (size_t i = 0; i < t->n; i++) {
		memcpy(at(t, t->inverse, i), left, limbs * sizeof(*left));
		mont_mul(&t->mt, left, left, at(t, t->direct, i));
	}
	mont_to(&t->mt, product, left);
	ok = mpz_invert(product, product, modulus) != 0;
	if (ok)
		mont_from(&t->mt, left, product);
	for (size_t i = t->n; ok && i-- > 0;) {
		mont_mul(
		    &t->mt, at(t, t->inverse, i), at(t, t->inverse, i), left);
		mont_mul(&t->mt, left, left, at(t, t->direct, i));
	}
	mpz_clear(product);
	free(left);
	return ok;
}

enum err
paillier_terms_new(const struct paillier_public *pub, mpz_t *c, size_t n,
    struct paillier_terms **out, struct buf *err)
{
	struct paillier_terms *t = xcalloc(1, sizeof(*t));
	size_t limbs;

	mont_init(&t->mt, pub->n2);
	limbs = (size_t)t->mt.limbs * sizeof(mp_limb_t);
	t->n = n;
	t->direct = xcalloc(n + 1, limbs);
	t->inverse = xcalloc(n + 1, limbs);
	t->buckets = xcalloc((size_t)1 << (WIDTH_MAX - 1), limbs);
	t->used = xcalloc((size_t)1 << (WIDTH_MAX - 1), sizeof(bool));
	for (size_t i = 0; i < n; i++)
		mont_from(&t->mt, at(t, t->direct, i), c[i]);
	if (!invert_all(t, pub->n2)) {
		paillier_terms_free(t);
		return err_set(
		    err, ERR_INVALID, "not a ciphertext of this key");
	}
	*out = t;
	return ERR_OK;
}

void
paillier_terms_free(struct paillier_terms *t)
{
	if (!t)
		return;
	mont_release(&t->mt);
	free(t->direct);
	free(t->inverse);
	free(t->buckets);
	free(t->used);
	free(t);
}

static unsigned
bits_of(const struct paillier_factors *f)
{
	uint64_t all = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < f->n; i++)
		all |= (uint64_t)(f->x[i] < 0 ? -f->x[i] : f->x[i]);
	for (; all; all >>= 1)
		bits++;
	return bits;
}

/* The w with the fewest multiplications: items plus buckets per digit. */
static unsigned
choose_width(size_t n, unsigned bits)
{
	unsigned best = 2;
	size_t least = SIZE_MAX, cost;

	for (unsigned w = 2; w <= WIDTH_MAX; w++) {
		cost = (bits / w + 1) * (n + ((size_t)2 << (w - 1)));
		if (cost < least) {
			least = cost;
			best = w;
		}
	}
	return best;
}

/* Signed digit k: x = sum d_k 2^(wk), -2^(w-1) < d_k <= 2^(w-1). */
static int64_t
digit(int64_t x, unsigned k, unsigned w)
{
	uint64_t size = (uint64_t)(x < 0 ? -x : x), half = 1ULL << (w - 1);
	uint64_t below =
	    (size +
		(k ? (half - 1) * (((1ULL << w * k) - 1) / ((1ULL << w) - 1))
		   : 0)) >>
	    (w * k);
	int64_t d = (int64_t)((below + half - 1) & ((1ULL << w) - 1)) -
		    (int64_t)(half - 1);

	return x < 0 ? -d : d;
}

static void
into_bucket(struct paillier_terms *t, int64_t d, size_t row)
{
	size_t k = (size_t)(d < 0 ? -d : d) - 1;
	mp_limb_t *bucket = at(t, t->buckets, k);
	const mp_limb_t *c = at(t, d < 0 ? t->inverse : t->direct, row);

	if (t->used[k]) {
		mont_mul(&t->mt, bucket, bucket, c);
	} else {
		mpn_copyi(bucket, c, t->mt.limbs);
		t->used[k] = true;
	}
}

/* acc *= prod_k B_k^k, by running products from the top; empties buckets. */
static void
fold_buckets(struct paillier_terms *t, size_t n, mp_limb_t *acc)
{
	mp_limb_t *run = xcalloc((size_t)t->mt.limbs, sizeof(*run));
	bool any = false;

	for (size_t k = n; k-- > 0;) {
		if (t->used[k] && any)
			mont_mul(&t->mt, run, run, at(t, t->buckets, k));
		else if (t->used[k])
			mpn_copyi(run, at(t, t->buckets, k), t->mt.limbs);
		any = any || t->used[k];
		t->used[k] = false;
		if (any)
			mont_mul(&t->mt, acc, acc, run);
	}
	free(run);
}

void
paillier_terms_sum(
    struct paillier_terms *t, const struct paillier_factors *f, mpz_t out)
{
	unsigned bits = bits_of(f), w = choose_width(f->n, bits);
	mp_limb_t *acc = xcalloc((size_t)t->mt.limbs, sizeof(*acc));
	int64_t d;

	mpn_copyi(acc, t->mt.one, t->mt.limbs);
	for (unsigned k = bits / w + 1; bits && k-- > 0;) {
		for (unsigned i = 0; i < w; i++)
			mont_mul(&t->mt, acc, acc, acc);
		for (size_t i = 0; i < f->n; i++) {
			d = digit(f->x[i], k, w);
			if (d)
				into_bucket(
				    t, d, f->rows ? f->rows[i] - f->base : i);
		}
		fold_buckets(t, (size_t)1 << (w - 1), acc);
	}
	mont_to(&t->mt, out, acc);
	free(acc);
}
