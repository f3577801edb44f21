/*
 * task.json is the scheduler's work, so a wrong field is a bug of the site,
 * not of a user; still each is checked, because the contract admits other
 * programs on either side.
 */
#include "task/load.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <stdint.h>

static void
load_data(struct task *t, const cJSON *list)
{
	const cJSON *it;

	t->data = xcalloc((size_t)cJSON_GetArraySize(list), sizeof(*t->data));
	cJSON_ArrayForEach(it, list)
	{
		struct task_data *d = &t->data[t->n_data++];

		d->key = json_str(it, "key", "data");
		d->component = json_str(it, "component", NULL);
		d->name_space = json_str(it, "namespace", "");
		d->name = json_str(it, "name", "");
		d->path = json_str(it, "path", NULL);
		d->partitions = (int)json_int(it, "partitions", 1);
	}
}

static void
load_models(struct task *t, const cJSON *list)
{
	const cJSON *it;

	t->models =
	    xcalloc((size_t)cJSON_GetArraySize(list), sizeof(*t->models));
	cJSON_ArrayForEach(it, list)
	{
		struct task_model *m = &t->models[t->n_models++];

		m->is_isometric = json_bool(it, "isometric", false);
		m->component = json_str(it, "component", "");
		m->dir = json_str(it, "dir", "");
	}
}

static enum err
load_peers(struct task *t, const cJSON *list, struct buf *err)
{
	const cJSON *it;

	t->peers = xcalloc((size_t)cJSON_GetArraySize(list), sizeof(*t->peers));
	cJSON_ArrayForEach(it, list)
	{
		struct mailbox_party *p = &t->peers[t->n_peers++];

		p->role = json_str(it, "role", NULL);
		p->party_id = json_str(it, "party_id", NULL);
		p->dir = json_str(it, "mailbox", NULL);
		if (!p->role || !p->party_id || !p->dir)
			return err_set(err, ERR_INVALID,
			    "task.json: a peer lacks role, party_id or "
			    "mailbox");
	}
	return ERR_OK;
}

static enum err
load_self(struct task *t, struct buf *err)
{
	static const char *const required[] = {"job_id", "task_id", "component",
	    "module", "role", "party_id", "mailbox"};

	for (size_t i = 0; i < ARRAY_LEN(required); i++)
		if (!json_str(t->root, required[i], NULL))
			return err_set(err, ERR_INVALID,
			    "task.json: %s must be a string", required[i]);
	t->job_id = json_str(t->root, "job_id", "");
	t->task_id = json_str(t->root, "task_id", "");
	t->component = json_str(t->root, "component", "");
	t->module = json_str(t->root, "module", "");
	t->role = json_str(t->root, "role", "");
	t->party_id = json_str(t->root, "party_id", "");
	t->attempt = (int)json_int(t->root, "attempt", 0);
	t->self.role = t->role;
	t->self.party_id = t->party_id;
	t->self.dir = json_str(t->root, "mailbox", NULL);
	return ERR_OK;
}

enum err
task_load(struct task *t, const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	cJSON *root = NULL;
	const cJSON *inputs, *outputs;
	enum err rc;

	memset(t, 0, sizeof(*t));
	t->dir = dir;
	path_set(&path, "%s/task.json", dir);
	rc = json_read_file(path.ptr, &root, err);
	buf_release(&path);
	if (rc)
		return rc;
	t->root = root;
	t->param = json_get(root, "parameters");
	t->roles = json_get(root, "roles");
	rc = load_self(t, err);
	if (!rc)
		rc = load_peers(t, json_get(root, "peers"), err);
	inputs = json_get(root, "inputs");
	load_data(t, json_get(inputs, "data"));
	load_models(t, json_get(inputs, "models"));
	outputs = json_get(root, "outputs");
	t->data_alias = json_str(outputs, "data", "component");
	t->model_alias = json_str(outputs, "model", "default");
	t->mode = task_mode_of(t);
	return rc;
}

void
task_release(struct task *t)
{
	free(t->data);
	free(t->models);
	free(t->peers);
	cJSON_Delete((cJSON *)(uintptr_t)t->root);
	memset(t, 0, sizeof(*t));
}

enum task_mode
task_mode_of(const struct task *t)
{
	bool has_train = task_input(t, "train_data") != NULL;
	bool has_eval = task_input(t, "eval_data") != NULL;

	if (!json_bool(t->param, "need_run", true))
		return TASK_SKIP;
	if (has_train)
		return has_eval ? TASK_FIT_EVAL : TASK_FIT;
	if (has_eval)
		return TASK_PREDICT;
	return task_model(t) ? TASK_TRANSFORM : TASK_FIT;
}

const struct task_data *
task_input(const struct task *t, const char *key)
{
	for (size_t i = 0; i < t->n_data; i++)
		if (!strcmp(t->data[i].key, key))
			return &t->data[i];
	return NULL;
}

const struct task_data *
task_any_input(const struct task *t)
{
	return t->n_data ? &t->data[0] : NULL;
}

const struct task_model *
task_model(const struct task *t)
{
	for (size_t i = 0; i < t->n_models; i++)
		if (!t->models[i].is_isometric)
			return &t->models[i];
	return t->n_models ? &t->models[0] : NULL;
}

const struct mailbox_party *
task_peer(const struct task *t, const char *role, size_t i)
{
	for (size_t k = 0; k < t->n_peers; k++)
		if (!strcmp(t->peers[k].role, role) && i-- == 0)
			return &t->peers[k];
	return NULL;
}

size_t
task_n_peers(const struct task *t, const char *role)
{
	size_t n = 0;

	while (task_peer(t, role, n))
		n++;
	return n;
}
