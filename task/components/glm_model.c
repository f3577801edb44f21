/*
 * The two models of a quadratic loss: a row of formulas each. A batch's rows
 * become residuals by adding the hosts' scores up. Poisson's is glm_poisson.c.
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

/* c u_h at d_scale is u_h at GLM_U_SCALE: c is a power of two. */
static enum err
residuals_of_sum(struct glm *glm, const struct glm_batch *b, size_t at,
    size_t n, struct buf *err)
{
	enum err rc = glm_receive_hosts(glm, "glm_host_forward", n, err);

	return rc ? rc : glm_add_own(glm, b->d + at, n, err);
}

/* ---- formulas ---- */

static enum err
real_labels(const struct glm *glm, const struct glm_data *data, double **out,
    struct buf *err)
{
	(void)glm;
	return glm_labels_real(data, out, err);
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

double
glm_same(double v)
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

double
glm_misfit(double n, double loss)
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
    .loss_scale = GLM_LOSS_SCALE,
    .loss_base = M_LN2,
    .labels = sign_labels,
    .target = half,
    .row_loss = logistic_loss,
    .link = sigmoid,
    .misfit = glm_misfit,
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
    .loss_scale = GLM_LOSS_SCALE,
    .labels = real_labels,
    .target = glm_same,
    .row_loss = linear_loss,
    .link = glm_same,
    .misfit = linear_misfit,
    .send_rows = send_scores,
    .residuals = residuals_of_sum,
    .write = glm_write_linear,
    .read = glm_read_regression,
};
