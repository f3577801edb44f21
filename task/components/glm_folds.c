/*
 * Cross validation: a fit and an evaluation for each fold. The guest draws the
 * folds by a seed that all hear of; rows are aligned, so that is enough.
 */
#include "lib/base/mem.h"
#include "lib/crypto/random.h"
#include "lib/math/prng.h"
#include "task/components/glm_steps.h"

struct folds {
	int64_t splits;
	size_t n;      /* rows */
	size_t *order; /* n; fold f is a part of it */
	struct glm_data all;
};

static enum err
check_splits(const struct folds *f, struct buf *err)
{
	if (f->splits >= 2 && (size_t)f->splits <= f->n)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "cv_param.n_splits is %lld, expected 2 to the number of rows, %zu",
	    (long long)f->splits, f->n);
}

/* "seed" is -1 when nothing is shuffled. */
static enum err
announce(struct glm *glm, struct folds *f, int64_t *seed, struct buf *err)
{
	struct task *t = glm->t;
	uint64_t fresh;
	cJSON *obj;
	enum err rc;

	f->splits = glm->p.cv_splits;
	rc = check_splits(f, err);
	*seed = glm->p.cv_shuffle ? glm->p.cv_seed : -1;
	if (glm->p.cv_shuffle && *seed < 0) {
		random_bytes(&fresh, sizeof(fresh));
		*seed = (int64_t)(fresh >> 12);
	}
	obj = cJSON_CreateObject();
	json_add_int(obj, "splits", f->splits);
	json_add_int(obj, "seed", *seed);
	for (size_t i = 0; !rc && i < t->n_peers; i++)
		rc = mailbox_send_json(t->mail, &t->peers[i], "glm_folds",
		    MESSAGE_AGGREGATE, obj, err);
	cJSON_Delete(obj);
	return rc;
}

static enum err
hear(struct glm *glm, struct folds *f, int64_t *seed, struct buf *err)
{
	cJSON *obj = NULL;
	enum err rc;

	rc = mailbox_receive_json(glm->t->mail, glm_guest(glm), "glm_folds",
	    MESSAGE_AGGREGATE, &obj, err);
	if (rc)
		return rc;
	f->splits = json_int(obj, "splits", 0);
	*seed = json_int(obj, "seed", -1);
	cJSON_Delete(obj);
	return check_splits(f, err);
}

/* Fisher and Yates */
static void
make_order(struct folds *f, int64_t seed)
{
	uint64_t state = (uint64_t)seed;
	size_t k, row;

	f->order = xcalloc(f->n + 1, sizeof(*f->order));
	for (size_t i = 0; i < f->n; i++)
		f->order[i] = i;
	for (size_t i = f->n; seed >= 0 && i > 1; i--) {
		k = (size_t)prng_below(&state, i);
		row = f->order[k];
		f->order[k] = f->order[i - 1];
		f->order[i - 1] = row;
	}
}

/* The first n % splits folds have a row more than the others. */
static size_t
fold_start(const struct folds *f, int64_t fold)
{
	size_t size = f->n / (size_t)f->splits, more = f->n % (size_t)f->splits;
	size_t k = (size_t)fold;

	return k * size + (k < more ? k : more);
}

/* The rows within the fold, or those without, into `out`, rising. */
static void
take_rows(
    const struct folds *f, int64_t fold, bool within, struct glm_data *out)
{
	size_t lo = fold_start(f, fold), hi = fold_start(f, fold + 1), n = 0;
	bool *is_in = xcalloc(f->n, sizeof(*is_in));
	size_t *rows = xcalloc(f->n, sizeof(*rows));

	for (size_t i = lo; i < hi; i++)
		is_in[f->order[i]] = true;
	for (size_t i = 0; i < f->n; i++)
		if (is_in[i] == within)
			rows[n++] = i;
	glm_data_take(&f->all, rows, n, out);
	free(rows);
	free(is_in);
}

static enum err
evaluate(struct glm *glm, const struct glm_data *data, const char *name_space,
    struct buf *err)
{
	double *p = xcalloc(data->n * glm->n_models, sizeof(*p));
	char name[48];
	enum err rc;

	snprintf(name, sizeof(name), "%s_fold_%lld", name_space,
	    (long long)glm->fold);
	rc = glm_score_all_guest(glm, data, p, err);
	if (!rc)
		rc = glm_evaluate(
		    glm, data, p, (struct eval_where){name_space, name}, err);
	free(p);
	return rc;
}

static enum err
run_fold(struct glm *glm, const struct folds *f, struct buf *err)
{
	bool guest = glm_is(glm, "guest");
	enum err rc;

	glm->n_eval = fold_start(f, glm->fold + 1) - fold_start(f, glm->fold);
	glm->n = f->n - glm->n_eval;
	if (!glm_is(glm, "arbiter")) {
		take_rows(f, glm->fold, false, &glm->train);
		take_rows(f, glm->fold, true, &glm->eval);
	}
	rc = glm_fit(glm, err);
	if (!rc)
		rc = guest ? evaluate(glm, &glm->train, "train", err)
			   : glm_score_all_other(glm, &glm->train, glm->n, err);
	if (!rc)
		rc = guest ? evaluate(glm, &glm->eval, "validate", err)
			   : glm_score_all_other(
				 glm, &glm->eval, glm->n_eval, err);
	glm_forget(glm);
	glm_data_release(&glm->train);
	glm_data_release(&glm->eval);
	glm->train = glm->eval = (struct glm_data){.n = 0};
	return rc;
}

enum err
glm_cross_validate(struct glm *glm, struct buf *err)
{
	struct folds f = {.n = glm->n, .all = glm->train};
	int64_t seed;
	enum err rc;

	glm->train = (struct glm_data){.n = 0};
	glm_data_release(&glm->eval);
	glm->eval = (struct glm_data){.n = 0};
	glm->has_eval = true;
	rc = glm_is(glm, "guest") ? announce(glm, &f, &seed, err)
				  : hear(glm, &f, &seed, err);
	if (!rc) {
		make_order(&f, seed);
		glm->rounds = f.splits * (int64_t)glm->n_models;
	}
	for (int64_t k = 0; !rc && k < f.splits; k++) {
		glm->fold = k;
		rc = run_fold(glm, &f, err);
	}
	if (!rc)
		rc = glm->model->write(glm, err);
	free(f.order);
	glm_data_release(&f.all);
	return rc;
}
