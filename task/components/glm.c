/*
 * The entries of the models and what their parties have in common. A fit is:
 * the arbiter's key, ids compared, the role's loop, the model, the scores; a
 * prediction is the same without the loop, under a fresh key.
 */
#include "task/components/glm_steps.h"
#include "task/components/instances.h"

#include "lib/base/mem.h"

bool
glm_is(const struct glm *glm, const char *role)
{
	return strcmp(glm->t->role, role) == 0;
}

const struct mailbox_party *
glm_arbiter(const struct glm *glm)
{
	return task_peer(glm->t, "arbiter", 0);
}

const struct mailbox_party *
glm_guest(const struct glm *glm)
{
	return task_peer(glm->t, "guest", 0);
}

const struct mailbox_party *
glm_host(const struct glm *glm, size_t i)
{
	return task_peer(glm->t, "host", i);
}

static const struct task_data *
find_input(const struct task *t, const char *key)
{
	const struct task_data *in = task_input(t, key);

	if (!in && t->mode != TASK_FIT_EVAL)
		in = task_any_input(t);
	return in && in->path ? in : NULL;
}

static enum err
read_rows(
    struct glm *glm, const char *key, struct glm_data *data, struct buf *err)
{
	const struct task_data *in = find_input(glm->t, key);
	enum err rc;

	if (!in)
		return err_set(err, ERR_INVALID, "there is no %s", key);
	rc = glm_data_read(in, data, err);
	if (!rc && glm_is(glm, "guest") && glm->p.exposure[0])
		rc = glm_data_expose(data, glm->p.exposure, err);
	return rc;
}

/* As many models as classes, when there are more than two of them. */
static enum err
count_models(struct glm *glm, struct buf *err)
{
	enum err rc;

	glm->n_models = 1;
	if (!glm_is(glm, "guest") || glm->model->eval != EVAL_BINARY)
		return ERR_OK;
	rc =
	    glm_labels_classes(&glm->train, &glm->classes, &glm->n_models, err);
	if (!rc && glm->n_models <= 2)
		glm->n_models = 1;
	if (!rc && glm->n_models > 1 && glm->p.need_stepwise && !glm->p.need_cv)
		return err_set(err, ERR_INVALID,
		    "stepwise_param.need_stepwise is true: of %zu classes "
		    "there is no one loss to select columns by",
		    glm->n_models);
	return rc;
}

/* What a party has by itself: its rows and, to predict, its model. */
static enum err
read_all(struct glm *glm, struct buf *err)
{
	enum err rc = ERR_OK;

	if (glm_is(glm, "arbiter"))
		return ERR_OK;
	if (glm->fits)
		rc = read_rows(glm, "train_data", &glm->train, err);
	if (!rc && glm->has_eval)
		rc = read_rows(glm, "eval_data", &glm->eval, err);
	if (!rc)
		rc = glm->fits ? count_models(glm, err)
			       : glm->model->read(glm, err);
	glm->n = glm->train.n;
	glm->n_eval = glm->eval.n;
	return rc;
}

static enum err
align_all(struct glm *glm, struct buf *err)
{
	bool arbiter = glm_is(glm, "arbiter");
	enum err rc = ERR_OK;

	if (glm->fits)
		rc = arbiter ? glm_align_arbiter(glm, &glm->n, err)
			     : glm_align(glm, &glm->train, err);
	if (!rc && glm->has_eval)
		rc = arbiter ? glm_align_arbiter(glm, &glm->n_eval, err)
			     : glm_align(glm, &glm->eval, err);
	/* who does not know the classes numbers them */
	if (!rc && !glm->classes) {
		glm->classes = xcalloc(glm->n_models, sizeof(double));
		for (size_t k = 0; k < glm->n_models; k++)
			glm->classes[k] = (double)k;
	}
	return rc;
}

static enum err
check_parties(struct glm *glm, struct buf *err)
{
	bool host = glm_is(glm, "host"), arbiter = glm_is(glm, "arbiter");
	const cJSON *hosts = json_get(glm->t->roles, "host");

	glm->n_hosts = (size_t)cJSON_GetArraySize(hosts);
	if (glm->n_hosts == 0 || (!arbiter && !glm_arbiter(glm)) ||
	    (!glm_is(glm, "guest") && !glm_guest(glm)) ||
	    (!host && task_n_peers(glm->t, "host") != glm->n_hosts))
		return err_set(err, ERR_INVALID,
		    "%s needs a guest, at least one host and an arbiter in "
		    "the job's roles",
		    glm->t->module);
	if (glm->n_hosts > 1 && glm->model->is_one_host)
		return err_set(err, ERR_INVALID,
		    "%s needs one host, and the job's roles have %zu",
		    glm->t->module, glm->n_hosts);
	if (glm->n_hosts > 1 && glm->fits && glm->p.need_stepwise)
		return err_set(err, ERR_INVALID,
		    "stepwise_param.need_stepwise is true: with %zu hosts "
		    "there is no loss to select columns by",
		    glm->n_hosts);
	if (glm->n_hosts > 1 && glm->fits &&
	    glm->p.early_stop != CONVERGE_WEIGHT_DIFF)
		return err_set(err, ERR_INVALID,
		    "early_stop is \"%s\", expected \"weight_diff\": with %zu "
		    "hosts there is no loss to compare",
		    glm->p.early_stop_name, glm->n_hosts);
	return ERR_OK;
}

void
glm_count(struct glm *glm, int64_t iter)
{
	int64_t most = glm->p.max_iter, part;

	glm->iters = iter + 1;
	part = 95 * (glm->round * most + glm->iters) / (glm->rounds * most);
	/* how many fits stepwise selection takes is a guess */
	task_progress(glm->t, (int)(part < 95 ? part : 95),
	    "iteration %lld of %lld", (long long)glm->iters, (long long)most);
}

/* ---- fits ---- */

static enum err
init(struct glm *glm, struct buf *err)
{
	enum err rc;

	glm->best_iteration = -1;
	glm->converged = false;
	glm_sqn_init(glm);
	if (glm_is(glm, "arbiter"))
		return ERR_OK;
	glm->has_intercept = glm_is(glm, "guest") && glm->p.fit_intercept;
	glm->n_w = glm->train.d + (glm->has_intercept ? 1 : 0);
	glm->w = xcalloc(glm->n_w + 1, sizeof(*glm->w));
	rc = init_weights(glm->p.init_method, glm->p.init_const, glm->p.seed,
	    glm->w, glm->n_w, err);
	if (!rc)
		rc = glm_set_init(&glm->set, &glm->train, err);
	return rc;
}

/* What came of it stays, all else goes. */
static void
finish(struct glm *glm, struct glm_fitted *out)
{
	*out = (struct glm_fitted){
	    .w = glm->best_w ? glm->best_w : glm->w,
	    .iters = glm->iters,
	    .converged = glm->converged,
	    .best_iteration = glm->best_iteration,
	};
	if (glm->best_w)
		free(glm->w);
	paillier_sums_free(glm->cross);
	paillier_sums_free(glm->total);
	exchange_vector_release(&glm->own);
	for (size_t i = 0; glm->label_sums && i < glm_batches(glm); i++)
		exchange_vector_release(&glm->label_sums[i]);
	free(glm->label_sums);
	glm->label_sums = NULL;
	glm_set_release(&glm->set);
	glm_sqn_release(glm);
	glm_stopper_free(glm->stopper);
	free(glm->y);
	glm->w = glm->best_w = glm->y = NULL;
	glm->cross = glm->total = NULL;
	glm->stopper = NULL;
}

void
glm_forget(struct glm *glm)
{
	for (size_t k = 0; glm->fitted && k < glm->n_models; k++)
		free(glm->fitted[k].w);
	free(glm->fitted);
	glm->fitted = NULL;
}

enum err
glm_fit(struct glm *glm, struct buf *err)
{
	static const struct {
		const char *role;
		enum err (*run)(struct glm *glm, struct buf *err);
	} roles[] = {
	    {"guest", glm_fit_guest},
	    {"host", glm_fit_host},
	    {"arbiter", glm_fit_arbiter},
	};
	enum err rc = ERR_OK;

	glm->fitted = xcalloc(glm->n_models, sizeof(*glm->fitted));
	for (size_t k = 0; !rc && k < glm->n_models; k++) {
		glm->positive = glm->n_models > 1 ? glm->classes[k] : 1;
		rc = init(glm, err);
		for (size_t i = 0; !rc && i < ARRAY_LEN(roles); i++)
			if (glm_is(glm, roles[i].role))
				rc = roles[i].run(glm, err);
		finish(glm, &glm->fitted[k]);
		glm->round++;
	}
	return rc;
}

/* ---- the task ---- */

static void
release(struct glm *glm)
{
	glm_forget(glm);
	free(glm->classes);
	exchange_vector_release(&glm->c);
	exchange_vector_release(&glm->other);
	glm_data_release(&glm->train);
	glm_data_release(&glm->eval);
	if (glm->secret)
		paillier_secret_free(glm->secret);
	else
		paillier_public_free(glm->pub);
}

/* Of the training's rows alone: all others say nothing of the columns. */
static enum err
select_columns(struct glm *glm, struct buf *err)
{
	glm->has_eval = false;
	glm->is_quiet = true;
	return glm_is(glm, "arbiter") ? glm_stepwise_arbiter(glm, err)
				      : glm_stepwise(glm, err);
}

static enum err
run(struct glm *glm, struct buf *err)
{
	enum err rc = ERR_OK;

	if (glm->p.need_cv && glm->fits)
		return glm_cross_validate(glm, err);
	glm->rounds = (int64_t)glm->n_models;
	if (glm->fits)
		rc = glm->p.need_stepwise ? select_columns(glm, err)
					  : glm_fit(glm, err);
	if (!rc && glm->fits)
		rc = glm->model->write(glm, err);
	return rc ? rc : glm_predict(glm, err);
}

static enum err
glm_run(struct task *t, const struct glm_model *model, struct buf *err)
{
	struct glm glm = {
	    .t = t, .model = model, .fold = -1, .n_models = 1, .rounds = 1};
	enum err rc;

	if (t->mode == TASK_SKIP) {
		if (task_input(t, "data"))
			task_output_pass(t, task_input(t, "data"));
		return ERR_OK;
	}
	if (t->mode == TASK_TRANSFORM)
		t->mode = TASK_PREDICT;
	glm.fits = instances_is_fit(t);
	glm.has_eval = t->mode != TASK_FIT;
	rc = glm_param_read(&glm, err);
	if (!rc && glm.p.stop_rounds > 0 && t->mode == TASK_FIT)
		task_log(t, "early_stopping_rounds has no effect: there is no "
			    "eval_data to validate on");
	if (!rc)
		rc = check_parties(&glm, err);
	if (!rc)
		rc = glm_is(&glm, "arbiter") ? glm_make_key(&glm, err)
					     : glm_receive_key(&glm, err);
	if (!rc)
		rc = read_all(&glm, err);
	if (!rc)
		rc = align_all(&glm, err);
	if (!rc)
		rc = run(&glm, err);
	release(&glm);
	return rc;
}

enum err
hetero_lr_run(struct task *t, struct buf *err)
{
	return glm_run(t, &glm_logistic, err);
}

enum err
hetero_linr_run(struct task *t, struct buf *err)
{
	return glm_run(t, &glm_linear, err);
}

enum err
hetero_poisson_run(struct task *t, struct buf *err)
{
	return glm_run(t, &glm_poisson, err);
}
