/*
 * The arbiter's loop: decrypts gradients and batch losses, applies the
 * optimizer to the hosts' and the guest's columns as one vector, says when
 * training has converged.
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/crypto/fixed.h"
#include "lib/math/sqn.h"
#include "task/components/glm_steps.h"

#include <math.h>

struct arbiter {
	size_t n_parties;
	size_t *width; /* columns of each: hosts in order, then the guest */
	size_t n_w;
	double *gradient;
	double *delta;
	double *sum; /* of an iteration's deltas */
	struct optimizer *optimizer;
	struct sqn *sqn;  /* or NULL */
	double *position; /* sqn: where the steps have led from the start */
	double *s;	  /* sqn: the last change of its mean */
	struct converge_state converge;
};

static const struct mailbox_party *
party(const struct glm *glm, size_t i)
{
	return i < glm->n_hosts ? glm_host(glm, i) : glm_guest(glm);
}

static enum err
grow(struct glm *glm, struct arbiter *a, struct buf *err)
{
	struct optimizer_param param = glm->p.optimizer;
	size_t n = a->n_w + 1;

	if (glm->p.is_sqn) {
		/* a step along H g instead of g */
		param.name = "sgd";
		a->sqn =
		    sqn_new(a->n_w, glm->p.sqn_interval, glm->p.sqn_memory);
		a->position = xcalloc(n, sizeof(double));
		a->s = xcalloc(n, sizeof(double));
	}
	a->delta = xcalloc(n, sizeof(double));
	a->sum = xcalloc(n, sizeof(double));
	return optimizer_new(&param, a->n_w, &a->optimizer, err);
}

static enum err
decrypt_doubles(struct glm *glm, mpz_t *c, size_t n, unsigned scale,
    double divisor, double *out, struct buf *err)
{
	enum err rc;

	rc = paillier_decrypt_many(glm->secret, c, n, err);
	for (size_t i = 0; !rc && i < n; i++)
		out[i] = fixed_decode(c[i], scale) / divisor;
	return rc;
}

/* The gradients of so many rows, one behind the other, into a->gradient. */
static enum err
receive_gradients(struct glm *glm, struct arbiter *a, const char *tag,
    size_t rows, struct buf *err)
{
	struct exchange_ciphers c = {.tag = tag, .pub = glm->pub, .v = &glm->c};
	size_t at = 0;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < a->n_parties; i++) {
		c.n = a->width[i];
		if (c.n == 0 && glm->widths)
			continue;
		rc = exchange_receive_ciphers(glm->t, party(glm, i), &c, err);
		if (rc)
			return rc;
		if (!a->width[i]) {
			a->width[i] = c.n;
			a->n_w += c.n;
			a->gradient =
			    xreallocarray(a->gradient, a->n_w, sizeof(double));
		}
		rc = decrypt_doubles(glm, glm->c.v, c.n,
		    glm->model->d_scale + GLM_FACTOR_SCALE, (double)rows,
		    a->gradient + at, err);
		at += c.n;
	}
	return rc;
}

/* Each party its own columns of v. */
static enum err
send_slices(struct glm *glm, const struct arbiter *a, const char *tag,
    const double *v, struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < a->n_parties; i++) {
		if (a->width[i] == 0)
			continue;
		rc = glm_send_doubles(
		    glm, party(glm, i), tag, v, a->width[i], err);
		v += a->width[i];
	}
	return rc;
}

static enum err
run_batch(struct glm *glm, struct arbiter *a, int64_t iter, size_t rows,
    struct buf *err)
{
	enum err rc;

	rc = receive_gradients(glm, a, "glm_gradient", rows, err);
	if (!rc && !a->optimizer)
		rc = grow(glm, a, err);
	if (rc)
		return rc;
	if (a->sqn)
		sqn_direction(a->sqn, a->gradient);
	optimizer_step(a->optimizer, iter, a->gradient, a->delta);
	for (size_t i = 0; i < a->n_w; i++)
		a->sum[i] += a->delta[i];
	return send_slices(glm, a, "glm_step", a->delta, err);
}

/* A step is done; now and then its mean change asks for the curvature. */
static enum err
run_curvature(struct glm *glm, struct arbiter *a, struct buf *err)
{
	double most = 0;
	bool due;
	enum err rc;

	if (!a->sqn)
		return ERR_OK;
	glm->steps++;
	due = sqn_add_weights(a->sqn, a->position, a->s);
	for (size_t i = 0; i < a->n_w; i++)
		a->position[i] -= a->delta[i];
	if (!due)
		return ERR_OK;
	for (size_t i = 0; i < a->n_w; i++)
		most = fmax(most, fabs(a->s[i]));
	for (size_t i = 0; most > 0 && i < a->n_w; i++)
		a->s[i] /= most;
	rc = send_slices(glm, a, "glm_direction", a->s, err);
	if (!rc)
		rc = receive_gradients(
		    glm, a, "glm_curvature", glm_sqn_rows(glm), err);
	if (!rc && !sqn_add_pair(a->sqn, a->s, a->gradient))
		task_log(glm->t,
		    "no curvature is found after step %lld; sqn goes on with "
		    "what it has",
		    (long long)glm->steps);
	return rc;
}

static enum err
receive_loss(struct glm *glm, double *loss, struct buf *err)
{
	double batch = 0;
	enum err rc;

	rc = glm_receive_ciphers(
	    glm, glm_guest(glm), "glm_loss", &glm->c, 1, err);
	if (!rc)
		rc = decrypt_doubles(glm, glm->c.v, 1, glm->model->loss_scale,
		    (double)glm->n, &batch, err);
	*loss += batch / (double)glm_batches(glm);
	return rc;
}

/* One loss for each class would say little: with several none is told. */
static void
report_loss(struct glm *glm, int64_t iter, double loss)
{
	char name[40] = "loss", curve[24] = "loss", key[32], value[32];
	cJSON *extras;

	if (glm->n_models > 1 || glm->is_quiet)
		return;
	if (glm->fold >= 0) {
		snprintf(curve, sizeof(curve), "%lld", (long long)glm->fold);
		snprintf(name, sizeof(name), "loss.%s", curve);
	}
	if (iter == 0) {
		extras = cJSON_CreateObject();
		json_add_str(extras, "unit_name", "iters");
		json_add_str(extras, "curve_name", curve);
		task_metric_meta(
		    glm->t, "train", name, "train", "LOSS", extras);
	}
	snprintf(key, sizeof(key), "%lld", (long long)iter);
	num_format_double(loss, value);
	task_metric(glm->t, "train", name, key, value);
}

static enum err
run_iteration(struct glm *glm, struct arbiter *a, int64_t iter, struct buf *err)
{
	size_t lo, hi;
	double loss = 0;
	enum err rc = ERR_OK;

	for (size_t i = 0; a->sum && i < a->n_w; i++)
		a->sum[i] = 0;
	for (size_t i = 0; !rc && i < glm_batches(glm); i++) {
		glm_batch_at(glm, i, &lo, &hi);
		/* the parties wait for the step, not for the loss */
		rc = run_batch(glm, a, iter, hi - lo, err);
		if (!rc && glm->n_hosts == 1)
			rc = receive_loss(glm, &loss, err);
		if (!rc)
			rc = run_curvature(glm, a, err);
	}
	if (rc)
		return rc;
	glm->loss = loss;
	if (glm->n_hosts == 1)
		report_loss(glm, iter, loss);
	glm->converged = converge_reached(&a->converge, loss, a->sum, a->n_w);
	return glm_send_flags(glm, "glm_converged", "converged", glm->converged,
	    NULL, false, err);
}

enum err
glm_fit_arbiter(struct glm *glm, struct buf *err)
{
	struct arbiter a = {
	    .n_parties = glm->n_hosts + 1,
	    .converge = {.rule = glm->p.early_stop, .tol = glm->p.tol},
	};
	bool stop = false;
	enum err rc = ERR_OK;

	a.width = xcalloc(a.n_parties, sizeof(*a.width));
	for (size_t i = 0; glm->widths && i < a.n_parties; i++) {
		a.width[i] = glm->widths[i];
		a.n_w += a.width[i];
	}
	if (glm->widths)
		a.gradient = xcalloc(a.n_w + 1, sizeof(double));
	for (int64_t t = 0; !rc && !stop && t < glm->p.max_iter; t++) {
		rc = run_iteration(glm, &a, t, err);
		if (!rc)
			rc = glm_validate_other(glm, t, &stop, err);
		glm_count(glm, t);
		stop = stop || glm->converged;
	}
	optimizer_free(a.optimizer);
	sqn_free(a.sqn);
	free(a.position);
	free(a.s);
	free(a.width);
	free(a.gradient);
	free(a.delta);
	free(a.sum);
	return rc;
}
