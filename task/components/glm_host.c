/* The host's batches: scores out under encryption, residuals in. */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/glm_steps.h"

/* [[n * penalty + sum c u^2 / 2]]: the host's own part of the loss. */
static enum err
send_loss_part(struct glm *glm, const struct glm_batch *b, struct buf *err)
{
	const struct glm_model *m = glm->model;
	double half = 0.5 * m->curvature;
	double sum = (double)glm->n * penalty_loss(glm->p.penalty, glm->p.alpha,
					  b->w, glm->train.d);
	enum err rc = ERR_OK;

	for (size_t i = 0; i < b->hi - b->lo; i++)
		sum += half * b->u[i] * b->u[i];
	exchange_vector_reserve(&glm->c, 1);
	/* a bare [[0]] */
	mpz_set_ui(glm->c.v[0], 1);
	if (m->cross)
		rc = m->cross(glm, b, err);
	exchange_vector_reserve(&glm->other, 1);
	if (!rc)
		rc = glm_grown(fixed_encode(glm->other.v[0], sum, m->loss_scale,
				   GLM_WIDE_BITS, "the loss", err),
		    err);
	if (!rc)
		rc = paillier_add_blind_many(
		    glm->pub, glm->c.v, glm->other.v, 1, err);
	if (!rc)
		rc = glm_send_ciphers(
		    glm, glm_guest(glm), "glm_host_loss", 1, err);
	return rc;
}

enum err
glm_batch_host(struct glm *glm, struct glm_batch *b, struct buf *err)
{
	size_t n = b->hi - b->lo;
	enum err rc;

	glm_batch_score(glm, b);
	rc = glm->model->send_rows(glm, b, err);
	if (!rc && b->has_loss)
		rc = send_loss_part(glm, b, err);
	/* the guest takes about as long, the arbiter thrice as long */
	if (!rc)
		glm_masks_ahead(glm, n / 4);
	if (!rc)
		rc = glm_sum_rows(glm, b, "glm_residual", err);
	if (!rc)
		rc = glm_send_gradient(glm, b, err);
	if (!rc)
		glm_masks_ahead(glm, n);
	glm_batch_end(b);
	return rc;
}

enum err
glm_fit_host(struct glm *glm, struct buf *err)
{
	static const struct glm_side side = {
	    glm_batch_host, glm_validate_other};

	return glm_iterate(glm, &side, err);
}
