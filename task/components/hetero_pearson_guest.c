/*
 * The guest passes over its rows once for each packed number. It is one number
 * ahead of the host, which so never waits, and no more, lest all of them lie
 * on the disk.
 */
#include "lib/base/mem.h"
#include "task/components/hetero_pearson.h"

#include <stdlib.h>

struct sending {
	struct pearson *p;
	size_t g;	/* which packed number */
	size_t n;	/* rows that wait in c */
	size_t done;	/* packed rows of all numbers */
	double *z;	/* of all own columns */
	int64_t *fixed; /* of those that are packed */
};

static enum err
send_rows(struct sending *s, struct buf *err)
{
	struct pearson_cross *x = &s->p->cross;
	struct exchange_ciphers c = {.tag = "pearson_values",
	    .pub = paillier_public_of(x->secret),
	    .v = &x->c,
	    .n = s->n};
	enum err rc;

	if (!s->n)
		return ERR_OK;
	rc = paillier_encrypt_many(c.pub, x->c.v, s->n, err);
	if (!rc)
		rc = exchange_send_ciphers(s->p->t, x->peer, &c, err);
	s->done += s->n;
	s->n = 0;
	task_progress(s->p->t, (int)(10 + 85 * s->done / x->packed_rows),
	    "%zu of %zu packed rows sent", s->done, x->packed_rows);
	return rc;
}

static enum err
pack_row(void *arg, const struct table_row *row, const double *values,
    struct buf *err)
{
	struct sending *s = arg;
	struct pearson_cross *x = &s->p->cross;
	size_t at = s->g * x->dot.slots, n = pearson_packed(s->p, s->g);

	(void)row;
	correlation_standardise(&s->p->own, values, s->z);
	for (size_t k = 0; k < n; k++)
		s->fixed[k] = shared_dot_fixed(s->z[at + k]);
	shared_dot_pack(&x->dot, s->fixed, n, x->c.v[s->n++]);
	return s->n == PEARSON_CHUNK ? send_rows(s, err) : ERR_OK;
}

static enum err
send_values(struct sending *s, size_t g, struct buf *err)
{
	struct pearson *p = s->p;
	enum err rc;

	if (!pearson_packed(p, g))
		return ERR_OK;
	s->g = g;
	exchange_vector_reserve(&p->cross.c, PEARSON_CHUNK);
	rc = pearson_each_row(p, pack_row, s, err);
	return rc ? rc : send_rows(s, err);
}

/* The host's columns come one after the other, each with all slots. */
static enum err
take_products(struct pearson *p, size_t g, uint64_t *slots, struct buf *err)
{
	struct pearson_cross *x = &p->cross;
	struct exchange_ciphers c = {.tag = "pearson_products",
	    .pub = paillier_public_of(x->secret),
	    .v = &x->c,
	    .n = x->n_host};
	size_t at = g * x->dot.slots, n = pearson_packed(p, g);
	enum err rc = exchange_receive_ciphers(p->t, x->peer, &c, err);

	if (!rc)
		rc = paillier_decrypt_many(x->secret, x->c.v, x->n_host, err);
	for (size_t j = 0; !rc && j < x->n_host; j++) {
		rc = shared_dot_shares(&x->dot, x->c.v[j], n, slots, err);
		for (size_t k = 0; !rc && k < n; k++)
			x->shares[(at + k) * x->n_host + j] = slots[k];
	}
	return rc;
}

enum err
pearson_share_guest(struct pearson *p, struct buf *err)
{
	struct sending s = {.p = p};
	uint64_t *slots = xcalloc(p->cross.dot.slots, sizeof(*slots));
	enum err rc;

	s.z = xcalloc(p->d, sizeof(*s.z));
	s.fixed = xcalloc(p->cross.dot.slots, sizeof(*s.fixed));
	rc = send_values(&s, 0, err);
	for (size_t g = 0; !rc && pearson_packed(p, g); g++) {
		rc = send_values(&s, g + 1, err);
		if (!rc)
			rc = take_products(p, g, slots, err);
	}
	free(s.z);
	free(s.fixed);
	free(slots);
	return rc;
}
