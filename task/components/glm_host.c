/* The host's loop: scores out under encryption, residuals in. */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/glm.h"

/* [[n * penalty + sum u^2 / 8]]: the host's own part of the loss. */
static enum err
send_loss_part(struct glm *glm, const double *u, size_t n, struct buf *err)
{
	mpz_t *c;
	double sum = (double)glm->n * penalty_loss(glm->p.penalty, glm->p.alpha,
					  glm->w, glm->train.d);
	enum err rc;

	glm_vector_reserve(&glm->c, 1);
	c = glm->c.v;
	for (size_t i = 0; i < n; i++)
		sum += 0.125 * u[i] * u[i];
	rc = fixed_encode(
	    c[0], sum, GLM_LOSS_SCALE, GLM_WIDE_BITS, "the loss", err);
	if (!rc)
		rc = paillier_encrypt_many(glm->pub, c, 1, err);
	if (!rc)
		rc = glm_send_vector(
		    glm, glm_guest(glm), "glm_host_loss", c, 1, err);
	return rc;
}

static enum err
receive_residuals(struct glm *glm, size_t lo, size_t hi, struct buf *err)
{
	size_t n;
	enum err rc = ERR_OK;

	for (size_t at = lo; !rc && at < hi; at += n) {
		n = glm_chunk(at, hi);
		rc = glm_receive_vector(
		    glm, glm_guest(glm), "glm_residual", &glm->c, &n, err);
		if (!rc)
			rc = glm_add_gradient(glm, glm->c.v, at, at + n, err);
	}
	return rc;
}

static enum err
run_batch(struct glm *glm, int64_t iter, size_t lo, size_t hi, struct buf *err)
{
	size_t n = hi - lo;
	double *u = xcalloc(n, sizeof(*u));
	enum err rc;

	glm_data_scores(&glm->train, glm->w, 0, lo, hi, u);
	rc = glm_send_scores(glm, "glm_host_forward", u, n, err);
	if (!rc && glm->n_hosts == 1)
		rc = send_loss_part(glm, u, n, err);
	free(u);
	if (rc)
		return rc;
	/* the guest takes about as long, the arbiter thrice as long */
	glm_masks_ahead(glm, n / 4);
	rc = receive_residuals(glm, lo, hi, err);
	if (!rc)
		rc = glm_send_gradient(glm, n, err);
	if (!rc)
		glm_masks_ahead(glm, n);
	if (!rc)
		rc = glm_take_step(glm, iter, err);
	return rc;
}

enum err
glm_fit_host(struct glm *glm, struct buf *err)
{
	size_t lo, hi;
	bool stop = false;
	enum err rc = ERR_OK;

	for (int64_t t = 0; !rc && !stop && t < glm->p.max_iter; t++) {
		for (size_t i = 0; !rc && i < glm_batches(glm); i++) {
			glm_batch(glm, i, &lo, &hi);
			rc = run_batch(glm, t, lo, hi, err);
		}
		if (!rc)
			rc = glm_receive_flags(glm, "arbiter", "glm_converged",
			    "converged", &glm->converged, NULL, NULL, err);
		if (!rc)
			rc = glm_validate_other(glm, t, &stop, err);
		glm->iters = t + 1;
		stop = stop || glm->converged;
		task_progress(glm->t, (int)(95 * glm->iters / glm->p.max_iter),
		    "iteration %lld of %lld", (long long)glm->iters,
		    (long long)glm->p.max_iter);
	}
	return rc;
}
