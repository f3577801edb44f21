/*
 * Download: a table becomes a text file on the server. The path was checked
 * and resolved before the job was taken in; since folders may have changed
 * meanwhile, none of it is a link that is followed here, and nothing is
 * overwritten.
 */
#include "lib/base/below.h"
#include "task/components/transfer.h"

#include <unistd.h>

static void
show_progress(void *arg, int64_t rows, int64_t total)
{
	task_progress(arg, (int)(rows * 100 / (total ? total : 1)),
	    "%lld of %lld rows written", (long long)rows, (long long)total);
}

static enum err
read_args(const struct task *t, struct transfer_options *o, const char **root,
    struct buf *err)
{
	struct json_in in = {.obj = t->param};

	o->file = json_in_str(&in, "output_path", JSON_REQUIRED, 4096);
	*root = json_in_str(&in, "output_dir", JSON_REQUIRED, 4096);
	o->delimiter = json_in_str(&in, "delimitor", JSON_OPTIONAL, 16);
	o->has_head = json_in_bool(&in, "head", JSON_OPTIONAL, false);
	if (!o->delimiter)
		o->delimiter = ",";
	return json_in_done(&in, err);
}

static enum err
check_input(const struct task *t, struct transfer_options *o, struct buf *err)
{
	const struct task_data *input = task_any_input(t);

	o->table = input ? input->path : NULL;
	if (o->table)
		return ERR_OK;
	return err_set(err, ERR_NOTFOUND,
	    "there is no table %s in the namespace %s",
	    json_str(t->param, "table_name", "?"),
	    json_str(t->param, "namespace", "?"));
}

enum err
download_run(struct task *t, struct buf *err)
{
	struct transfer_options o = {
	    .progress = show_progress, .arg = t, .dir_fd = -1};
	const char *root;
	int64_t rows = 0;
	enum err rc = read_args(t, &o, &root, err);

	if (!rc)
		rc = check_input(t, &o, err);
	if (!rc)
		rc = below_open_folder(root, o.file, &o.dir_fd, &o.name, err);
	if (!rc)
		rc = transfer_write(&o, &rows, err);
	if (o.dir_fd >= 0)
		close(o.dir_fd);
	if (rc)
		return rc;
	transfer_metric(t, "download", "DOWNLOAD", rows);
	task_progress(
	    t, 100, "%lld rows written to %s", (long long)rows, o.file);
	return ERR_OK;
}
