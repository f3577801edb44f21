/*
 * The arbiter's loop: decrypts gradients and batch losses, applies the
 * optimizer to the hosts' and the guest's columns as one vector, says when
 * training has converged.
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/crypto/fixed.h"
#include "task/components/hetero_lr.h"

struct arbiter {
	size_t n_parties;
	size_t *width; /* columns of each: hosts in order, then the guest */
	size_t n_w;
	double *gradient;
	double *delta;
	double *sum; /* of an iteration's deltas */
	struct optimizer *optimizer;
	struct converge_state converge;
};

static const struct mailbox_party *
party(const struct lr *lr, size_t i)
{
	return i < lr->n_hosts ? lr_host(lr, i) : lr_guest(lr);
}

static enum err
grow(struct lr *lr, struct arbiter *a, struct buf *err)
{
	size_t n = a->n_w + 1;

	a->delta = xcalloc(n, sizeof(double));
	a->sum = xcalloc(n, sizeof(double));
	return optimizer_new(&lr->p.optimizer, a->n_w, &a->optimizer, err);
}

static enum err
decrypt_doubles(struct lr *lr, mpz_t *c, size_t n, unsigned scale,
    double divisor, double *out, struct buf *err)
{
	enum err rc;

	rc = paillier_decrypt_many(lr->secret, c, n, err);
	for (size_t i = 0; !rc && i < n; i++)
		out[i] = fixed_decode(c[i], scale) / divisor;
	return rc;
}

static enum err
receive_gradients(
    struct lr *lr, struct arbiter *a, size_t rows, struct buf *err)
{
	size_t at = 0, n;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < a->n_parties; i++) {
		n = a->width[i];
		rc = lr_receive_vector(
		    lr, party(lr, i), "lr_gradient", &lr->c, &n, err);
		if (rc)
			return rc;
		if (!a->width[i]) {
			a->width[i] = n;
			a->n_w += n;
			a->gradient =
			    xreallocarray(a->gradient, a->n_w, sizeof(double));
		}
		rc = decrypt_doubles(lr, lr->c.v, n, LR_GRADIENT_SCALE,
		    (double)rows, a->gradient + at, err);
		at += n;
	}
	return rc;
}

static enum err
run_batch(struct lr *lr, struct arbiter *a, int64_t iter, size_t rows,
    struct buf *err)
{
	size_t at = 0;
	enum err rc;

	rc = receive_gradients(lr, a, rows, err);
	if (!rc && !a->optimizer)
		rc = grow(lr, a, err);
	if (rc)
		return rc;
	optimizer_step(a->optimizer, iter, a->gradient, a->delta);
	for (size_t i = 0; i < a->n_w; i++)
		a->sum[i] += a->delta[i];
	for (size_t i = 0; !rc && i < a->n_parties; i++) {
		rc = lr_send_doubles(lr, party(lr, i), "lr_step", a->delta + at,
		    a->width[i], err);
		at += a->width[i];
	}
	return rc;
}

static enum err
receive_loss(struct lr *lr, double *loss, struct buf *err)
{
	size_t one = 1;
	double batch = 0;
	enum err rc;

	rc = lr_receive_vector(lr, lr_guest(lr), "lr_loss", &lr->c, &one, err);
	if (!rc)
		rc = decrypt_doubles(
		    lr, lr->c.v, 1, LR_LOSS_SCALE, (double)lr->n, &batch, err);
	*loss += batch / (double)lr_batches(lr);
	return rc;
}

static void
report_loss(struct lr *lr, int64_t iter, double loss)
{
	char key[32], value[32];
	cJSON *extras;

	if (iter == 0) {
		extras = cJSON_CreateObject();
		json_add_str(extras, "unit_name", "iters");
		json_add_str(extras, "curve_name", "loss");
		task_metric_meta(
		    lr->t, "train", "loss", "train", "LOSS", extras);
	}
	snprintf(key, sizeof(key), "%lld", (long long)iter);
	num_format_double(loss, value);
	task_metric(lr->t, "train", "loss", key, value);
}

static enum err
run_iteration(struct lr *lr, struct arbiter *a, int64_t iter, struct buf *err)
{
	size_t lo, hi;
	double loss = 0;
	enum err rc = ERR_OK;

	for (size_t i = 0; a->sum && i < a->n_w; i++)
		a->sum[i] = 0;
	for (size_t i = 0; !rc && i < lr_batches(lr); i++) {
		lr_batch(lr, i, &lo, &hi);
		/* the parties wait for the step, not for the loss */
		rc = run_batch(lr, a, iter, hi - lo, err);
		if (!rc && lr->n_hosts == 1)
			rc = receive_loss(lr, &loss, err);
	}
	if (rc)
		return rc;
	if (lr->n_hosts == 1)
		report_loss(lr, iter, loss);
	lr->converged = converge_reached(&a->converge, loss, a->sum, a->n_w);
	return lr_send_flags(
	    lr, "lr_converged", "converged", lr->converged, NULL, false, err);
}

enum err
lr_fit_arbiter(struct lr *lr, struct buf *err)
{
	struct arbiter a = {
	    .n_parties = lr->n_hosts + 1,
	    .converge = {.rule = lr->p.early_stop, .tol = lr->p.tol},
	};
	bool stop = false;
	enum err rc = ERR_OK;

	a.width = xcalloc(a.n_parties, sizeof(*a.width));
	for (int64_t t = 0; !rc && !stop && t < lr->p.max_iter; t++) {
		rc = run_iteration(lr, &a, t, err);
		if (!rc)
			rc = lr_validate_other(lr, t, &stop, err);
		lr->iters = t + 1;
		stop = stop || lr->converged;
		task_progress(lr->t, (int)(95 * lr->iters / lr->p.max_iter),
		    "iteration %lld of %lld", (long long)lr->iters,
		    (long long)lr->p.max_iter);
	}
	optimizer_free(a.optimizer);
	free(a.width);
	free(a.gradient);
	free(a.delta);
	free(a.sum);
	return rc;
}
