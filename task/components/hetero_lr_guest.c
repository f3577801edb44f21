/*
 * The guest's loop: it holds the labels, builds the residuals and, with one
 * host, the loss, both under encryption.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/hetero_lr.h"

#include <math.h>

struct batch {
	int64_t iter;
	size_t lo;
	size_t hi;
	double *u; /* this party's scores */
	mpz_t *c;  /* [[sum u_h]], then [[d]] */
};

static double
penalty(const struct lr *lr)
{
	return penalty_loss(lr->p.penalty, lr->p.alpha, lr->w, lr->train.d);
}

static enum err
receive_forward(struct lr *lr, struct batch *b, struct buf *err)
{
	size_t n = b->hi - b->lo;
	mpz_t *more;
	enum err rc = ERR_OK;

	for (size_t h = 0; !rc && h < lr->n_hosts; h++) {
		more = NULL;
		rc = lr_receive_vector(
		    lr, lr_host(lr, h), "lr_host_forward", &more, &n, err);
		if (rc)
			return rc;
		if (!b->c) {
			b->c = more;
			continue;
		}
		for (size_t i = 0; i < n; i++)
			paillier_add(lr->pub, b->c[i], b->c[i], more[i]);
		lr_vector_free(more, n);
	}
	return rc;
}

/* out = [[sum k_i u_h]] with k = u_g / 4 - y / 2, at LR_LOSS_SCALE */
static enum err
cross_terms(struct lr *lr, const struct batch *b, mpz_t out, struct buf *err)
{
	size_t n = b->hi - b->lo, len;
	double *k = xcalloc(n, sizeof(*k));
	int64_t *x = xcalloc(n, sizeof(*x));
	struct paillier_factors f;
	struct paillier_terms *terms = NULL;
	unsigned scale = 0;
	mpz_t part;
	enum err rc;

	mpz_init(part);
	mpz_set_ui(out, 1);
	for (size_t i = 0; i < n; i++)
		k[i] = 0.25 * b->u[i] - 0.5 * lr->y[b->lo + i];
	rc = fixed_vector(k, n, LR_CROSS_BITS, LR_FACTOR_SCALE, x, &scale,
	    "a factor of the loss", err);
	for (size_t at = 0; !rc && at < n; at += len) {
		len = n - at < LR_CHUNK ? n - at : LR_CHUNK;
		f = (struct paillier_factors){.x = x + at, .n = len};
		rc = paillier_terms_new(lr->pub, b->c + at, len, &terms, err);
		if (rc)
			break;
		paillier_terms_sum(terms, &f, part);
		paillier_add(lr->pub, out, out, part);
		paillier_terms_free(terms);
	}
	if (!rc)
		rc = lr_raise(lr, out, scale, err);
	mpz_clear(part);
	free(k);
	free(x);
	return rc;
}

/* [[n * loss]], complete but for nothing: ln 2 and penalties are in it. */
static enum err
send_loss(struct lr *lr, const struct batch *b, struct buf *err)
{
	double own = (double)lr->n * (log(2) + penalty(lr));
	mpz_t *host = NULL, plain, sum;
	size_t one = 1;
	enum err rc;

	mpz_inits(plain, sum, NULL);
	for (size_t i = 0; i < b->hi - b->lo; i++)
		own += 0.125 * b->u[i] * b->u[i] -
		       0.5 * lr->y[b->lo + i] * b->u[i];
	rc = lr_receive_vector(
	    lr, lr_host(lr, 0), "lr_host_loss", &host, &one, err);
	if (!rc)
		rc = cross_terms(lr, b, sum, err);
	if (!rc)
		rc = fixed_encode(
		    plain, own, LR_LOSS_SCALE, LR_WIDE_BITS, "the loss", err);
	if (!rc)
		rc = paillier_add_plain(lr->pub, sum, sum, plain, err);
	if (!rc) {
		paillier_add(lr->pub, host[0], host[0], sum);
		paillier_rerandomise(lr->pub, host[0]);
		rc =
		    lr_send_vector(lr, lr_arbiter(lr), "lr_loss", host, 1, err);
	}
	lr_vector_free(host, host ? 1 : 0);
	mpz_clears(plain, sum, NULL);
	return rc;
}

/*
 * d = u / 4 - y / 2: a quarter is two more fractional bits. Masks were made
 * while the hosts were encrypting.
 */
static enum err
make_residuals(struct lr *lr, struct batch *b, mpz_t *masks, struct buf *err)
{
	mpz_t plain;
	enum err rc = ERR_OK;

	mpz_init(plain);
	for (size_t i = 0; !rc && i < b->hi - b->lo; i++) {
		rc = fixed_encode(plain, b->u[i] - 2 * lr->y[b->lo + i],
		    LR_U_SCALE, LR_U_BITS, "a row's score", err);
		if (!rc)
			rc = paillier_add_plain(
			    lr->pub, b->c[i], b->c[i], plain, err);
		paillier_add(lr->pub, b->c[i], b->c[i], masks[i]);
	}
	mpz_clear(plain);
	return rc;
}

static enum err
run_batch(struct lr *lr, struct batch *b, struct buf *err)
{
	size_t n = b->hi - b->lo;
	mpz_t *masks = lr_vector_new(n);
	enum err rc;

	b->u = xcalloc(n, sizeof(*b->u));
	lr_data_scores(&lr->train, lr->w,
	    lr->has_intercept ? lr->w[lr->train.d] : 0, b->lo, b->hi, b->u);
	for (size_t i = 0; i < n; i++)
		paillier_mask(lr->pub, masks[i]);
	rc = receive_forward(lr, b, err);
	if (!rc && lr->n_hosts == 1)
		rc = send_loss(lr, b, err);
	if (!rc)
		rc = make_residuals(lr, b, masks, err);
	for (size_t h = 0; !rc && h < lr->n_hosts; h++)
		rc = lr_send_vector(
		    lr, lr_host(lr, h), "lr_residual", b->c, n, err);
	if (!rc)
		rc = lr_send_gradient(lr, b->c, b->lo, b->hi, err);
	if (!rc)
		rc = lr_take_step(lr, b->iter, err);
	lr_vector_free(masks, n);
	lr_vector_free(b->c, n);
	free(b->u);
	return rc;
}

static enum err
run_iteration(struct lr *lr, int64_t iter, bool *stop, struct buf *err)
{
	struct batch b;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < lr_batches(lr); i++) {
		b = (struct batch){.iter = iter};
		lr_batch(lr, i, &b.lo, &b.hi);
		rc = run_batch(lr, &b, err);
	}
	if (!rc)
		rc = lr_receive_flags(lr, "arbiter", "lr_converged",
		    "converged", &lr->converged, NULL, NULL, err);
	if (!rc)
		rc = lr_validate_guest(lr, iter, stop, err);
	return rc;
}

enum err
lr_fit_guest(struct lr *lr, struct buf *err)
{
	bool stop = false;
	enum err rc;

	rc = lr_data_signs(&lr->train, &lr->y, err);
	for (int64_t t = 0; !rc && !stop && t < lr->p.max_iter; t++) {
		rc = run_iteration(lr, t, &stop, err);
		lr->iters = t + 1;
		stop = stop || lr->converged;
		task_progress(lr->t, (int)(95 * lr->iters / lr->p.max_iter),
		    "iteration %lld of %lld", (long long)lr->iters,
		    (long long)lr->p.max_iter);
	}
	return rc;
}
