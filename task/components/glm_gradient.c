/*
 * A party's share of an iteration: its encrypted gradient out, its step in.
 * The sums stay open over the chunks of a batch.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/glm_steps.h"

#include <stdlib.h>

size_t
glm_batches(const struct glm *glm)
{
	size_t size = (size_t)glm->p.batch_size;

	return glm->p.batch_size == -1 ? 1 : (glm->n + size - 1) / size;
}

void
glm_batch_at(const struct glm *glm, size_t i, size_t *lo, size_t *hi)
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
column_bits(const struct glm_set *set)
{
	uint64_t all = 1;
	unsigned bits = 0;

	for (size_t j = 0; j < set->data->d; j++)
		for (size_t i = 0; i < set->columns[j].n; i++)
			all |= (uint64_t)llabs(set->columns[j].x[i]);
	for (; all; all >>= 1)
		bits++;
	return bits;
}

enum err
glm_set_init(struct glm_set *set, const struct glm_data *data, struct buf *err)
{
	*set = (struct glm_set){.data = data};
	return glm_columns_new(data, &set->columns, err);
}

void
glm_set_release(struct glm_set *set)
{
	if (!set->data)
		return;
	glm_columns_free(set->columns, set->data->d);
	paillier_rows_free(set->rows);
	paillier_sums_free(set->sums);
	free(set->factors);
	free(set->shift);
	*set = (struct glm_set){.data = NULL};
}

/* For batches of at most `rows` rows. */
static void
make_sums(const struct glm *glm, struct glm_set *set, size_t rows)
{
	size_t d = set->data->d;
	struct paillier_sums_size size = {
	    .columns = glm->n_w,
	    .rows = rows,
	    .portion = glm_chunk(0, rows),
	    .x_bits = column_bits(set),
	};

	set->sums = paillier_sums_new(glm->pub, &size);
	set->factors = xcalloc(glm->n_w + 1, sizeof(*set->factors));
	set->shift = xcalloc(glm->n_w + 1, sizeof(*set->shift));
	for (size_t j = 0; j < glm->n_w; j++)
		set->shift[j] = (unsigned)((int)GLM_FACTOR_SCALE -
					   (j < d ? set->columns[j].scale : 0));
}

void
glm_batch_score(struct glm *glm, struct glm_batch *b)
{
	const struct glm_data *data = b->set->data;

	b->u = xcalloc(b->hi - b->lo, sizeof(*b->u));
	glm_data_scores(data, b->w, glm->has_intercept ? b->w[data->d] : 0,
	    b->lo, b->hi, b->u);
}

void
glm_batch_end(struct glm_batch *b)
{
	free(b->u);
	free(b->d);
	free(b->k);
	b->u = b->d = NULL;
	b->k = NULL;
}

enum err
glm_take_rows(struct glm *glm, const struct glm_batch *b, mpz_t *d, size_t n,
    struct buf *err)
{
	struct glm_set *set = b->set;

	if (!set->rows)
		set->rows =
		    paillier_rows_new(glm->pub, glm_chunk(0, b->hi - b->lo));
	return paillier_rows_set(set->rows, d, n, err);
}

void
glm_add_gradient(
    struct glm *glm, const struct glm_batch *b, size_t at, size_t n)
{
	struct glm_set *set = b->set;
	size_t lo = b->lo + at;

	if (glm->n_w == 0)
		return;
	if (!set->sums)
		make_sums(glm, set, b->hi - b->lo);
	for (size_t j = 0; j < set->data->d; j++)
		set->factors[j] = cut(&set->columns[j], lo, lo + n);
	if (glm->has_intercept)
		set->factors[set->data->d] = (struct paillier_factors){.n = n};
	paillier_sums_add_rows(set->sums, set->rows, set->factors);
}

enum err
glm_sum_rows(struct glm *glm, const struct glm_batch *b, const char *tag,
    struct buf *err)
{
	size_t n, rows = b->hi - b->lo;
	enum err rc = ERR_OK;

	for (size_t at = 0; !rc && at < rows; at += n) {
		n = glm_chunk(at, rows);
		rc = glm_receive_ciphers(
		    glm, glm_guest(glm), tag, &glm->c, n, err);
		if (!rc && glm->n_w)
			rc = glm_take_rows(glm, b, glm->c.v, n, err);
		if (!rc)
			glm_add_gradient(glm, b, at, n);
	}
	return rc;
}

/* glm->c += the guest's part of d, made random. */
enum err
glm_add_own(struct glm *glm, const double *d, size_t n, struct buf *err)
{
	unsigned scale = glm->model->d_scale;
	enum err rc = ERR_OK;

	exchange_vector_reserve(&glm->other, n);
	for (size_t i = 0; !rc && i < n; i++)
		rc = fixed_encode(glm->other.v[i], d[i], scale,
		    scale + GLM_WHOLE_BITS, "a row's residual", err);
	if (rc)
		return glm_grown(rc, err);
	return paillier_add_blind_many(
	    glm->pub, glm->c.v, glm->other.v, n, err);
}

/* Adds alpha * w * rows, makes it random. */
static enum err
finish_gradient(
    struct glm *glm, const struct glm_batch *b, mpz_t *g, struct buf *err)
{
	unsigned scale = glm->model->d_scale + GLM_FACTOR_SCALE;
	double rows = (double)(b->hi - b->lo);
	mpz_t *plain;
	enum err rc = ERR_OK;

	exchange_vector_reserve(&glm->other, glm->n_w);
	plain = glm->other.v;
	for (size_t j = 0; !rc && j < glm->n_w; j++) {
		mpz_set_ui(plain[j], 0);
		if (glm->p.penalty == PENALTY_L2 && j < b->set->data->d)
			rc = fixed_encode(plain[j],
			    glm->p.alpha * b->w[j] * rows, scale, GLM_WIDE_BITS,
			    "alpha * weight", err);
	}
	if (rc)
		return glm_grown(rc, err);
	return paillier_add_blind_many(glm->pub, g, plain, glm->n_w, err);
}

enum err
glm_send_gradient(struct glm *glm, const struct glm_batch *b, struct buf *err)
{
	enum err rc;

	if (glm->n_w == 0)
		return ERR_OK;
	/* raising to one scale adds up to 100 bits */
	rc = fixed_check_sum(glm->model->d_bits,
	    GLM_COLUMN_BITS + GLM_FACTOR_SCALE + GLM_HUGE_BITS, b->hi - b->lo,
	    paillier_headroom(glm->pub), "a gradient", err);
	if (rc)
		return rc;
	exchange_vector_reserve(&glm->c, glm->n_w);
	paillier_sums_finish(b->set->sums, glm->c.v, b->set->shift);
	rc = finish_gradient(glm, b, glm->c.v, err);
	if (!rc)
		rc = glm_send_ciphers(
		    glm, glm_arbiter(glm), b->tag, glm->n_w, err);
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
	double *delta;
	enum err rc;

	if (glm->n_w == 0)
		return ERR_OK;
	delta = xcalloc(glm->n_w, sizeof(*delta));
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
