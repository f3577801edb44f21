/*
 * The loop of guest and hosts: all batches, the arbiter's word whether that
 * was enough, and a validation.
 */
#include "task/components/glm_steps.h"

static enum err
run_iteration(struct glm *glm, const struct glm_side *side, int64_t iter,
    bool *stop, struct buf *err)
{
	struct glm_batch b = {.set = &glm->set,
	    .w = glm->w,
	    .tag = "glm_gradient",
	    .is_first = iter == 0,
	    .has_loss = glm->n_hosts == 1,
	    .y = glm->y};
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < glm_batches(glm); i++) {
		b.index = i;
		glm_batch_at(glm, i, &b.lo, &b.hi);
		rc = side->batch(glm, &b, err);
		if (!rc)
			rc = glm_take_step(glm, iter, err);
		if (!rc)
			rc = glm_sqn_answer(glm, err);
	}
	if (!rc)
		rc = glm_receive_flags(glm, "arbiter", "glm_converged",
		    "converged", &glm->converged, NULL, NULL, err);
	if (!rc)
		rc = side->validate(glm, iter, stop, err);
	return rc;
}

enum err
glm_iterate(struct glm *glm, const struct glm_side *side, struct buf *err)
{
	bool stop = false;
	enum err rc = ERR_OK;

	/* one a row; it may converge in half of the iterations */
	paillier_masks_expected(
	    glm->pub, glm->n * ((size_t)glm->p.max_iter / 2 + 1));
	for (int64_t t = 0; !rc && !stop && t < glm->p.max_iter; t++) {
		rc = run_iteration(glm, side, t, &stop, err);
		glm_count(glm, t);
		stop = stop || glm->converged;
	}
	return rc;
}
