/*
 * The three models: a row of formulas each, and the two ways in which a
 * batch's rows become residuals. A quadratic loss needs the hosts' scores
 * added up; Poisson's needs its host's exponential multiplied by the guest's.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/glm_output.h"
#include "task/components/glm_steps.h"

#include <math.h>

/* ---- rows to residuals ---- */

static enum err
send_scores(struct glm *glm, const struct glm_batch *b, struct buf *err)
{
	return glm_send_scores(
	    glm, "glm_host_forward", b->u, b->hi - b->lo, err);
}

/* glm->c += the guest's part of d, made random. */
static enum err
add_own(struct glm *glm, const double *d, size_t n, struct buf *err)
{
	unsigned scale = glm->model->d_scale;
	enum err rc = ERR_OK;

	glm_vector_reserve(&glm->other, n);
	for (size_t i = 0; !rc && i < n; i++)
		rc = fixed_encode(glm->other.v[i], d[i], scale,
		    scale + GLM_WHOLE_BITS, "a row's residual", err);
	if (rc)
		return rc;
	return paillier_add_blind_many(
	    glm->pub, glm->c.v, glm->other.v, n, err);
}

/* c u_h at d_scale is u_h at GLM_U_SCALE: c is a power of two. */
static enum err
residuals_of_sum(struct glm *glm, const struct glm_batch *b, size_t at,
    size_t n, struct buf *err)
{
	struct paillier_factors k = {.n = n};
	enum err rc;

	rc = glm_receive_hosts(glm, "glm_host_forward", n, err);
	if (!rc && b->has_loss) {
		k.x = b->k + at;
		rc = paillier_sums_add(glm->cross, glm->c.v, n, &k, err);
	}
	return rc ? rc : add_own(glm, b->d + at, n, err);
}

/* A chunk of both, so that the guest has what it works on. */
static enum err
send_exponentials(struct glm *glm, const struct glm_batch *b, struct buf *err)
{
	double *mu = xcalloc(GLM_CHUNK, sizeof(*mu));
	size_t n, rows = b->hi - b->lo;
	enum err rc = ERR_OK;

	for (size_t at = 0; !rc && at < rows; at += n) {
		n = glm_chunk(at, rows);
		for (size_t i = 0; i < n; i++)
			mu[i] = exp(b->u[at + i]);
		rc = glm_send_chunk(glm, "glm_host_forward", mu, n, err);
		if (!rc)
			rc = glm_send_chunk(
			    glm, "glm_host_log", b->u + at, n, err);
	}
	free(mu);
	return rc;
}

/* The part of the loss that is known by the rows of a chunk. */
static enum err
add_loss(struct glm *glm, const struct glm_batch *b, size_t at, size_t n,
    struct buf *err)
{
	struct paillier_sums_size size = {.columns = 1,
	    .rows = b->hi - b->lo,
	    .portion = glm_chunk(0, b->hi - b->lo),
	    .x_bits = 1};
	struct paillier_factors ones = {.n = n}, k = {.x = b->k + at, .n = n};
	enum err rc;

	if (!glm->total)
		glm->total = paillier_sums_new(glm->pub, &size);
	rc = paillier_sums_add(glm->total, glm->c.v, n, &ones, err);
	if (!rc)
		rc = glm_receive_vector(glm, glm_host(glm, 0), "glm_host_log",
		    &glm->other, &n, err);
	if (!rc)
		rc = paillier_sums_add(glm->cross, glm->other.v, n, &k, err);
	return rc;
}

/* The power makes nothing random, adding y does. */
static enum err
residuals_of_product(struct glm *glm, const struct glm_batch *b, size_t at,
    size_t n, struct buf *err)
{
	enum err rc;

	rc = glm_receive_vector(
	    glm, glm_host(glm, 0), "glm_host_forward", &glm->c, &n, err);
	if (rc)
		return rc;
	glm_vector_reserve(&glm->other, n);
	for (size_t i = 0; !rc && i < n; i++)
		rc = glm_encode_score(glm->other.v[i], exp(b->u[at + i]), err);
	if (!rc)
		rc =
		    paillier_mul_many(glm->pub, glm->c.v, glm->other.v, n, err);
	if (!rc)
		rc = add_own(glm, b->d + at, n, err);
	return rc ? rc : add_loss(glm, b, at, n, err);
}

/* ---- formulas ---- */

static enum err
real_labels(const struct glm *glm, const struct glm_data *data, double **out,
    struct buf *err)
{
	(void)glm;
	return glm_labels_real(data, out, err);
}

static enum err
count_labels(const struct glm *glm, const struct glm_data *data, double **out,
    struct buf *err)
{
	(void)glm;
	return glm_labels_count(data, out, err);
}

/* 1 and -1: the class that is fitted, and the others */
static enum err
sign_labels(const struct glm *glm, const struct glm_data *data, double **out,
    struct buf *err)
{
	enum err rc = glm_labels_real(data, out, err);

	for (size_t i = 0; !rc && i < data->n; i++)
		(*out)[i] = (*out)[i] == glm->positive ? 1 : -1;
	return rc;
}

static double
same(double v)
{
	return v;
}

static double
half(double y)
{
	return 0.5 * y;
}

/* ln(1 + e^-yu) to the second order, less ln 2 */
static double
logistic_loss(double u, double y)
{
	return 0.125 * u * u - 0.5 * y * u;
}

static double
linear_loss(double u, double y)
{
	return 0.5 * (u - y) * (u - y);
}

/* The sum of all mu is that of all d and of all y. */
static double
poisson_loss(double u, double y)
{
	return y - y * u;
}

static double
misfit(double n, double loss)
{
	return 2 * n * loss;
}

static double
linear_misfit(double n, double loss)
{
	return n * log(2 * loss);
}

const struct glm_model glm_logistic = {
    .module = "HeteroLR",
    .buffer = "HeteroLogisticRegression",
    .eval = EVAL_BINARY,
    .curvature = 0.25,
    .d_scale = GLM_U_SCALE + 2,
    .d_bits = GLM_SUM_BITS + 2,
    .loss_base = M_LN2,
    .labels = sign_labels,
    .target = half,
    .row_loss = logistic_loss,
    .link = sigmoid,
    .misfit = misfit,
    .send_rows = send_scores,
    .residuals = residuals_of_sum,
    .write = glm_write_logistic,
    .read = glm_read_logistic,
};

const struct glm_model glm_linear = {
    .module = "HeteroLinR",
    .buffer = "HeteroLinearRegression",
    .eval = EVAL_REGRESSION,
    .curvature = 1,
    .d_scale = GLM_U_SCALE,
    .d_bits = GLM_SUM_BITS + 1,
    .labels = real_labels,
    .target = same,
    .row_loss = linear_loss,
    .link = same,
    .misfit = linear_misfit,
    .send_rows = send_scores,
    .residuals = residuals_of_sum,
    .write = glm_write_linear,
    .read = glm_read_regression,
};

const struct glm_model glm_poisson = {
    .module = "HeteroPoisson",
    .buffer = "HeteroPoissonRegression",
    .eval = EVAL_REGRESSION,
    .is_one_host = true,
    .has_exposure = true,
    .d_scale = 2 * GLM_U_SCALE,
    .d_bits = 2 * GLM_U_BITS + 1,
    .labels = count_labels,
    .target = same,
    .row_loss = poisson_loss,
    .link = exp,
    .misfit = misfit,
    .send_rows = send_exponentials,
    .residuals = residuals_of_product,
    .write = glm_write_poisson,
    .read = glm_read_regression,
};
