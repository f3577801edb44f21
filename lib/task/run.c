/* The child's life: load, check what every component needs, run, report. */
#include "lib/task/run.h"

#include "lib/base/log.h"

static enum err
check_rows(const struct task_data *data, struct buf *err)
{
	struct table_reader *r = NULL;
	enum err rc;

	if (data->path == NULL)
		return ERR_OK;
	rc = table_reader_open(data->path, &r, err);
	if (rc == ERR_OK && table_reader_count(r) == 0)
		rc = err_set(err, ERR_INVALID,
		    "Count of data_instance is 0: the input %s, table %s of "
		    "namespace %s, has no rows",
		    data->key, data->name != NULL ? data->name : "?",
		    data->name_space != NULL ? data->name_space : "?");
	table_reader_close(&r);
	return rc;
}

/* The first input that is neither for a training nor for its evaluation. */
static enum err
skip_run(struct task *t)
{
	const struct task_data *data = t->data, *end = t->data + t->n_data;

	while (data < end && (strcmp(data->key, "train_data") == 0 ||
				 strcmp(data->key, "eval_data") == 0))
		data++;
	if (data < end && data->path != NULL)
		task_output_pass(t, data);
	return ERR_OK;
}

static enum err
open_mail(struct task *t, struct buf *err)
{
	struct mailbox_options o = {.self = t->self,
	    .peers = t->peers,
	    .n_peers = t->n_peers,
	    .keep_messages = json_bool(t->root, "keep_messages", false),
	    .quota = json_int(t->root, "mailbox_quota", 0),
	    .waiting = task_report_tick,
	    .arg = t->report};

	if (t->n_peers == 0)
		return ERR_OK;
	return mailbox_open(&o, &t->mail, err);
}

static const struct component *
component_find(const struct component_table *table, const char *module)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->rows[i].module, module) == 0)
			return &table->rows[i];
	return NULL;
}

static enum err
run(struct task *t, const struct component_table *table, struct buf *err)
{
	const struct component *c = component_find(table, t->module);
	enum err rc;

	if (c == NULL)
		return err_set(err, ERR_NOTFOUND,
		    "this site has no component for module %s", t->module);
	task_report_tick(t->report);
	if (t->mode == TASK_SKIP)
		return skip_run(t);
	for (size_t i = 0; c->needs_rows && i < t->n_data; i++) {
		rc = check_rows(&t->data[i], err);
		if (rc != ERR_OK)
			return rc;
	}
	rc = open_mail(t, err);
	return rc == ERR_OK ? c->run(t, err) : rc;
}

/* FATE's first and last words on a task. */
static void
say(const char *verb, const struct task *t, const char *what)
{
	log_info("%s %s %s %s %s %s %s (module %s, attempt %d)", verb,
	    t->job_id, t->component, t->task_id, t->role, t->party_id, what,
	    t->module, t->attempt);
}

int
task_run(const char *dir, const struct component_table *table)
{
	struct task t = {0};
	struct buf err = BUF_INIT;
	bool is_loaded;
	enum err rc;
	int code;

	t.report = task_report_new(dir);
	rc = task_load(&t, dir, &err);
	is_loaded = rc == ERR_OK;
	if (is_loaded) {
		say("run", &t, "task");
		rc = run(&t, table, &err);
		if (rc == ERR_OK && t.n_peers > 0)
			rc = mailbox_say_ended(&t.self, &err);
	}
	if (rc != ERR_OK)
		log_error("%s", err.ptr);
	code = task_report_end(t.report, rc, err.ptr);
	if (is_loaded)
		say("finish", &t, code == 0 ? "success" : "failed");
	task_release(&t);
	task_report_free(t.report);
	buf_release(&err);
	return code;
}
