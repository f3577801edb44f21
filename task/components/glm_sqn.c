/*
 * Curvature for stochastic quasi-Newton steps. The arbiter, which knows every
 * step, sends each party its columns of s, the last change of the mean
 * weights; the parties answer with H s of a sample of the rows. That is the
 * gradient that the same rows have at weights s with labels 0, penalty and
 * all, so it goes the way of any batch.
 *
 * A pair means the same whatever its length: s is sent with 1 as its largest
 * number, so that fixed point is as exact at the end as at the start.
 */
#include "lib/base/mem.h"
#include "lib/crypto/random.h"
#include "lib/math/prng.h"
#include "task/components/glm_steps.h"

#include <stdlib.h>

/* As sqn_add_weights() tells the arbiter. */
static bool
is_due(const struct glm *glm)
{
	int64_t k = glm->steps, interval = glm->p.sqn_interval;

	return glm->p.is_sqn && k % interval == 0 && k > interval;
}

size_t
glm_sqn_rows(const struct glm *glm)
{
	size_t most = (size_t)glm->p.sqn_sample;

	return most < glm->n ? most : glm->n;
}

/* The guest draws a seed for the sample, the hosts hear of it. */
static enum err
agree_on_seed(struct glm *glm, uint64_t *seed, struct buf *err)
{
	cJSON *obj = NULL;
	enum err rc = ERR_OK;

	if (glm_is(glm, "guest")) {
		*seed = prng_next(&glm->sqn_state) >> 12;
		obj = cJSON_CreateObject();
		json_add_int(obj, "seed", (int64_t)*seed);
		for (size_t h = 0; !rc && h < glm->n_hosts; h++)
			rc = mailbox_send_json(glm->t->mail, glm_host(glm, h),
			    "glm_sample", MESSAGE_AGGREGATE, obj, err);
	} else {
		rc = mailbox_receive_json(glm->t->mail, glm_guest(glm),
		    "glm_sample", MESSAGE_AGGREGATE, &obj, err);
		if (!rc)
			*seed = (uint64_t)json_int(obj, "seed", 0);
	}
	cJSON_Delete(obj);
	return rc;
}

static int
compare(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

/* `want` rows of all, each at most once: the start of a shuffle. */
static void
draw(const struct glm *glm, uint64_t seed, size_t want, struct glm_data *out)
{
	size_t *rows = xcalloc(glm->n, sizeof(*rows)), k, row;

	for (size_t i = 0; i < glm->n; i++)
		rows[i] = i;
	for (size_t i = 0; i < want; i++) {
		k = i + (size_t)prng_below(&seed, glm->n - i);
		row = rows[k];
		rows[k] = rows[i];
		rows[i] = row;
	}
	qsort(rows, want, sizeof(*rows), compare);
	glm_data_take(&glm->train, rows, want, out);
	free(rows);
}

/* All rows are prepared once, a sample each time. */
static enum err
prepare(struct glm *glm, struct buf *err)
{
	size_t want = glm_sqn_rows(glm);
	uint64_t seed = 0;
	enum err rc;

	if (want == glm->n)
		return glm->sqn_set.data
			   ? ERR_OK
			   : glm_set_init(&glm->sqn_set, &glm->train, err);
	rc = agree_on_seed(glm, &seed, err);
	if (rc)
		return rc;
	glm_sqn_release(glm);
	draw(glm, seed, want, &glm->sqn_sample);
	return glm_set_init(&glm->sqn_set, &glm->sqn_sample, err);
}

void
glm_sqn_release(struct glm *glm)
{
	glm_set_release(&glm->sqn_set);
	glm_data_release(&glm->sqn_sample);
	glm->sqn_sample = (struct glm_data){.n = 0};
}

void
glm_sqn_init(struct glm *glm)
{
	glm->steps = 0;
	glm->sqn_state = (uint64_t)glm->p.sqn_seed;
	if (glm->p.sqn_seed < 0)
		random_bytes(&glm->sqn_state, sizeof(glm->sqn_state));
}

enum err
glm_sqn_answer(struct glm *glm, struct buf *err)
{
	size_t rows = glm_sqn_rows(glm);
	double *s, *zeros;
	struct glm_batch b = {
	    .set = &glm->sqn_set, .hi = rows, .tag = "glm_curvature"};
	enum err rc;

	glm->steps++;
	if (!is_due(glm))
		return ERR_OK;
	s = xcalloc(glm->n_w + 1, sizeof(*s));
	zeros = xcalloc(rows + 1, sizeof(*zeros));
	b.w = s;
	b.y = zeros;
	rc = prepare(glm, err);
	if (!rc && glm->n_w)
		rc = glm_receive_doubles(
		    glm, glm_arbiter(glm), "glm_direction", s, glm->n_w, err);
	if (!rc)
		rc = glm_is(glm, "guest") ? glm_batch_guest(glm, &b, err)
					  : glm_batch_host(glm, &b, err);
	free(s);
	free(zeros);
	return rc;
}
