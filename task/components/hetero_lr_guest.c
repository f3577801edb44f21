/*
 * The guest's loop: it holds the labels, builds the residuals and, with one
 * host, the loss, both under encryption.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/hetero_lr.h"

#include <math.h>

struct batch {
	int64_t iter;
	size_t lo;
	size_t hi;
	double *u;  /* this party's scores */
	int64_t *k; /* u_g / 4 - y / 2, at k_scale */
	unsigned k_scale;
};

static double
penalty(const struct lr *lr)
{
	return penalty_loss(lr->p.penalty, lr->p.alpha, lr->w, lr->train.d);
}

/* k = u_g / 4 - y / 2 as integers: the factors of u_h in the loss. */
static enum err
make_cross(struct lr *lr, struct batch *b, struct buf *err)
{
	size_t n = b->hi - b->lo;
	struct paillier_sums_size size = {.columns = 1,
	    .rows = n,
	    .portion = lr_chunk(0, n),
	    .x_bits = LR_CROSS_BITS};
	double *k = xcalloc(n, sizeof(*k));
	enum err rc;

	if (!lr->cross)
		lr->cross = paillier_sums_new(lr->pub, &size);
	b->k = xcalloc(n, sizeof(*b->k));
	for (size_t i = 0; i < n; i++)
		k[i] = 0.25 * b->u[i] - 0.5 * lr->y[b->lo + i];
	rc = fixed_vector(k, n, LR_CROSS_BITS, LR_FACTOR_SCALE, b->k,
	    &b->k_scale, "a factor of the loss", err);
	free(k);
	return rc;
}

/*
 * [[n * loss]], complete but for nothing: ln 2 and penalties are in it, and
 * the sum of k_i u_h.
 */
static enum err
send_loss(struct lr *lr, const struct batch *b, struct buf *err)
{
	double own = (double)lr->n * (log(2) + penalty(lr));
	unsigned shift = LR_FACTOR_SCALE - b->k_scale;
	mpz_t *c;
	size_t one = 1;
	enum err rc;

	for (size_t i = 0; i < b->hi - b->lo; i++)
		own += 0.125 * b->u[i] * b->u[i] -
		       0.5 * lr->y[b->lo + i] * b->u[i];
	rc = lr_receive_vector(
	    lr, lr_host(lr, 0), "lr_host_loss", &lr->c, &one, err);
	if (rc)
		return rc;
	c = lr->c.v;
	lr_vector_reserve(&lr->other, 1);
	paillier_sums_finish(lr->cross, lr->other.v, &shift);
	paillier_add_many(lr->pub, c, lr->other.v, 1);
	rc = fixed_encode(
	    lr->other.v[0], own, LR_LOSS_SCALE, LR_WIDE_BITS, "the loss", err);
	if (!rc)
		rc = paillier_add_blind_many(lr->pub, c, lr->other.v, 1, err);
	if (!rc)
		rc = lr_send_vector(lr, lr_arbiter(lr), "lr_loss", c, 1, err);
	return rc;
}

/* lr->c = [[d]], d = u / 4 - y / 2: a quarter is two more fractional bits. */
static enum err
make_residuals(
    struct lr *lr, struct batch *b, size_t at, size_t n, struct buf *err)
{
	mpz_t *plain;
	enum err rc = ERR_OK;

	lr_vector_reserve(&lr->other, n);
	plain = lr->other.v;
	for (size_t i = 0; !rc && i < n; i++)
		rc = lr_encode_score(
		    plain[i], b->u[at + i] - 2 * lr->y[b->lo + at + i], err);
	if (rc)
		return rc;
	return paillier_add_blind_many(lr->pub, lr->c.v, plain, n, err);
}

static enum err
run_chunk(struct lr *lr, struct batch *b, size_t at, size_t n, struct buf *err)
{
	struct paillier_factors k = {.n = n};
	enum err rc;

	rc = lr_receive_hosts(lr, "lr_host_forward", n, err);
	if (!rc && b->k) {
		k.x = b->k + at;
		rc = paillier_sums_add(lr->cross, lr->c.v, n, &k, err);
	}
	if (!rc)
		rc = make_residuals(lr, b, at, n, err);
	for (size_t h = 0; !rc && h < lr->n_hosts; h++)
		rc = lr_send_vector(
		    lr, lr_host(lr, h), "lr_residual", lr->c.v, n, err);
	if (!rc)
		rc = lr_add_gradient(
		    lr, lr->c.v, b->lo + at, b->lo + at + n, err);
	return rc;
}

static enum err
run_batch(struct lr *lr, struct batch *b, struct buf *err)
{
	size_t n = b->hi - b->lo;
	enum err rc = ERR_OK;

	b->u = xcalloc(n, sizeof(*b->u));
	lr_data_scores(&lr->train, lr->w,
	    lr->has_intercept ? lr->w[lr->train.d] : 0, b->lo, b->hi, b->u);
	/* the first time: hosts are encrypting */
	lr_masks_ahead(lr, n);
	if (lr->n_hosts == 1)
		rc = make_cross(lr, b, err);
	for (size_t at = 0; !rc && at < n; at += lr_chunk(at, n))
		rc = run_chunk(lr, b, at, lr_chunk(at, n), err);
	if (!rc)
		rc = lr_send_gradient(lr, n, err);
	if (!rc && lr->n_hosts == 1)
		rc = send_loss(lr, b, err);
	/* for the next batch: the host has more to do, then the arbiter */
	if (!rc)
		lr_masks_ahead(lr, n);
	if (!rc)
		rc = lr_take_step(lr, b->iter, err);
	free(b->u);
	free(b->k);
	return rc;
}

static enum err
run_iteration(struct lr *lr, int64_t iter, bool *stop, struct buf *err)
{
	struct batch b;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < lr_batches(lr); i++) {
		b = (struct batch){.iter = iter};
		lr_batch(lr, i, &b.lo, &b.hi);
		rc = run_batch(lr, &b, err);
	}
	if (!rc)
		rc = lr_receive_flags(lr, "arbiter", "lr_converged",
		    "converged", &lr->converged, NULL, NULL, err);
	if (!rc)
		rc = lr_validate_guest(lr, iter, stop, err);
	return rc;
}

enum err
lr_fit_guest(struct lr *lr, struct buf *err)
{
	bool stop = false;
	enum err rc;

	rc = lr_data_signs(&lr->train, &lr->y, err);
	for (int64_t t = 0; !rc && !stop && t < lr->p.max_iter; t++) {
		rc = run_iteration(lr, t, &stop, err);
		lr->iters = t + 1;
		stop = stop || lr->converged;
		task_progress(lr->t, (int)(95 * lr->iters / lr->p.max_iter),
		    "iteration %lld of %lld", (long long)lr->iters,
		    (long long)lr->p.max_iter);
	}
	return rc;
}
