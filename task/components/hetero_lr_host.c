/* The host's loop: scores out under encryption, residuals in. */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/hetero_lr.h"

/* [[n * penalty + sum u^2 / 8]]: the host's own part of the loss. */
static enum err
send_loss_part(struct lr *lr, const double *u, size_t n, struct buf *err)
{
	mpz_t *c;
	double sum = (double)lr->n * penalty_loss(lr->p.penalty, lr->p.alpha,
					 lr->w, lr->train.d);
	enum err rc;

	lr_vector_reserve(&lr->c, 1);
	c = lr->c.v;
	for (size_t i = 0; i < n; i++)
		sum += 0.125 * u[i] * u[i];
	rc = fixed_encode(
	    c[0], sum, LR_LOSS_SCALE, LR_WIDE_BITS, "the loss", err);
	if (!rc)
		rc = paillier_encrypt_many(lr->pub, c, 1, err);
	if (!rc)
		rc =
		    lr_send_vector(lr, lr_guest(lr), "lr_host_loss", c, 1, err);
	return rc;
}

static enum err
receive_residuals(struct lr *lr, size_t lo, size_t hi, struct buf *err)
{
	size_t n;
	enum err rc = ERR_OK;

	for (size_t at = lo; !rc && at < hi; at += n) {
		n = lr_chunk(at, hi);
		rc = lr_receive_vector(
		    lr, lr_guest(lr), "lr_residual", &lr->c, &n, err);
		if (!rc)
			rc = lr_add_gradient(lr, lr->c.v, at, at + n, err);
	}
	return rc;
}

static enum err
run_batch(struct lr *lr, int64_t iter, size_t lo, size_t hi, struct buf *err)
{
	size_t n = hi - lo;
	double *u = xcalloc(n, sizeof(*u));
	enum err rc;

	lr_data_scores(&lr->train, lr->w, 0, lo, hi, u);
	rc = lr_send_scores(lr, "lr_host_forward", u, n, err);
	if (!rc && lr->n_hosts == 1)
		rc = send_loss_part(lr, u, n, err);
	free(u);
	if (rc)
		return rc;
	/* the guest takes about as long, the arbiter thrice as long */
	lr_masks_ahead(lr, n / 4);
	rc = receive_residuals(lr, lo, hi, err);
	if (!rc)
		rc = lr_send_gradient(lr, n, err);
	if (!rc)
		lr_masks_ahead(lr, n);
	if (!rc)
		rc = lr_take_step(lr, iter, err);
	return rc;
}

enum err
lr_fit_host(struct lr *lr, struct buf *err)
{
	size_t lo, hi;
	bool stop = false;
	enum err rc = ERR_OK;

	for (int64_t t = 0; !rc && !stop && t < lr->p.max_iter; t++) {
		for (size_t i = 0; !rc && i < lr_batches(lr); i++) {
			lr_batch(lr, i, &lo, &hi);
			rc = run_batch(lr, t, lo, hi, err);
		}
		if (!rc)
			rc = lr_receive_flags(lr, "arbiter", "lr_converged",
			    "converged", &lr->converged, NULL, NULL, err);
		if (!rc)
			rc = lr_validate_other(lr, t, &stop, err);
		lr->iters = t + 1;
		stop = stop || lr->converged;
		task_progress(lr->t, (int)(95 * lr->iters / lr->p.max_iter),
		    "iteration %lld of %lld", (long long)lr->iters,
		    (long long)lr->p.max_iter);
	}
	return rc;
}
