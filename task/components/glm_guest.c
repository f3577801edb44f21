/*
 * The guest's loop: it holds the labels, builds the residuals and, with one
 * host, the loss, both under encryption.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/glm.h"

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
penalty(const struct glm *glm)
{
	return penalty_loss(glm->p.penalty, glm->p.alpha, glm->w, glm->train.d);
}

/* k = u_g / 4 - y / 2 as integers: the factors of u_h in the loss. */
static enum err
make_cross(struct glm *glm, struct batch *b, struct buf *err)
{
	size_t n = b->hi - b->lo;
	struct paillier_sums_size size = {.columns = 1,
	    .rows = n,
	    .portion = glm_chunk(0, n),
	    .x_bits = GLM_CROSS_BITS};
	double *k = xcalloc(n, sizeof(*k));
	enum err rc;

	if (!glm->cross)
		glm->cross = paillier_sums_new(glm->pub, &size);
	b->k = xcalloc(n, sizeof(*b->k));
	for (size_t i = 0; i < n; i++)
		k[i] = 0.25 * b->u[i] - 0.5 * glm->y[b->lo + i];
	rc = fixed_vector(k, n, GLM_CROSS_BITS, GLM_FACTOR_SCALE, b->k,
	    &b->k_scale, "a factor of the loss", err);
	free(k);
	return rc;
}

/*
 * [[n * loss]], complete but for nothing: ln 2 and penalties are in it, and
 * the sum of k_i u_h.
 */
static enum err
send_loss(struct glm *glm, const struct batch *b, struct buf *err)
{
	double own = (double)glm->n * (log(2) + penalty(glm));
	unsigned shift = GLM_FACTOR_SCALE - b->k_scale;
	mpz_t *c;
	size_t one = 1;
	enum err rc;

	for (size_t i = 0; i < b->hi - b->lo; i++)
		own += 0.125 * b->u[i] * b->u[i] -
		       0.5 * glm->y[b->lo + i] * b->u[i];
	rc = glm_receive_vector(
	    glm, glm_host(glm, 0), "glm_host_loss", &glm->c, &one, err);
	if (rc)
		return rc;
	c = glm->c.v;
	glm_vector_reserve(&glm->other, 1);
	paillier_sums_finish(glm->cross, glm->other.v, &shift);
	paillier_add_many(glm->pub, c, glm->other.v, 1);
	rc = fixed_encode(glm->other.v[0], own, GLM_LOSS_SCALE, GLM_WIDE_BITS,
	    "the loss", err);
	if (!rc)
		rc = paillier_add_blind_many(glm->pub, c, glm->other.v, 1, err);
	if (!rc)
		rc = glm_send_vector(
		    glm, glm_arbiter(glm), "glm_loss", c, 1, err);
	return rc;
}

/* glm->c = [[d]], d = u / 4 - y / 2: a quarter is two more fractional bits. */
static enum err
make_residuals(
    struct glm *glm, struct batch *b, size_t at, size_t n, struct buf *err)
{
	mpz_t *plain;
	enum err rc = ERR_OK;

	glm_vector_reserve(&glm->other, n);
	plain = glm->other.v;
	for (size_t i = 0; !rc && i < n; i++)
		rc = glm_encode_score(
		    plain[i], b->u[at + i] - 2 * glm->y[b->lo + at + i], err);
	if (rc)
		return rc;
	return paillier_add_blind_many(glm->pub, glm->c.v, plain, n, err);
}

static enum err
run_chunk(
    struct glm *glm, struct batch *b, size_t at, size_t n, struct buf *err)
{
	struct paillier_factors k = {.n = n};
	enum err rc;

	rc = glm_receive_hosts(glm, "glm_host_forward", n, err);
	if (!rc && b->k) {
		k.x = b->k + at;
		rc = paillier_sums_add(glm->cross, glm->c.v, n, &k, err);
	}
	if (!rc)
		rc = make_residuals(glm, b, at, n, err);
	for (size_t h = 0; !rc && h < glm->n_hosts; h++)
		rc = glm_send_vector(
		    glm, glm_host(glm, h), "glm_residual", glm->c.v, n, err);
	if (!rc)
		rc = glm_add_gradient(
		    glm, glm->c.v, b->lo + at, b->lo + at + n, err);
	return rc;
}

static enum err
run_batch(struct glm *glm, struct batch *b, struct buf *err)
{
	size_t n = b->hi - b->lo;
	enum err rc = ERR_OK;

	b->u = xcalloc(n, sizeof(*b->u));
	glm_data_scores(&glm->train, glm->w,
	    glm->has_intercept ? glm->w[glm->train.d] : 0, b->lo, b->hi, b->u);
	/* the first time: hosts are encrypting */
	glm_masks_ahead(glm, n);
	if (glm->n_hosts == 1)
		rc = make_cross(glm, b, err);
	for (size_t at = 0; !rc && at < n; at += glm_chunk(at, n))
		rc = run_chunk(glm, b, at, glm_chunk(at, n), err);
	if (!rc)
		rc = glm_send_gradient(glm, n, err);
	if (!rc && glm->n_hosts == 1)
		rc = send_loss(glm, b, err);
	/* for the next batch: the host has more to do, then the arbiter */
	if (!rc)
		glm_masks_ahead(glm, n);
	if (!rc)
		rc = glm_take_step(glm, b->iter, err);
	free(b->u);
	free(b->k);
	return rc;
}

static enum err
run_iteration(struct glm *glm, int64_t iter, bool *stop, struct buf *err)
{
	struct batch b;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < glm_batches(glm); i++) {
		b = (struct batch){.iter = iter};
		glm_batch(glm, i, &b.lo, &b.hi);
		rc = run_batch(glm, &b, err);
	}
	if (!rc)
		rc = glm_receive_flags(glm, "arbiter", "glm_converged",
		    "converged", &glm->converged, NULL, NULL, err);
	if (!rc)
		rc = glm_validate_guest(glm, iter, stop, err);
	return rc;
}

enum err
glm_fit_guest(struct glm *glm, struct buf *err)
{
	bool stop = false;
	enum err rc;

	rc = glm_data_signs(&glm->train, &glm->y, err);
	for (int64_t t = 0; !rc && !stop && t < glm->p.max_iter; t++) {
		rc = run_iteration(glm, t, &stop, err);
		glm->iters = t + 1;
		stop = stop || glm->converged;
		task_progress(glm->t, (int)(95 * glm->iters / glm->p.max_iter),
		    "iteration %lld of %lld", (long long)glm->iters,
		    (long long)glm->p.max_iter);
	}
	return rc;
}
