/*
 * A party's share of an iteration: its encrypted gradient out, its step in.
 * The sums stay open over the chunks of a batch.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/glm.h"

#include <stdlib.h>

size_t
glm_batches(const struct glm *glm)
{
	size_t size = (size_t)glm->p.batch_size;

	return glm->p.batch_size == -1 ? 1 : (glm->n + size - 1) / size;
}

void
glm_batch(const struct glm *glm, size_t i, size_t *lo, size_t *hi)
{
	size_t size =
	    glm->p.batch_size == -1 ? glm->n : (size_t)glm->p.batch_size;

	*lo = i * size;
	*hi = *lo + size < glm->n ? *lo + size : glm->n;
}

/* The part of a column within rows lo..hi-1. */
static struct paillier_factors
cut(const struct glm_column *col, size_t lo, size_t hi)
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
column_bits(const struct glm *glm)
{
	uint64_t all = 1;
	unsigned bits = 0;

	for (size_t j = 0; j < glm->train.d; j++)
		for (size_t i = 0; i < glm->columns[j].n; i++)
			all |= (uint64_t)llabs(glm->columns[j].x[i]);
	for (; all; all >>= 1)
		bits++;
	return bits;
}

static void
make_sums(struct glm *glm)
{
	size_t lo, hi;
	struct paillier_sums_size size = {.columns = glm->n_w};

	glm_batch(glm, 0, &lo, &hi);
	size.rows = hi;
	size.portion = glm_chunk(0, hi);
	size.x_bits = column_bits(glm);
	glm->sums = paillier_sums_new(glm->pub, &size);
	glm->factors = xcalloc(glm->n_w, sizeof(*glm->factors));
	glm->shift = xcalloc(glm->n_w, sizeof(*glm->shift));
	for (size_t j = 0; j < glm->n_w; j++)
		glm->shift[j] = GLM_FACTOR_SCALE -
				(j < glm->train.d ? glm->columns[j].scale : 0);
}

enum err
glm_add_gradient(
    struct glm *glm, mpz_t *d, size_t lo, size_t hi, struct buf *err)
{
	if (!glm->sums)
		make_sums(glm);
	for (size_t j = 0; j < glm->train.d; j++)
		glm->factors[j] = cut(&glm->columns[j], lo, hi);
	if (glm->has_intercept)
		glm->factors[glm->train.d] =
		    (struct paillier_factors){.n = hi - lo};
	return paillier_sums_add(glm->sums, d, hi - lo, glm->factors, err);
}

/* Adds alpha * w * rows, makes it random. */
static enum err
finish_gradient(struct glm *glm, mpz_t *g, size_t rows, struct buf *err)
{
	mpz_t *plain;
	enum err rc = ERR_OK;

	glm_vector_reserve(&glm->other, glm->n_w);
	plain = glm->other.v;
	for (size_t j = 0; !rc && j < glm->n_w; j++) {
		mpz_set_ui(plain[j], 0);
		if (glm->p.penalty == PENALTY_L2 && j < glm->train.d)
			rc = fixed_encode(plain[j],
			    glm->p.alpha * glm->w[j] * (double)rows,
			    GLM_GRADIENT_SCALE, GLM_WIDE_BITS, "alpha * weight",
			    err);
	}
	if (rc)
		return rc;
	return paillier_add_blind_many(glm->pub, g, plain, glm->n_w, err);
}

enum err
glm_send_gradient(struct glm *glm, size_t rows, struct buf *err)
{
	enum err rc;

	/* d has two bits more than a sum of u; raising adds up to 60 */
	rc = fixed_check_sum(GLM_SUM_BITS + 2,
	    GLM_COLUMN_BITS + GLM_FACTOR_SCALE, rows,
	    paillier_headroom(glm->pub), "a gradient", err);
	if (rc)
		return rc;
	glm_vector_reserve(&glm->c, glm->n_w);
	paillier_sums_finish(glm->sums, glm->c.v, glm->shift);
	rc = finish_gradient(glm, glm->c.v, rows, err);
	if (!rc)
		rc = glm_send_vector(glm, glm_arbiter(glm), "glm_gradient",
		    glm->c.v, glm->n_w, err);
	return rc;
}

void
glm_masks_ahead(const struct glm *glm, size_t rows)
{
	/* its scores or residuals, its gradient, the loss */
	paillier_masks_ahead(glm->pub, rows + glm->n_w + 1);
}

enum err
glm_take_step(struct glm *glm, int64_t iter, struct buf *err)
{
	struct penalty_step step = {
	    .penalty = glm->p.penalty,
	    .alpha = glm->p.alpha,
	    .learning_rate = glm->p.optimizer.learning_rate,
	    .t = iter,
	};
	double *delta = xcalloc(glm->n_w, sizeof(*delta));
	enum err rc;

	rc = glm_receive_doubles(
	    glm, glm_arbiter(glm), "glm_step", delta, glm->n_w, err);
	if (!rc) {
		penalty_update(&step, delta, glm->w, glm->train.d);
		if (glm->has_intercept)
			glm->w[glm->train.d] -= delta[glm->train.d];
	}
	free(delta);
	return rc;
}

void
glm_remember(struct glm *glm, int64_t iter)
{
	glm->best_iteration = iter;
	free(glm->best_w);
	glm->best_w = xcalloc(glm->n_w + 1, sizeof(*glm->w));
	if (glm->n_w)
		memcpy(glm->best_w, glm->w, glm->n_w * sizeof(*glm->w));
}

void
glm_restore(struct glm *glm)
{
	if (glm->best_w && glm->n_w)
		memcpy(glm->w, glm->best_w, glm->n_w * sizeof(*glm->w));
}

enum err
glm_init_weights(struct glm *glm, struct buf *err)
{
	enum err rc;

	if (glm_is(glm, "arbiter"))
		return ERR_OK;
	glm->has_intercept = glm_is(glm, "guest") && glm->p.fit_intercept;
	glm->n_w = glm->train.d + (glm->has_intercept ? 1 : 0);
	glm->w = xcalloc(glm->n_w + 1, sizeof(*glm->w));
	rc = init_weights(glm->p.init_method, glm->p.init_const, glm->p.seed,
	    glm->w, glm->n_w, err);
	if (!rc)
		rc = glm_columns_new(&glm->train, &glm->columns, err);
	return rc;
}
