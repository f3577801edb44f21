/* task.json into struct task. Everything borrows from the tree. */
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/model/model_dir.h"
#include "lib/task/run.h"

static void
load_data(struct task *t, const cJSON *list)
{
	const cJSON *row;

	t->data =
	    xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*t->data));
	cJSON_ArrayForEach(row, list)
	{
		t->data[t->n_data++] = (struct task_data){
		    .key = json_str(row, "key", "data"),
		    .component = json_str(row, "component", NULL),
		    .name_space = json_str(row, "namespace", NULL),
		    .name = json_str(row, "name", NULL),
		    .path = json_str(row, "path", NULL),
		    .partitions = (int)json_int(row, "partitions", 1),
		};
	}
}

static void
load_models(struct task *t, const cJSON *list)
{
	const cJSON *row;

	t->models =
	    xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*t->models));
	cJSON_ArrayForEach(row, list)
	{
		t->models[t->n_models++] = (struct task_model){
		    .is_isometric = json_bool(row, "isometric", false),
		    .component = json_str(row, "component", NULL),
		    .dir = json_str(row, "dir", NULL),
		};
	}
}

static void
load_peers(struct task *t, const cJSON *list)
{
	const cJSON *row;
	struct mailbox_party *p;

	t->peers =
	    xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*t->peers));
	cJSON_ArrayForEach(row, list)
	{
		p = &t->peers[t->n_peers++];
		p->role = json_str(row, "role", "");
		p->party_id = json_str(row, "party_id", "");
		p->dir = json_str(row, "mailbox", "");
	}
}

static enum task_mode
mode_of(const struct task *t)
{
	bool has_model = false;

	for (size_t i = 0; i < t->n_models; i++)
		has_model |= !t->models[i].is_isometric;
	if (!json_bool(t->param, "need_run", true))
		return TASK_SKIP;
	if (task_input(t, "train_data") != NULL)
		return task_input(t, "eval_data") != NULL ? TASK_FIT_EVAL
							  : TASK_FIT;
	if (task_input(t, "eval_data") != NULL)
		return TASK_PREDICT;
	return has_model ? TASK_TRANSFORM : TASK_FIT;
}

static enum err
load_names(struct task *t, struct buf *err)
{
	struct json_in in = {.obj = t->root};

	t->job_id = json_in_str(&in, "job_id", JSON_REQUIRED, 64);
	t->task_id = json_in_str(&in, "task_id", JSON_REQUIRED, 255);
	t->component = json_in_str(&in, "component", JSON_REQUIRED, 255);
	t->module = json_in_str(&in, "module", JSON_REQUIRED, 255);
	t->role = json_in_str(&in, "role", JSON_REQUIRED, 64);
	t->party_id = json_in_str(&in, "party_id", JSON_REQUIRED, 64);
	t->attempt =
	    (int)json_in_int(&in, "attempt", JSON_OPTIONAL, 0, 1000000, 0);
	t->param = json_in_object(&in, "parameters", JSON_OPTIONAL);
	t->roles = json_in_object(&in, "roles", JSON_OPTIONAL);
	return json_in_done(&in, err);
}

enum err
task_load(struct task *t, const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	cJSON *root = NULL;
	const cJSON *in, *out;
	enum err rc;

	t->dir = dir;
	path_set(&path, "%s/task.json", dir);
	rc = json_read_file(path.ptr, &root, err);
	buf_release(&path);
	t->root = root;
	if (rc == ERR_OK)
		rc = load_names(t, err);
	if (rc != ERR_OK)
		return rc;
	in = json_get(root, "inputs");
	out = json_get(root, "outputs");
	load_data(t, json_get(in, "data"));
	load_models(t, json_get(in, "models"));
	load_peers(t, json_get(root, "peers"));
	t->data_alias = json_str(out, "data", NULL);
	t->model_alias = json_str(out, "model", NULL);
	t->self = (struct mailbox_party){.role = t->role,
	    .party_id = t->party_id,
	    .dir = json_str(root, "mailbox", "")};
	t->mode = mode_of(t);
	return ERR_OK;
}

void
task_release(struct task *t)
{
	mailbox_close(&t->mail);
	free(t->peers);
	free(t->data);
	free(t->models);
	cJSON_Delete((cJSON *)(uintptr_t)t->root);
}

const struct task_data *
task_input(const struct task *t, const char *key)
{
	for (size_t i = 0; i < t->n_data; i++)
		if (strcmp(t->data[i].key, key) == 0)
			return &t->data[i];
	return NULL;
}

const struct task_data *
task_any_input(const struct task *t)
{
	return t->n_data > 0 ? &t->data[0] : NULL;
}

const struct task_model *
task_model(const struct task *t)
{
	for (size_t i = 0; i < t->n_models; i++)
		if (!t->models[i].is_isometric)
			return &t->models[i];
	return t->n_models > 0 ? &t->models[0] : NULL;
}

const struct mailbox_party *
task_peer(const struct task *t, const char *role, size_t i)
{
	for (size_t k = 0; k < t->n_peers; k++)
		if (strcmp(t->peers[k].role, role) == 0 && i-- == 0)
			return &t->peers[k];
	return NULL;
}

size_t
task_n_peers(const struct task *t, const char *role)
{
	size_t n = 0;

	for (size_t k = 0; k < t->n_peers; k++)
		n += strcmp(t->peers[k].role, role) == 0;
	return n;
}

enum err
task_input_model(const struct task *t, const struct task_model *model,
    const char *buffer, struct buf *bytes_out, struct buf *err)
{
	struct buf path = BUF_INIT, fault = BUF_INIT;
	enum err rc;

	path_set(&path, "%s/%s", model->dir, buffer);
	rc = path_read_file(path.ptr, MODEL_BUFFER_MAX, bytes_out, &fault);
	if (rc == ERR_NOTFOUND)
		err_set(err, rc,
		    "the model of %s has no %s, which %s needs; was its "
		    "need_run false?",
		    model->component, buffer, t->component);
	else if (rc != ERR_OK)
		err_set(err, rc, "%s (input model of %s for %s)", fault.ptr,
		    model->component, t->component);
	buf_release(&path);
	buf_release(&fault);
	return rc;
}
