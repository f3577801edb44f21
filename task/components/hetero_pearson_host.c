/*
 * The host sums the guest's encrypted values up, each times its own columns',
 * a message at a time: one pass over its rows for each packed number.
 */
#include "lib/base/mem.h"
#include "lib/crypto/random.h"
#include "task/components/hetero_pearson.h"

#include <math.h>
#include <stdlib.h>

struct summing {
	struct pearson *p;
	size_t n;	/* rows that wait */
	size_t done;	/* packed rows of all numbers */
	double *z;	/* of a row */
	int64_t *fixed; /* by column, PEARSON_CHUNK rows each */
	struct paillier_factors *factors;
	struct paillier_sums *sums;
	unsigned *shift; /* none */
	struct exchange_vector plain;
};

static enum err
add_rows(struct summing *s, struct buf *err)
{
	struct pearson_cross *x = &s->p->cross;
	struct exchange_ciphers c = {
	    .tag = "pearson_values", .pub = x->pub, .v = &x->c, .n = s->n};
	enum err rc;

	if (!s->n)
		return ERR_OK;
	rc = exchange_receive_ciphers(s->p->t, x->peer, &c, err);
	if (rc)
		return rc;
	for (size_t j = 0; j < s->p->d; j++)
		s->factors[j].n = s->n;
	rc = paillier_sums_add(s->sums, x->c.v, s->n, s->factors, err);
	s->done += s->n;
	s->n = 0;
	task_progress(s->p->t, (int)(10 + 85 * s->done / x->packed_rows),
	    "%zu of %zu packed rows summed up", s->done, x->packed_rows);
	return rc;
}

static enum err
meet_row(void *arg, const struct table_row *row, const double *values,
    struct buf *err)
{
	struct summing *s = arg;

	(void)row;
	correlation_standardise(&s->p->own, values, s->z);
	for (size_t j = 0; j < s->p->d; j++)
		s->fixed[j * PEARSON_CHUNK + s->n] = shared_dot_fixed(s->z[j]);
	return ++s->n == PEARSON_CHUNK ? add_rows(s, err) : ERR_OK;
}

/* A mask for each own column; what is opened of it is this party's share. */
static enum err
mask_products(struct summing *s, size_t g, struct buf *err)
{
	struct pearson *p = s->p;
	struct pearson_cross *x = &p->cross;
	size_t at = g * x->dot.slots, n = pearson_packed(p, g);
	uint64_t *slots = xcalloc(x->dot.slots, sizeof(*slots));
	mpz_t mask;
	enum err rc = ERR_OK;

	mpz_init(mask);
	for (size_t j = 0; !rc && j < p->d; j++) {
		shared_dot_mask(&x->dot, mask, s->plain.v[j]);
		rc = shared_dot_shares(&x->dot, mask, n, slots, err);
		for (size_t k = 0; !rc && k < n; k++)
			x->shares[(at + k) * x->n_host + j] = slots[k];
	}
	if (!rc)
		rc = paillier_add_blind_many(
		    x->pub, x->c.v, s->plain.v, p->d, err);
	random_wipe(mask);
	free(slots);
	return rc;
}

static enum err
send_products(struct summing *s, size_t g, struct buf *err)
{
	struct pearson_cross *x = &s->p->cross;
	struct exchange_ciphers c = {
	    .tag = "pearson_products", .pub = x->pub, .v = &x->c, .n = s->p->d};
	enum err rc;

	paillier_sums_finish(s->sums, x->c.v, s->shift);
	rc = mask_products(s, g, err);
	return rc ? rc : exchange_send_ciphers(s->p->t, x->peer, &c, err);
}

static void
prepare(struct summing *s)
{
	struct pearson *p = s->p;
	struct pearson_cross *x = &p->cross;
	size_t portion = PEARSON_CHUNK, rows = (size_t)p->own.n;
	double most = 0;

	for (size_t j = 0; j < p->d; j++)
		most = fmax(most, p->own.columns[j].z_max);
	s->z = xcalloc(p->d, sizeof(*s->z));
	s->fixed = xcalloc(p->d * PEARSON_CHUNK, sizeof(*s->fixed));
	s->factors = xcalloc(p->d, sizeof(*s->factors));
	for (size_t j = 0; j < p->d; j++)
		s->factors[j].x = s->fixed + j * PEARSON_CHUNK;
	s->shift = xcalloc(p->d, sizeof(*s->shift));
	exchange_vector_reserve(&s->plain, p->d);
	exchange_vector_reserve(&x->c, p->d);
	s->sums = paillier_sums_new(
	    x->pub, &(struct paillier_sums_size){.columns = p->d,
			.rows = rows,
			.portion = rows < portion ? rows : portion,
			.x_bits = shared_dot_bits(most)});
}

enum err
pearson_share_host(struct pearson *p, struct buf *err)
{
	struct summing s = {.p = p};
	enum err rc = ERR_OK;

	prepare(&s);
	for (size_t g = 0; !rc && pearson_packed(p, g); g++) {
		rc = pearson_each_row(p, meet_row, &s, err);
		if (!rc)
			rc = add_rows(&s, err);
		if (!rc)
			rc = send_products(&s, g, err);
	}
	paillier_sums_free(s.sums);
	exchange_vector_release(&s.plain);
	free(s.z);
	free(s.fixed);
	free(s.factors);
	free(s.shift);
	return rc;
}
