/*
 * Download: a table becomes a text file on the server. Whether the path is
 * one that may be written is checked before the job is taken in; what is
 * checked here is that nothing is overwritten.
 */
#include "task/components/transfer.h"

static void
show_progress(void *arg, int64_t rows, int64_t total)
{
	task_progress(arg, (int)(rows * 100 / (total ? total : 1)),
	    "%lld of %lld rows written", (long long)rows, (long long)total);
}

enum err
download_run(struct task *t, struct buf *err)
{
	struct json_in in = {.obj = t->param};
	struct transfer_options o = {.progress = show_progress, .arg = t};
	const struct task_data *input = task_any_input(t);
	int64_t rows = 0;
	enum err rc;

	o.file = json_in_str(&in, "output_path", JSON_REQUIRED, 4096);
	o.delimiter = json_in_str(&in, "delimitor", JSON_OPTIONAL, 16);
	rc = json_in_done(&in, err);
	if (rc)
		return rc;
	if (!o.delimiter)
		o.delimiter = ",";
	if (o.file[0] != '/')
		return err_set(err, ERR_INVALID,
		    "output_path is '%s', expected an absolute path", o.file);
	if (!input || !input->path)
		return err_set(err, ERR_NOTFOUND,
		    "there is no table %s in the namespace %s",
		    json_str(t->param, "table_name", "?"),
		    json_str(t->param, "namespace", "?"));
	o.table = input->path;
	rc = transfer_write(&o, &rows, err);
	if (rc)
		return rc;
	transfer_metric(t, "download", "DOWNLOAD", rows);
	task_progress(
	    t, 100, "%lld rows written to %s", (long long)rows, o.file);
	return ERR_OK;
}
