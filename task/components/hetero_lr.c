/*
 * The entry of HeteroLR and what its parties have in common. A fit is: the
 * arbiter's key, ids compared, the role's loop, the model, the scores; a
 * prediction is the same without the loop, under a fresh key.
 */
#include "task/components/hetero_lr.h"
#include "task/components/instances.h"

#include "lib/base/mem.h"

bool
lr_is(const struct lr *lr, const char *role)
{
	return strcmp(lr->t->role, role) == 0;
}

const struct mailbox_party *
lr_arbiter(const struct lr *lr)
{
	return task_peer(lr->t, "arbiter", 0);
}

const struct mailbox_party *
lr_guest(const struct lr *lr)
{
	return task_peer(lr->t, "guest", 0);
}

const struct mailbox_party *
lr_host(const struct lr *lr, size_t i)
{
	return task_peer(lr->t, "host", i);
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
load(struct lr *lr, const char *key, struct lr_data *data, struct buf *err)
{
	const struct task_data *in = find_input(lr->t, key);
	enum err rc;

	if (!in)
		return err_set(err, ERR_INVALID, "there is no %s", key);
	rc = lr_data_read(in, data, err);
	if (rc)
		return rc;
	return lr_align(lr, data, err);
}

static enum err
load_all(struct lr *lr, struct buf *err)
{
	bool fits = instances_is_fit(lr->t);
	enum err rc = ERR_OK;

	if (lr_is(lr, "arbiter")) {
		if (fits)
			rc = lr_align_arbiter(lr, &lr->n, err);
		if (!rc && lr->t->mode != TASK_FIT)
			rc = lr_align_arbiter(lr, &lr->n_eval, err);
		return rc;
	}
	if (fits)
		rc = load(lr, "train_data", &lr->train, err);
	if (!rc && lr->t->mode != TASK_FIT)
		rc = load(lr, "eval_data", &lr->eval, err);
	lr->n = lr->train.n;
	lr->n_eval = lr->eval.n;
	return rc;
}

static enum err
check_parties(struct lr *lr, struct buf *err)
{
	bool host = lr_is(lr, "host"), arbiter = lr_is(lr, "arbiter");
	const cJSON *hosts = json_get(lr->t->roles, "host");

	lr->n_hosts = (size_t)cJSON_GetArraySize(hosts);
	if (lr->n_hosts == 0 || (!arbiter && !lr_arbiter(lr)) ||
	    (!lr_is(lr, "guest") && !lr_guest(lr)) ||
	    (!host && task_n_peers(lr->t, "host") != lr->n_hosts))
		return err_set(err, ERR_INVALID,
		    "HeteroLR needs a guest, at least one host and an arbiter "
		    "in the job's roles");
	if (lr->n_hosts > 1 && lr->t->mode != TASK_PREDICT &&
	    lr->p.early_stop != CONVERGE_WEIGHT_DIFF)
		return err_set(err, ERR_INVALID,
		    "early_stop is \"%s\", expected \"weight_diff\": with %zu "
		    "hosts there is no loss to compare",
		    lr->p.early_stop_name, lr->n_hosts);
	return ERR_OK;
}

static enum err
fit(struct lr *lr, struct buf *err)
{
	static const struct {
		const char *role;
		enum err (*run)(struct lr *lr, struct buf *err);
	} roles[] = {
	    {"guest", lr_fit_guest},
	    {"host", lr_fit_host},
	    {"arbiter", lr_fit_arbiter},
	};
	enum err rc;

	rc = lr_init_weights(lr, err);
	for (size_t i = 0; !rc && i < ARRAY_LEN(roles); i++)
		if (lr_is(lr, roles[i].role))
			rc = roles[i].run(lr, err);
	if (rc)
		return rc;
	lr_restore(lr);
	return lr_write_model(lr, err);
}

static void
release(struct lr *lr)
{
	paillier_sums_free(lr->sums);
	paillier_sums_free(lr->cross);
	free(lr->factors);
	free(lr->shift);
	lr_vector_release(&lr->c);
	lr_vector_release(&lr->other);
	lr_columns_free(lr->columns, lr->train.d);
	lr_data_release(&lr->train);
	lr_data_release(&lr->eval);
	if (lr->secret)
		paillier_secret_free(lr->secret);
	else
		paillier_public_free(lr->pub);
	lr_stopper_free(lr->stopper);
	free(lr->w);
	free(lr->best_w);
	free(lr->y);
}

enum err
hetero_lr_run(struct task *t, struct buf *err)
{
	struct lr lr = {.t = t, .best_iteration = -1};
	bool arbiter;
	enum err rc;

	if (t->mode == TASK_SKIP) {
		if (task_input(t, "data"))
			task_output_pass(t, task_input(t, "data"));
		return ERR_OK;
	}
	if (t->mode == TASK_TRANSFORM)
		t->mode = TASK_PREDICT;
	rc = lr_param_read(t, &lr.p, err);
	if (!rc && lr.p.stop_rounds > 0 && t->mode == TASK_FIT)
		task_log(t, "early_stopping_rounds has no effect: there is no "
			    "eval_data to validate on");
	if (!rc)
		rc = check_parties(&lr, err);
	if (rc)
		goto out;
	arbiter = lr_is(&lr, "arbiter");
	rc = arbiter ? lr_make_key(&lr, err) : lr_receive_key(&lr, err);
	if (!rc)
		rc = load_all(&lr, err);
	if (rc)
		goto out;
	rc = t->mode == TASK_PREDICT
		 ? (arbiter ? ERR_OK : lr_read_model(&lr, err))
		 : fit(&lr, err);
	if (!rc)
		rc = lr_predict(&lr, err);
out:
	release(&lr);
	return rc;
}
