/*
 * A party's share of an iteration: its encrypted gradient out, its step in.
 * Rows are prepared LR_CHUNK at a time, so memory does not grow with them.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/hetero_lr.h"

size_t
lr_batches(const struct lr *lr)
{
	size_t size = (size_t)lr->p.batch_size;

	return lr->p.batch_size == -1 ? 1 : (lr->n + size - 1) / size;
}

void
lr_batch(const struct lr *lr, size_t i, size_t *lo, size_t *hi)
{
	size_t size = lr->p.batch_size == -1 ? lr->n : (size_t)lr->p.batch_size;

	*lo = i * size;
	*hi = *lo + size < lr->n ? *lo + size : lr->n;
}

enum err
lr_raise(struct lr *lr, mpz_t c, unsigned scale, struct buf *err)
{
	mpz_t power;
	enum err rc;

	mpz_init(power);
	mpz_setbit(power, LR_FACTOR_SCALE - scale);
	rc = paillier_mul(lr->pub, c, c, power, err);
	mpz_clear(power);
	return rc;
}

/* The part of a column within rows lo..hi-1. */
static struct paillier_factors
cut(const struct lr_column *col, size_t lo, size_t hi)
{
	struct paillier_factors f = {.base = (uint32_t)lo};
	size_t from = 0, to = col->n;

	if (!col->rows) {
		f.x = col->x + lo;
		f.n = hi - lo;
		return f;
	}
	while (from < to && col->rows[from] < lo)
		from++;
	while (to > from && col->rows[to - 1] >= hi)
		to--;
	f.x = col->x + from;
	f.rows = col->rows + from;
	f.n = to - from;
	return f;
}

/* g[j] *= prod of the chunk, for every column, and the intercept's sum. */
static enum err
add_chunk(
    struct lr *lr, mpz_t *d, size_t lo, size_t hi, mpz_t *g, struct buf *err)
{
	struct paillier_terms *terms = NULL;
	struct paillier_factors f;
	mpz_t part;
	enum err rc;

	rc = paillier_terms_new(lr->pub, d, hi - lo, &terms, err);
	if (rc)
		return rc;
	mpz_init(part);
	for (size_t j = 0; j < lr->train.d; j++) {
		f = cut(&lr->columns[j], lo, hi);
		if (f.n == 0)
			continue;
		paillier_terms_sum(terms, &f, part);
		paillier_add(lr->pub, g[j], g[j], part);
	}
	for (size_t i = 0; lr->has_intercept && i < hi - lo; i++)
		paillier_add(lr->pub, g[lr->train.d], g[lr->train.d], d[i]);
	mpz_clear(part);
	paillier_terms_free(terms);
	return ERR_OK;
}

/* Raises to the common scale, adds alpha * w * rows, makes it random. */
static enum err
finish_gradient(struct lr *lr, mpz_t *g, size_t rows, struct buf *err)
{
	mpz_t plain;
	unsigned scale;
	enum err rc = ERR_OK;

	mpz_init(plain);
	for (size_t j = 0; !rc && j < lr->n_w; j++) {
		scale = j < lr->train.d ? lr->columns[j].scale : 0;
		rc = lr_raise(lr, g[j], scale, err);
		if (!rc && lr->p.penalty == PENALTY_L2 && j < lr->train.d) {
			rc = fixed_encode(plain,
			    lr->p.alpha * lr->w[j] * (double)rows,
			    LR_GRADIENT_SCALE, LR_WIDE_BITS, "alpha * weight",
			    err);
			if (!rc)
				rc = paillier_add_plain(
				    lr->pub, g[j], g[j], plain, err);
		}
		if (!rc)
			paillier_rerandomise(lr->pub, g[j]);
	}
	mpz_clear(plain);
	return rc;
}

enum err
lr_send_gradient(struct lr *lr, mpz_t *d, size_t lo, size_t hi, struct buf *err)
{
	mpz_t *g = lr_vector_new(lr->n_w);
	size_t to;
	enum err rc;

	/* d has two bits more than a sum of u; raising adds up to 60 */
	rc = fixed_check_sum(LR_SUM_BITS + 2, LR_COLUMN_BITS + LR_FACTOR_SCALE,
	    hi - lo, paillier_headroom(lr->pub), "a gradient", err);
	for (size_t j = 0; j < lr->n_w; j++)
		mpz_set_ui(g[j], 1);
	for (size_t at = lo; !rc && at < hi; at = to) {
		to = at + LR_CHUNK < hi ? at + LR_CHUNK : hi;
		rc = add_chunk(lr, d + (at - lo), at, to, g, err);
	}
	if (!rc)
		rc = finish_gradient(lr, g, hi - lo, err);
	if (!rc)
		rc = lr_send_vector(
		    lr, lr_arbiter(lr), "lr_gradient", g, lr->n_w, err);
	lr_vector_free(g, lr->n_w);
	return rc;
}

enum err
lr_take_step(struct lr *lr, int64_t iter, struct buf *err)
{
	struct penalty_step step = {
	    .penalty = lr->p.penalty,
	    .alpha = lr->p.alpha,
	    .learning_rate = lr->p.optimizer.learning_rate,
	    .t = iter,
	};
	double *delta = xcalloc(lr->n_w, sizeof(*delta));
	enum err rc;

	rc = lr_receive_doubles(
	    lr, lr_arbiter(lr), "lr_step", delta, lr->n_w, err);
	if (!rc) {
		penalty_update(&step, delta, lr->w, lr->train.d);
		if (lr->has_intercept)
			lr->w[lr->train.d] -= delta[lr->train.d];
	}
	free(delta);
	return rc;
}

void
lr_remember(struct lr *lr, int64_t iter)
{
	lr->best_iteration = iter;
	free(lr->best_w);
	lr->best_w = xcalloc(lr->n_w + 1, sizeof(*lr->w));
	if (lr->n_w)
		memcpy(lr->best_w, lr->w, lr->n_w * sizeof(*lr->w));
}

void
lr_restore(struct lr *lr)
{
	if (lr->best_w && lr->n_w)
		memcpy(lr->w, lr->best_w, lr->n_w * sizeof(*lr->w));
}

enum err
lr_init_weights(struct lr *lr, struct buf *err)
{
	enum err rc;

	if (lr_is(lr, "arbiter"))
		return ERR_OK;
	lr->has_intercept = lr_is(lr, "guest") && lr->p.fit_intercept;
	lr->n_w = lr->train.d + (lr->has_intercept ? 1 : 0);
	lr->w = xcalloc(lr->n_w + 1, sizeof(*lr->w));
	rc = init_weights(lr->p.init_method, lr->p.init_const, lr->p.seed,
	    lr->w, lr->n_w, err);
	if (!rc)
		rc = lr_columns_new(&lr->train, &lr->columns, err);
	return rc;
}
