/*
 * A party's share of an iteration: its encrypted gradient out, its step in.
 * The sums stay open over the chunks of a batch.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/hetero_lr.h"

#include <stdlib.h>

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

/* As many bits as the columns have, and no more. */
static unsigned
column_bits(const struct lr *lr)
{
	uint64_t all = 1;
	unsigned bits = 0;

	for (size_t j = 0; j < lr->train.d; j++)
		for (size_t i = 0; i < lr->columns[j].n; i++)
			all |= (uint64_t)llabs(lr->columns[j].x[i]);
	for (; all; all >>= 1)
		bits++;
	return bits;
}

static void
make_sums(struct lr *lr)
{
	size_t lo, hi;
	struct paillier_sums_size size = {.columns = lr->n_w};

	lr_batch(lr, 0, &lo, &hi);
	size.rows = hi;
	size.portion = lr_chunk(0, hi);
	size.x_bits = column_bits(lr);
	lr->sums = paillier_sums_new(lr->pub, &size);
	lr->factors = xcalloc(lr->n_w, sizeof(*lr->factors));
	lr->shift = xcalloc(lr->n_w, sizeof(*lr->shift));
	for (size_t j = 0; j < lr->n_w; j++)
		lr->shift[j] = LR_FACTOR_SCALE -
			       (j < lr->train.d ? lr->columns[j].scale : 0);
}

enum err
lr_add_gradient(struct lr *lr, mpz_t *d, size_t lo, size_t hi, struct buf *err)
{
	if (!lr->sums)
		make_sums(lr);
	for (size_t j = 0; j < lr->train.d; j++)
		lr->factors[j] = cut(&lr->columns[j], lo, hi);
	if (lr->has_intercept)
		lr->factors[lr->train.d] =
		    (struct paillier_factors){.n = hi - lo};
	return paillier_sums_add(lr->sums, d, hi - lo, lr->factors, err);
}

/* Adds alpha * w * rows, makes it random. */
static enum err
finish_gradient(struct lr *lr, mpz_t *g, size_t rows, struct buf *err)
{
	mpz_t *plain;
	enum err rc = ERR_OK;

	lr_vector_reserve(&lr->other, lr->n_w);
	plain = lr->other.v;
	for (size_t j = 0; !rc && j < lr->n_w; j++) {
		mpz_set_ui(plain[j], 0);
		if (lr->p.penalty == PENALTY_L2 && j < lr->train.d)
			rc = fixed_encode(plain[j],
			    lr->p.alpha * lr->w[j] * (double)rows,
			    LR_GRADIENT_SCALE, LR_WIDE_BITS, "alpha * weight",
			    err);
	}
	if (rc)
		return rc;
	return paillier_add_blind_many(lr->pub, g, plain, lr->n_w, err);
}

enum err
lr_send_gradient(struct lr *lr, size_t rows, struct buf *err)
{
	enum err rc;

	/* d has two bits more than a sum of u; raising adds up to 60 */
	rc = fixed_check_sum(LR_SUM_BITS + 2, LR_COLUMN_BITS + LR_FACTOR_SCALE,
	    rows, paillier_headroom(lr->pub), "a gradient", err);
	if (rc)
		return rc;
	lr_vector_reserve(&lr->c, lr->n_w);
	paillier_sums_finish(lr->sums, lr->c.v, lr->shift);
	rc = finish_gradient(lr, lr->c.v, rows, err);
	if (!rc)
		rc = lr_send_vector(
		    lr, lr_arbiter(lr), "lr_gradient", lr->c.v, lr->n_w, err);
	return rc;
}

void
lr_masks_ahead(const struct lr *lr, size_t rows)
{
	/* its scores or residuals, its gradient, the loss */
	paillier_masks_ahead(lr->pub, rows + lr->n_w + 1);
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
