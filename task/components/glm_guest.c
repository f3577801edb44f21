/*
 * The guest's batches: it holds the labels, builds the residuals and, with one
 * host, the loss, both under encryption.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/glm_steps.h"

/* The guest's own part of d, which needs no host. */
static void
make_own(const struct glm *glm, struct glm_batch *b)
{
	size_t n = b->hi - b->lo;

	b->d = xcalloc(n, sizeof(*b->d));
	for (size_t i = 0; i < n; i++)
		b->d[i] = glm->model->curvature * b->u[i] -
			  glm->model->target(b->y[b->lo + i]);
}

/*
 * What of the loss the rows add under encryption: sum d, or sum k u_h, where k
 * is the guest's own part of d as integers. The latter is taken of d as well,
 * whose rows are ready for sums: sum k d less sum k (own part), both whole
 * numbers of fewer than 250 bits at the loss's scale.
 */
static enum err
begin_loss(struct glm *glm, struct glm_batch *b, struct buf *err)
{
	size_t n = b->hi - b->lo;
	bool has_factors = !glm->model->cross;
	struct paillier_sums_size size = {.columns = 1,
	    .rows = n,
	    .portion = glm_chunk(0, n),
	    .x_bits = has_factors ? GLM_LOSS_BITS : 1};

	if (!glm->total)
		glm->total = paillier_sums_new(glm->pub, &size);
	exchange_vector_reserve(&glm->own, 1);
	mpz_set_ui(glm->own.v[0], 0);
	if (!has_factors)
		return ERR_OK;
	b->k = xcalloc(n, sizeof(*b->k));
	return glm_grown(fixed_vector(b->d, n, GLM_LOSS_FORM, b->k, &b->k_scale,
			     "a factor of the loss", err),
	    err);
}

/* The rows that were taken, which are at `at` of the batch. */
static void
add_loss(struct glm *glm, const struct glm_batch *b, size_t at, size_t n)
{
	struct paillier_factors k = {.n = n};
	void (*add)(mpz_t, const mpz_t, unsigned long);
	int64_t x;

	if (b->k)
		k.x = b->k + at;
	paillier_sums_add_rows(glm->total, b->set->rows, &k);
	for (size_t i = 0; b->k && i < n; i++) {
		x = k.x[i];
		add = x < 0 ? mpz_submul_ui : mpz_addmul_ui;
		add(glm->own.v[0], glm->other.v[i],
		    (unsigned long)(x < 0 ? -x : x));
	}
}

/* n * what of the loss the guest knows by itself. */
static double
own_loss(const struct glm *glm, const struct glm_batch *b)
{
	const struct glm_model *m = glm->model;
	double own = (double)glm->n *
		     (m->loss_base + penalty_loss(glm->p.penalty, glm->p.alpha,
					 b->w, glm->train.d));

	for (size_t i = 0; i < b->hi - b->lo; i++)
		own += m->row_loss(b->u[i], b->y[b->lo + i]);
	return own;
}

/* c += what the open sum has come to; own becomes what of that is too much. */
static void
add_total(struct glm *glm, const struct glm_batch *b)
{
	unsigned shift = b->k ? GLM_FACTOR_SCALE - (unsigned)b->k_scale
			      : glm->model->loss_scale - glm->model->d_scale;

	exchange_vector_reserve(&glm->other, 1);
	paillier_sums_finish(glm->total, glm->other.v, &shift);
	paillier_add_many(glm->pub, glm->c.v, glm->other.v, 1);
	mpz_mul_2exp(glm->own.v[0], glm->own.v[0], shift);
}

/* [[n * loss]], complete: the host's part, the guest's, and what crosses. */
static enum err
send_loss(struct glm *glm, const struct glm_batch *b, struct buf *err)
{
	enum err rc;

	rc = glm_receive_ciphers(
	    glm, glm_host(glm, 0), "glm_host_loss", &glm->c, 1, err);
	if (rc)
		return rc;
	add_total(glm, b);
	rc = glm_grown(
	    fixed_encode(glm->other.v[0], own_loss(glm, b),
		glm->model->loss_scale, GLM_WIDE_BITS, "the loss", err),
	    err);
	mpz_sub(glm->other.v[0], glm->other.v[0], glm->own.v[0]);
	if (!rc)
		rc = paillier_add_blind_many(
		    glm->pub, glm->c.v, glm->other.v, 1, err);
	if (!rc)
		rc =
		    glm_send_ciphers(glm, glm_arbiter(glm), "glm_loss", 1, err);
	return rc;
}

static enum err
run_chunk(
    struct glm *glm, struct glm_batch *b, size_t at, size_t n, struct buf *err)
{
	enum err rc = glm->model->residuals(glm, b, at, n, err);

	for (size_t h = 0; !rc && h < glm->n_hosts; h++)
		rc = glm_send_ciphers(
		    glm, glm_host(glm, h), "glm_residual", n, err);
	/* without columns and a loss they go into no sum */
	if (!rc && (glm->n_w || b->has_loss))
		rc = glm_take_rows(glm, b, glm->c.v, n, err);
	if (rc)
		return rc;
	if (b->has_loss)
		add_loss(glm, b, at, n);
	glm_add_gradient(glm, b, at, n);
	return ERR_OK;
}

enum err
glm_batch_guest(struct glm *glm, struct glm_batch *b, struct buf *err)
{
	size_t n = b->hi - b->lo;
	enum err rc = ERR_OK;

	glm_batch_score(glm, b);
	make_own(glm, b);
	/* the first time: hosts are encrypting */
	glm_masks_ahead(glm, n);
	if (b->is_first && glm->model->begin)
		rc = glm->model->begin(glm, b, err);
	if (!rc && b->has_loss)
		rc = begin_loss(glm, b, err);
	for (size_t at = 0; !rc && at < n; at += glm_chunk(at, n))
		rc = run_chunk(glm, b, at, glm_chunk(at, n), err);
	if (!rc)
		rc = glm_send_gradient(glm, b, err);
	if (!rc && b->has_loss)
		rc = send_loss(glm, b, err);
	/* for the next batch: the host has more to do, then the arbiter */
	if (!rc)
		glm_masks_ahead(glm, n);
	glm_batch_end(b);
	return rc;
}

enum err
glm_fit_guest(struct glm *glm, struct buf *err)
{
	static const struct glm_side side = {
	    glm_batch_guest, glm_validate_guest};
	enum err rc = glm->model->labels(glm, &glm->train, &glm->y, err);

	return rc ? rc : glm_iterate(glm, &side, err);
}
