#include "task/run.h"
#include "task/load.h"
#include "task/report.h"

static bool
while_waiting(void *arg)
{
	struct task *t = arg;

	report_tick(t->report);
	return true;
}

static enum err
open_mail(struct task *t, struct buf *err)
{
	struct mailbox_options options = {
	    .self = t->self,
	    .peers = t->peers,
	    .n_peers = t->n_peers,
	    .keep_messages = json_bool(t->root, "keep_messages", false),
	    .quota = json_int(t->root, "mailbox_quota", 0),
	    .waiting = while_waiting,
	    .arg = t,
	};

	return t->n_peers ? mailbox_open(&options, &t->mail, err) : ERR_OK;
}

/* An input without rows or without columns is refused for every component. */
static enum err
check_input(const struct task_data *d, struct buf *err)
{
	struct table_reader *reader = NULL;
	enum err rc;

	if (!d->path)
		return ERR_OK;
	rc = table_reader_open(d->path, &reader, err);
	if (!rc && table_reader_count(reader) == 0)
		rc = err_set(err, ERR_INVALID,
		    "Count of data_instance is 0: the input '%s' (%s.%s) has "
		    "no rows",
		    d->key, d->name_space, d->name);
	table_reader_close(&reader);
	return rc;
}

/* need_run false: the first plain input passes through. */
static enum err
skip(struct task *t)
{
	for (size_t i = 0; i < t->n_data; i++) {
		const struct task_data *d = &t->data[i];

		if (strcmp(d->key, "train_data") &&
		    strcmp(d->key, "eval_data") && d->path) {
			task_output_pass(t, d);
			break;
		}
	}
	return ERR_OK;
}

static enum err
run_component(struct task *t, struct buf *err)
{
	const struct component *c = component_find(t->module);
	enum err rc = ERR_OK;

	if (!c)
		return err_set(err, ERR_INVALID,
		    "module '%s' is not one that this site runs", t->module);
	if (t->mode == TASK_SKIP)
		return skip(t);
	for (size_t i = 0; !rc && i < t->n_data; i++)
		rc = check_input(&t->data[i], err);
	if (!rc)
		rc = open_mail(t, err);
	if (!rc)
		rc = c->run(t, err);
	return rc;
}

int
run_task(const char *dir)
{
	struct buf err = BUF_INIT;
	struct task task;
	enum err rc = task_load(&task, dir, &err);

	task.report = report_open(&task);
	if (!rc) {
		report_tick(task.report);
		rc = run_component(&task, &err);
	}
	rc = report_finish(task.report, rc, &err);
	if (rc)
		task_log(&task, "failed (%s): %s", err_name(rc), err.ptr);
	mailbox_close(&task.mail);
	report_close(&task.report);
	task_release(&task);
	buf_release(&err);
	return rc ? 1 : 0;
}
