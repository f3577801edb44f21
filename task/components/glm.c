/*
 * The entry of HeteroLR and what its parties have in common. A fit is: the
 * arbiter's key, ids compared, the role's loop, the model, the scores; a
 * prediction is the same without the loop, under a fresh key.
 */
#include "task/components/glm.h"
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
load(struct glm *glm, const char *key, struct glm_data *data, struct buf *err)
{
	const struct task_data *in = find_input(glm->t, key);
	enum err rc;

	if (!in)
		return err_set(err, ERR_INVALID, "there is no %s", key);
	rc = glm_data_read(in, data, err);
	if (rc)
		return rc;
	return glm_align(glm, data, err);
}

static enum err
load_all(struct glm *glm, struct buf *err)
{
	bool fits = instances_is_fit(glm->t);
	enum err rc = ERR_OK;

	if (glm_is(glm, "arbiter")) {
		if (fits)
			rc = glm_align_arbiter(glm, &glm->n, err);
		if (!rc && glm->t->mode != TASK_FIT)
			rc = glm_align_arbiter(glm, &glm->n_eval, err);
		return rc;
	}
	if (fits)
		rc = load(glm, "train_data", &glm->train, err);
	if (!rc && glm->t->mode != TASK_FIT)
		rc = load(glm, "eval_data", &glm->eval, err);
	glm->n = glm->train.n;
	glm->n_eval = glm->eval.n;
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
		    "HeteroLR needs a guest, at least one host and an arbiter "
		    "in the job's roles");
	if (glm->n_hosts > 1 && glm->t->mode != TASK_PREDICT &&
	    glm->p.early_stop != CONVERGE_WEIGHT_DIFF)
		return err_set(err, ERR_INVALID,
		    "early_stop is \"%s\", expected \"weight_diff\": with %zu "
		    "hosts there is no loss to compare",
		    glm->p.early_stop_name, glm->n_hosts);
	return ERR_OK;
}

static enum err
fit(struct glm *glm, struct buf *err)
{
	static const struct {
		const char *role;
		enum err (*run)(struct glm *glm, struct buf *err);
	} roles[] = {
	    {"guest", glm_fit_guest},
	    {"host", glm_fit_host},
	    {"arbiter", glm_fit_arbiter},
	};
	enum err rc;

	rc = glm_init_weights(glm, err);
	for (size_t i = 0; !rc && i < ARRAY_LEN(roles); i++)
		if (glm_is(glm, roles[i].role))
			rc = roles[i].run(glm, err);
	if (rc)
		return rc;
	glm_restore(glm);
	return glm_write_model(glm, err);
}

static void
release(struct glm *glm)
{
	paillier_sums_free(glm->sums);
	paillier_sums_free(glm->cross);
	free(glm->factors);
	free(glm->shift);
	glm_vector_release(&glm->c);
	glm_vector_release(&glm->other);
	glm_columns_free(glm->columns, glm->train.d);
	glm_data_release(&glm->train);
	glm_data_release(&glm->eval);
	if (glm->secret)
		paillier_secret_free(glm->secret);
	else
		paillier_public_free(glm->pub);
	glm_stopper_free(glm->stopper);
	free(glm->w);
	free(glm->best_w);
	free(glm->y);
}

enum err
hetero_lr_run(struct task *t, struct buf *err)
{
	struct glm glm = {.t = t, .best_iteration = -1};
	bool arbiter;
	enum err rc;

	if (t->mode == TASK_SKIP) {
		if (task_input(t, "data"))
			task_output_pass(t, task_input(t, "data"));
		return ERR_OK;
	}
	if (t->mode == TASK_TRANSFORM)
		t->mode = TASK_PREDICT;
	rc = glm_param_read(t, &glm.p, err);
	if (!rc && glm.p.stop_rounds > 0 && t->mode == TASK_FIT)
		task_log(t, "early_stopping_rounds has no effect: there is no "
			    "eval_data to validate on");
	if (!rc)
		rc = check_parties(&glm, err);
	if (rc)
		goto out;
	arbiter = glm_is(&glm, "arbiter");
	rc = arbiter ? glm_make_key(&glm, err) : glm_receive_key(&glm, err);
	if (!rc)
		rc = load_all(&glm, err);
	if (rc)
		goto out;
	rc = t->mode == TASK_PREDICT
		 ? (arbiter ? ERR_OK : glm_read_model(&glm, err))
		 : fit(&glm, err);
	if (!rc)
		rc = glm_predict(&glm, err);
out:
	release(&glm);
	return rc;
}
