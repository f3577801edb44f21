/*
 * Upload: a text file becomes a table under its own name. The import itself
 * is lib/table's; here are the parameters, the progress and the account that
 * the user sees. docs/data.md says what becomes of every kind of line.
 */
#include "lib/base/path.h"
#include "lib/table/import.h"
#include "task/components/transfer.h"

#define PARTITION_MAX 1023
#define READ_SHARE    80 /* per cent of the time; the rest sorts and writes */

struct upload_args {
	const char *file;
	const char *name_space;
	const char *name;
	const char *append_to;
	bool may_replace; /* drop 1 */
	int partition;
	bool has_head;
};

static enum err
read_args(const struct task *t, struct upload_args *a, struct buf *err)
{
	struct json_in in = {.obj = t->param};
	int64_t head =
	    json_in_int(&in, "head", JSON_REQUIRED, INT32_MIN, INT32_MAX, -1);
	int64_t partition = json_in_int(
	    &in, "partition", JSON_REQUIRED, INT32_MIN, INT32_MAX, 0);
	enum err rc;

	a->file = json_in_str(&in, "file", JSON_REQUIRED, 4096);
	a->name_space = json_in_str(&in, "namespace", JSON_REQUIRED, 512);
	a->name = json_in_str(&in, "table_name", JSON_REQUIRED, 512);
	a->append_to = json_in_str(&in, "append_to", JSON_OPTIONAL, 4096);
	a->may_replace = json_in_int(&in, "drop", JSON_OPTIONAL, 0, 2,
			     TABLE_DROP_REFUSE) == TABLE_DROP_REPLACE;
	rc = json_in_done(&in, err);
	if (rc)
		return rc;
	if (partition < 1 || partition > PARTITION_MAX)
		return err_set(err, ERR_INVALID,
		    "Error number of partition, it should between 0 and 1024, "
		    "%lld was given",
		    (long long)partition);
	if (head != 0 && head != 1)
		return err_set(err, ERR_INVALID,
		    "'head' in conf.json should be 0 or 1, %lld was given",
		    (long long)head);
	a->partition = (int)partition;
	a->has_head = head == 1;
	return ERR_OK;
}

static void
show_progress(void *arg, int percent, int64_t rows)
{
	task_progress(arg, percent * READ_SHARE / 100,
	    "%lld rows read, %d%% of the file", (long long)rows, percent);
}

static void
report(
    struct task *t, const struct upload_args *a, const struct import_result *r)
{
	cJSON *ledger = table_import_ledger(r);
	const cJSON *reason;

	transfer_metric(t, "upload", "UPLOAD", r->stats.rows);
	cJSON_ArrayForEach(reason, json_get(ledger, "reasons"))
	    task_log(t, "%s", reason->valuestring);
	task_publish_table(t, a->name_space, a->name, &r->stats, &r->schema,
	    a->partition, ledger);
	if (!a->may_replace)
		task_publish_replaces(t, a->append_to ? a->append_to : "");
	task_progress(t, 100,
	    "%lld rows read, %lld in the table, %lld replaced by a later row "
	    "of the same id, %lld empty lines skipped",
	    (long long)r->read, (long long)r->stats.rows,
	    (long long)r->stats.duplicates, (long long)r->blank);
}

enum err
upload_run(struct task *t, struct buf *err)
{
	struct upload_args a = {0};
	struct import_result result = {0};
	struct import_options o = {.progress = show_progress, .arg = t};
	enum err rc = read_args(t, &a, err);

	if (rc)
		return rc;
	o.file = a.file;
	o.has_head = a.has_head;
	o.append_to = a.append_to;
	o.path = task_output_path(t);
	if (!path_exists(a.file))
		return err_set(err, ERR_NOTFOUND,
		    "%s is not exist, please check the configure", a.file);
	rc = table_import(&o, &result, err);
	if (!rc)
		report(t, &a, &result);
	table_schema_release(&result.schema);
	return rc;
}
