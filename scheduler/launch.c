/*
 * A task gets everything as values and absolute paths: it needs no database
 * and no configuration. What is in task.json is decided within the
 * transaction that makes the task "running"; the folders and the process
 * follow the commit, so a rollback leaves nothing behind.
 *
 * Nothing here is synced: after a power cut the task is found without an
 * owner and launched again.
 */
#include "scheduler/launch.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/base/proc.h"
#include "lib/store/catalogue.h"
#include "lib/store/ingest.h"
#include "scheduler/taskdir.h"

#include <stdlib.h>

#define TASK_VERSION  1
#define TASK_JSON_MAX ((size_t)64 << 20)

static struct taskdir_name
name_of(const struct scheduler *s, const struct run_task *t)
{
	return (struct taskdir_name){
	    .work_dir = s->cfg->site.work_dir,
	    .job_id = t->job->id,
	    .role = t->party->role,
	    .party_id = t->party->party_id,
	    .component = run_task_component(t),
	    .attempt = t->attempt,
	};
}

void
launch_mailbox(
    const struct scheduler *s, const struct run_task *t, struct buf *out)
{
	struct taskdir_name name = name_of(s, t);

	taskdir_mailbox(&name, out);
}

const char *
launch_model_version(const struct run_job *j)
{
	return json_str(j->conf.job_parameters, "model_version", j->id);
}

struct model_ref
launch_party_model(const struct scheduler *s, const struct run_job *j,
    const struct conf_party *party)
{
	return (struct model_ref){
	    .work_dir = s->cfg->site.work_dir,
	    .role = party->role,
	    .party_id = party->party_id,
	    .model_id = j->model_id.ptr,
	    .version = launch_model_version(j),
	};
}

struct model_ref
launch_model(const struct scheduler *s, const struct run_task *t)
{
	return launch_party_model(s, t->job, t->party);
}

/* ---- inputs ---- */

static void
add_data(cJSON *list, const struct dsl_input *in, const char *path,
    const struct ingest_table *table)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddItemToArray(list, item);
	json_add_str(item, "key", in->key);
	json_add_str(item, "component",
	    in->source == DSL_COMPONENT ? in->component : NULL);
	json_add_str(item, "namespace", table->name_space);
	json_add_str(item, "name", table->name);
	json_add_str(item, "path", path);
	json_add_int(item, "partitions", table->partitions);
}

/* Adds a table of the catalogue under its path on disk. */
static void
add_table(struct scheduler *s, cJSON *list, const struct dsl_input *in,
    const struct ingest_table *table)
{
	struct buf path = BUF_INIT;

	path_set(&path, "%s/tables/%s", s->cfg->site.work_dir, table->file);
	add_data(list, in, path.ptr, table);
	buf_release(&path);
}

/* The table that (namespace, name) stands for now. */
static enum err
add_current_table(struct scheduler *s, cJSON *list, const struct dsl_input *in,
    const char *name_space, const char *name, struct buf *err)
{
	struct catalogue_table found = {0};
	struct ingest_table table;
	enum err rc = catalogue_find(s->db, name_space, name, &found, err);

	if (rc)
		return rc;
	table = (struct ingest_table){.name_space = found.name_space,
	    .name = found.name,
	    .file = found.file,
	    .partitions = found.partitions};
	add_table(s, list, in, &table);
	catalogue_release(&found);
	return ERR_OK;
}

static enum err
add_args(struct scheduler *s, const struct run_task *t,
    const struct dsl_input *in, cJSON *list, struct buf *err)
{
	const char *name, *name_space;

	if (conf_args_table(
		&t->job->conf, t->party, in->alias, &name, &name_space))
		return ERR_OK; /* a party may have none */
	return add_current_table(s, list, in, name_space, name, err);
}

/* What the same party's task of the upstream component made. */
static enum err
add_upstream(struct scheduler *s, const struct run_task *t,
    const struct dsl_input *in, cJSON *list, struct buf *err)
{
	struct ingest_table table = {0};
	struct buf task_id = BUF_INIT, space = BUF_INIT;
	struct task_run_key key;
	enum err rc;

	ids_task(t->job->id, in->component, &task_id);
	key = (struct task_run_key){
	    t->job->id, task_id.ptr, t->party->role, t->party->party_id};
	rc = ingest_output(s->db, &key, &table, err);
	if (rc == ERR_NOTFOUND) {
		buf_addf(&space, "output_data_%s", task_id.ptr);
		add_data(list, in, NULL,
		    &(struct ingest_table){.name_space = space.ptr});
		rc = ERR_OK;
	} else if (!rc) {
		add_table(s, list, in, &table);
	}
	ingest_table_release(&table);
	buf_release(&space);
	buf_release(&task_id);
	return rc;
}

static enum err
add_model(struct scheduler *s, const struct run_task *t,
    const struct dsl_input *in, cJSON *list, struct buf *err)
{
	struct model_ref m = launch_model(s, t);
	struct buf dir = BUF_INIT;
	cJSON *item;
	enum err rc =
	    model_path_component(&m, in->component, in->alias, &dir, err);

	if (!rc) {
		item = cJSON_CreateObject();
		cJSON_AddItemToArray(list, item);
		json_add_bool(
		    item, "isometric", in->port == DSL_PORT_ISOMETRIC);
		json_add_str(item, "component", in->component);
		json_add_str(item, "dir", dir.ptr);
	}
	buf_release(&dir);
	return rc;
}

static enum err
add_inputs(
    struct scheduler *s, const struct run_task *t, cJSON *root, struct buf *err)
{
	const struct dsl_component *c = &t->job->dsl.components[t->component];
	cJSON *inputs = cJSON_CreateObject();
	cJSON *data = cJSON_CreateArray(), *models = cJSON_CreateArray();
	enum err rc = ERR_OK;

	json_add(root, "inputs", inputs);
	json_add(inputs, "data", data);
	json_add(inputs, "models", models);
	for (size_t i = 0; !rc && i < c->n_inputs; i++) {
		const struct dsl_input *in = &c->inputs[i];

		if (in->port == DSL_PORT_MODEL ||
		    in->port == DSL_PORT_ISOMETRIC)
			rc = add_model(s, t, in, models, err);
		else if (in->source == DSL_ARGS)
			rc = add_args(s, t, in, data, err);
		else
			rc = add_upstream(s, t, in, data, err);
	}
	return rc;
}

/*
 * Download names its table in its parameters, not in the DSL. (An Upload has
 * the same words, but there they are what it is to make.)
 */
static enum err
add_download(struct scheduler *s, cJSON *root, struct buf *err)
{
	static const struct dsl_input in = {
	    .port = DSL_PORT_DATA, .key = "data", .source = DSL_ARGS};
	const cJSON *p = json_get(root, "parameters");
	cJSON *inputs = cJSON_GetObjectItemCaseSensitive(root, "inputs");

	if (strcmp(json_str(root, "module", ""), "Download"))
		return ERR_OK;
	return add_current_table(s,
	    cJSON_GetObjectItemCaseSensitive(inputs, "data"), &in,
	    json_str(p, "namespace", ""), json_str(p, "table_name", ""), err);
}

/* ---- the rest of task.json ---- */

static enum err
add_parameters(const struct run_task *t, cJSON *root, struct buf *err)
{
	const struct run_job *j = t->job;
	const char *class = j->dsl.components[t->component].module->param_class;
	cJSON *all = NULL, *inner;
	enum err rc = conf_parameters(
	    &j->conf, &j->dsl, t->component, t->party, NULL, &all, err);

	if (rc)
		return rc;
	inner = cJSON_DetachItemFromObjectCaseSensitive(all, class);
	json_add(root, "parameters", inner ? inner : cJSON_CreateObject());
	cJSON_Delete(all);
	return ERR_OK;
}

static void
add_peers(const struct scheduler *s, const struct run_task *t, cJSON *root)
{
	const struct run_component *c = &t->job->components[t->component];
	struct taskdir_name name = name_of(s, t);
	cJSON *peers = cJSON_CreateArray();
	struct buf box = BUF_INIT;

	json_add(root, "peers", peers);
	taskdir_mailbox(&name, &box);
	json_add_str(root, "mailbox", box.ptr);
	for (size_t i = 0; i < c->n_tasks; i++) {
		cJSON *peer;

		if (&c->tasks[i] == t)
			continue;
		peer = cJSON_CreateObject();
		cJSON_AddItemToArray(peers, peer);
		name.role = c->tasks[i].party->role;
		name.party_id = c->tasks[i].party->party_id;
		taskdir_mailbox(&name, &box);
		json_add_str(peer, "role", name.role);
		json_add_str(peer, "party_id", name.party_id);
		json_add_str(peer, "mailbox", box.ptr);
	}
	buf_release(&box);
}

static void
add_identity(const struct run_task *t, cJSON *root)
{
	const struct run_job *j = t->job;
	const struct dsl_component *c = &j->dsl.components[t->component];
	cJSON *initiator = cJSON_CreateObject();

	json_add_int(root, "v", TASK_VERSION);
	json_add_str(root, "job_id", j->id);
	json_add_str(root, "task_id", t->task_id.ptr);
	json_add_str(root, "component", c->name);
	json_add_str(root, "module", c->module->name);
	json_add_str(root, "role", t->party->role);
	json_add_str(root, "party_id", t->party->party_id);
	json_add_int(root, "attempt", t->attempt);
	json_add_int(root, "fence", j->fence);
	json_add(root, "initiator", initiator);
	json_add_str(initiator, "role", j->conf.initiator_role);
	json_add_str(initiator, "party_id", j->conf.initiator_party_id);
	json_add(root, "roles", cJSON_Duplicate(j->conf.roles, true));
	json_add(root, "job_parameters",
	    cJSON_Duplicate(j->conf.job_parameters, true));
}

/* A secret key may lie there, which is for this site's operator to allow. */
static void
add_cache(const struct scheduler *s, cJSON *root)
{
	struct buf cache = BUF_INIT;

	if (!s->cfg->federation.keep_signed_ids)
		return;
	path_set(&cache, "%s/cache", s->cfg->site.work_dir);
	json_add_str(root, "cache", cache.ptr);
	buf_release(&cache);
}

static void
add_outputs(const struct scheduler *s, const struct run_task *t, cJSON *root)
{
	const struct dsl_component *c = &t->job->dsl.components[t->component];
	cJSON *outputs = cJSON_CreateObject();

	json_add(root, "outputs", outputs);
	json_add_str(outputs, "data", c->data_alias);
	json_add_str(
	    outputs, "model", t->job->conf.is_predict ? NULL : c->model_alias);
	json_add_bool(root, "keep_messages", s->cfg->federation.keep_messages);
	json_add_int(root, "mailbox_quota", s->cfg->federation.mailbox_quota);
	json_add_int(root, "mask_bits", s->cfg->federation.mask_bits);
	add_cache(s, root);
}

/* What the task will leave needs a place: known before it runs. */
static enum err
check_model(
    const struct scheduler *s, const struct run_task *t, struct buf *err)
{
	struct model_ref m = launch_model(s, t);
	struct buf dir = BUF_INIT;
	enum err rc = model_path_root(&m, &dir, err);

	buf_release(&dir);
	return rc;
}

enum err
launch_plan(struct scheduler *s, struct run_task *t, struct buf *err)
{
	struct taskdir_name name = name_of(s, t);
	cJSON *root = cJSON_CreateObject();
	struct buf text = BUF_INIT;
	enum err rc;

	taskdir_path(&name, &t->dir);
	add_identity(t, root);
	rc = check_model(s, t, err);
	if (!rc)
		rc = add_parameters(t, root, err);
	if (!rc)
		rc = add_inputs(s, t, root, err);
	if (!rc)
		rc = add_download(s, root, err);
	if (!rc) {
		add_outputs(s, t, root);
		add_peers(s, t, root);
		json_print(root, JSON_PRETTY, &text);
		free(t->task_json);
		t->task_json = buf_detach(&text);
	}
	cJSON_Delete(root);
	buf_release(&text);
	return rc;
}

/* ---- the process ---- */

static enum err
make_mailboxes(struct scheduler *s, struct run_task *t, struct buf *err)
{
	const struct run_component *c = &t->job->components[t->component];
	struct taskdir_name name = name_of(s, t);
	struct buf box = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && c->n_tasks > 1 && i < c->n_tasks; i++) {
		name.role = c->tasks[i].party->role;
		name.party_id = c->tasks[i].party->party_id;
		taskdir_mailbox(&name, &box);
		rc = taskdir_make(&name, box.ptr, err);
	}
	buf_release(&box);
	return rc;
}

static bool
has_secret(const struct run_task *t)
{
	return spec_has_secret(t->job->dsl.components[t->component].module);
}

static enum err
write_task_json(const struct run_task *t, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc;

	path_set(&path, "%s/task.json", t->dir.ptr);
	rc = path_write_file(path.ptr, t->task_json, strlen(t->task_json),
	    has_secret(t) ? PATH_PRIVATE : PATH_SCRATCH, err);
	buf_release(&path);
	return rc;
}

void
launch_hide(const struct run_task *t)
{
	struct buf path = BUF_INIT, text = BUF_INIT, shown = BUF_INIT;
	struct buf err = BUF_INIT;
	enum err rc;

	if (!has_secret(t))
		return;
	path_set(&path, "%s/task.json", t->dir.ptr);
	rc = path_read_file(path.ptr, TASK_JSON_MAX, &text, &err);
	if (!rc && spec_hide_text(text.ptr, &shown))
		rc = path_write_file(
		    path.ptr, shown.ptr, shown.len, PATH_PRIVATE, &err);
	if (rc && rc != ERR_NOTFOUND)
		log_warn("job=%s the secrets of an ended task stay: %s",
		    t->job->id, err.ptr);
	buf_release(&path);
	buf_release(&text);
	buf_release(&shown);
	buf_release(&err);
}

static enum err
spawn(struct scheduler *s, struct run_task *t, struct buf *err)
{
	const char *task[] = {s->cfg->scheduler.task_program, t->dir.ptr, NULL};
	const char *keeper[] = {s->cfg->scheduler.keeper_program, "-c",
	    s->cfg->path, t->dir.ptr, NULL};
	bool by_keeper = t->job->dsl.components[t->component].module->by_keeper;
	struct buf log = BUF_INIT;
	struct proc_options options = {.argv = by_keeper ? keeper : task,
	    .dir = t->dir.ptr,
	    .mark = t->dir.ptr};
	enum err rc;

	options.output = path_set(&log, "%s/task.log", t->dir.ptr);
	rc = proc_spawn(&options, &t->pid, err);
	buf_release(&log);
	return rc;
}

enum err
launch_task(struct scheduler *s, struct run_task *t, struct buf *err)
{
	struct taskdir_name name = name_of(s, t);
	enum err rc = taskdir_make(&name, t->dir.ptr, err);
	bool is_begun = !rc && taskdir_has_owner(t->dir.ptr);

	if (!rc && !is_begun)
		rc = make_mailboxes(s, t, err);
	if (!rc && !is_begun)
		rc = write_task_json(t, err);
	if (!rc && !is_begun)
		rc = spawn(s, t, err);
	if (rc) {
		launch_hide(t); /* a retry has a folder of its own */
		return rc;
	}
	t->is_watched = t->is_dirty = true;
	t->is_reaped = false;
	free(t->task_json);
	t->task_json = NULL;
	return ERR_OK;
}
