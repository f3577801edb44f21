/*
 * Poisson regression. A row's mean is the product of the parties'
 * exponentials, so the guest raises the host's ciphertext to its own; and its
 * loss needs the scores' logarithms, of which the host's part, sum y u_h, is
 * w_h . X_h^T y: the host sums the labels up once, under encryption.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/glm_output.h"
#include "task/components/glm_steps.h"

#include <math.h>

static enum err
send_exponentials(struct glm *glm, const struct glm_batch *b, struct buf *err)
{
	size_t n = b->hi - b->lo;
	double *mu = xcalloc(n, sizeof(*mu));
	enum err rc;

	for (size_t i = 0; i < n; i++)
		mu[i] = exp(b->u[i]);
	rc = glm_send_scores(glm, "glm_host_forward", mu, n, err);
	free(mu);
	return rc;
}

/* The power makes nothing random, adding y does. */
static enum err
residuals_of_product(struct glm *glm, const struct glm_batch *b, size_t at,
    size_t n, struct buf *err)
{
	enum err rc;

	rc = glm_receive_ciphers(
	    glm, glm_host(glm, 0), "glm_host_forward", &glm->c, n, err);
	if (rc)
		return rc;
	exchange_vector_reserve(&glm->other, n);
	for (size_t i = 0; !rc && i < n; i++)
		rc = glm_encode_score(glm->other.v[i], exp(b->u[at + i]), err);
	if (!rc)
		rc =
		    paillier_mul_many(glm->pub, glm->c.v, glm->other.v, n, err);
	if (!rc)
		rc = glm_add_own(glm, b->d + at, n, err);
	return rc;
}

/* ---- what of Poisson's loss crosses: sum y u_h = w_h . X_h^T y ---- */

/* [[y]] of the batch, once: the host multiplies it by what it likes. */
static enum err
send_labels(struct glm *glm, const struct glm_batch *b, struct buf *err)
{
	size_t n, rows = b->hi - b->lo;
	const double *y = b->y + b->lo;
	enum err rc = ERR_OK;

	for (size_t at = 0; !rc && at < rows; at += n) {
		n = glm_chunk(at, rows);
		exchange_vector_reserve(&glm->c, n);
		for (size_t i = 0; !rc && i < n; i++)
			rc = glm_encode_score(glm->c.v[i], y[at + i], err);
		if (!rc)
			rc = paillier_encrypt_many(glm->pub, glm->c.v, n, err);
		if (!rc)
			rc = glm_send_ciphers(
			    glm, glm_host(glm, 0), "glm_labels", n, err);
	}
	return rc;
}

/* As a gradient is summed, of y in place of d. */
static enum err
sum_labels(struct glm *glm, const struct glm_batch *b, struct buf *err)
{
	struct exchange_vector *out;
	enum err rc;

	if (!glm->label_sums)
		glm->label_sums =
		    xcalloc(glm_batches(glm), sizeof(*glm->label_sums));
	rc = glm_sum_rows(glm, b, "glm_labels", err);
	if (rc || glm->n_w == 0)
		return rc;
	out = &glm->label_sums[b->index];
	exchange_vector_reserve(out, glm->n_w);
	paillier_sums_finish(b->set->sums, out->v, b->set->shift);
	return ERR_OK;
}

/* glm->c = [[- w . X^T y]] */
static enum err
cross_labels(struct glm *glm, const struct glm_batch *b, struct buf *err)
{
	size_t d = glm->n_w;
	struct paillier_sums_size size = {
	    .columns = 1, .rows = d, .portion = d, .x_bits = GLM_CROSS_BITS};
	struct paillier_factors k = {.n = d};
	unsigned shift;
	int scale;
	double *minus;
	int64_t *x;
	enum err rc = b->is_first ? sum_labels(glm, b, err) : ERR_OK;

	if (rc || d == 0)
		return rc;
	if (!glm->cross)
		glm->cross = paillier_sums_new(glm->pub, &size);
	minus = xcalloc(d, sizeof(*minus));
	x = xcalloc(d, sizeof(*x));
	for (size_t j = 0; j < d; j++)
		minus[j] = -b->w[j];
	rc = glm_grown(
	    fixed_vector(minus, d, GLM_CROSS_FORM, x, &scale, "a weight", err),
	    err);
	k.x = x;
	if (!rc)
		rc = paillier_sums_add(
		    glm->cross, glm->label_sums[b->index].v, d, &k, err);
	if (!rc) {
		shift = GLM_FACTOR_SCALE - (unsigned)scale;
		paillier_sums_finish(glm->cross, glm->c.v, &shift);
	}
	free(minus);
	free(x);
	return rc;
}

/* ---- formulas ---- */

static enum err
count_labels(const struct glm *glm, const struct glm_data *data, double **out,
    struct buf *err)
{
	(void)glm;
	return glm_labels_count(data, out, err);
}

/* The sum of all mu is that of all d and of all y. */
static double
poisson_loss(double u, double y)
{
	return y - y * u;
}

const struct glm_model glm_poisson = {
    .module = "HeteroPoisson",
    .buffer = "HeteroPoissonRegression",
    .eval = EVAL_REGRESSION,
    .is_one_host = true,
    .has_exposure = true,
    .d_scale = 2 * GLM_U_SCALE,
    .d_bits = 2 * GLM_U_BITS + 1,
    .loss_scale = GLM_LOSS_SCALE + GLM_FACTOR_SCALE,
    .labels = count_labels,
    .target = glm_same,
    .row_loss = poisson_loss,
    .link = exp,
    .misfit = glm_misfit,
    .begin = send_labels,
    .send_rows = send_exponentials,
    .cross = cross_labels,
    .residuals = residuals_of_product,
    .write = glm_write_poisson,
    .read = glm_read_regression,
};
