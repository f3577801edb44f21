/*
 * Metrics gather in a buffer that goes out with one write at a time; the
 * state is replaced by rename. Both happen at most a few times a second, so a
 * component may report as often as it likes. The order at the end matters:
 * outputs synced, metrics written, then the state that says so.
 */
#include "task/report.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define STATE_EVERY_MS	 100
#define METRICS_EVERY_MS 500
#define METRICS_MAX	 ((size_t)1 << 20)

struct task_report {
	struct buf state_path;
	struct buf metrics_path;
	struct buf model_dir;
	struct buf output_path;
	struct buf message;
	struct buf metrics;
	cJSON *outputs; /* members of state.json: table, model, ... */
	int percent;
	bool is_stale; /* the state on disk is older than ours */
	bool has_failed;
	int error;
	int64_t state_at;
	int64_t metrics_at;
};

struct task_report *
report_open(const struct task *t)
{
	struct task_report *r = xcalloc(1, sizeof(*r));
	struct buf *bufs[] = {&r->state_path, &r->metrics_path, &r->model_dir,
	    &r->output_path, &r->message, &r->metrics};

	for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
		buf_init(bufs[i]);
	path_set(&r->state_path, "%s/state.json", t->dir);
	path_set(&r->metrics_path, "%s/metrics.jsonl", t->dir);
	path_set(&r->model_dir, "%s/model", t->dir);
	r->outputs = cJSON_CreateObject();
	r->is_stale = true;
	return r;
}

void
report_close(struct task_report **rp)
{
	struct task_report *r = *rp;

	if (!r)
		return;
	buf_release(&r->state_path);
	buf_release(&r->metrics_path);
	buf_release(&r->model_dir);
	buf_release(&r->output_path);
	buf_release(&r->message);
	buf_release(&r->metrics);
	cJSON_Delete(r->outputs);
	free(r);
	*rp = NULL;
}

static enum err
write_state(
    struct task_report *r, const char *status, cJSON *error, struct buf *err)
{
	cJSON *state = cJSON_CreateObject();
	struct buf text = BUF_INIT;
	cJSON *it;
	enum err rc;

	json_add_str(state, "status", status);
	json_add_int(state, "progress", r->percent);
	json_add_str(state, "message", r->message.ptr);
	if (error)
		json_add(state, "error", error);
	cJSON_ArrayForEach(it, r->outputs)
	    json_add(state, it->string, cJSON_Duplicate(it, 1));
	json_print(state, JSON_COMPACT, &text);
	rc = path_write_file(
	    r->state_path.ptr, text.ptr, text.len, PATH_SCRATCH, err);
	r->is_stale = false;
	r->state_at = clock_mono_ms();
	cJSON_Delete(state);
	buf_release(&text);
	return rc;
}

static enum err
write_metrics(struct task_report *r, struct buf *err)
{
	const char *p = r->metrics.ptr;
	size_t left = r->metrics.len;
	enum err rc = ERR_OK;
	int fd;

	r->metrics_at = clock_mono_ms();
	if (!left)
		return ERR_OK;
	fd = open(r->metrics_path.ptr,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	while (fd >= 0 && left) {
		ssize_t n = write(fd, p, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		p += n;
		left -= (size_t)n;
	}
	if (left)
		rc = err_set_errno(
		    err, ERR_IO, "cannot write %s", r->metrics_path.ptr);
	if (fd >= 0)
		close(fd);
	buf_reset(&r->metrics);
	return rc;
}

/* Remembers the first failure; report_finish() tells it. */
static void
note(struct task_report *r, enum err rc)
{
	if (!rc || r->has_failed)
		return;
	r->has_failed = true;
	r->error = errno;
}

void
report_tick(struct task_report *r)
{
	int64_t now = clock_mono_ms();

	if (r->metrics.len > METRICS_MAX ||
	    (r->metrics.len && now - r->metrics_at >= METRICS_EVERY_MS))
		note(r, write_metrics(r, NULL));
	if (r->is_stale && now - r->state_at >= STATE_EVERY_MS)
		note(r, write_state(r, "running", NULL, NULL));
}

enum err
report_finish(struct task_report *r, enum err rc, struct buf *err)
{
	cJSON *error;

	if (!rc && r->has_failed)
		rc = err_set(err, ERR_IO,
		    "cannot write into the task's "
		    "folder: %s",
		    strerror(r->error));
	if (!rc)
		rc = write_metrics(r, err);
	if (!rc) {
		r->percent = 100;
		rc = write_state(r, "success", NULL, err);
		if (!rc)
			return ERR_OK;
	}
	write_metrics(r, NULL);
	error = cJSON_CreateObject();
	json_add_str(error, "code", err_name(rc));
	json_add_str(error, "text", err->len ? err->ptr : err_name(rc));
	write_state(r, "failed", error, NULL);
	return rc;
}

void
task_progress(struct task *t, int percent, const char *fmt, ...)
{
	struct task_report *r = t->report;
	va_list ap;

	r->percent = percent < 0 ? 0 : percent > 99 ? 99 : percent;
	buf_reset(&r->message);
	va_start(ap, fmt);
	buf_vaddf(&r->message, fmt, ap);
	va_end(ap);
	r->is_stale = true;
	report_tick(r);
}

void
task_log(struct task *t, const char *fmt, ...)
{
	char stamp[CLOCK_TEXT_LEN];
	struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	clock_format(clock_wall_ms(), stamp);
	printf("%s %s: %s\n", stamp, t->component, line.ptr);
	fflush(stdout);
	buf_release(&line);
}

static void
metric_head(
    struct buf *b, const char *type, const char *name_space, const char *name)
{
	buf_addf(b, "{\"t\":\"%s\",\"ns\":", type);
	json_print_str(name_space, false, b);
	buf_adds(b, ",\"name\":");
	json_print_str(name, false, b);
}

void
task_metric(struct task *t, const char *name_space, const char *name,
    const char *key_json, const char *value_json)
{
	struct buf *b = &t->report->metrics;

	metric_head(b, "point", name_space, name);
	buf_addf(b, ",\"key\":%s,\"value\":%s}\n", key_json, value_json);
	report_tick(t->report);
}

void
task_metric_value(struct task *t, const char *name_space, const char *name,
    const char *key, double value)
{
	struct buf quoted = BUF_INIT;
	char text[32];

	json_print_str(key, false, &quoted);
	num_format_double(value, text);
	task_metric(t, name_space, name, quoted.ptr, text);
	buf_release(&quoted);
}

void
task_metric_meta(struct task *t, const char *name_space, const char *name,
    const char *meta_name, const char *metric_type, cJSON *extras)
{
	cJSON *meta = extras ? extras : cJSON_CreateObject();
	struct buf *b = &t->report->metrics;

	json_add_str(meta, "name", meta_name);
	json_add_str(meta, "metric_type", metric_type);
	metric_head(b, "meta", name_space, name);
	buf_adds(b, ",\"meta\":");
	json_print(meta, JSON_COMPACT, b);
	buf_adds(b, "}\n");
	cJSON_Delete(meta);
	report_tick(t->report);
}

const char *
task_output_path(struct task *t)
{
	struct task_report *r = t->report;

	path_set(&r->output_path, "%s/data", t->dir);
	note(r, path_mkdirs(r->output_path.ptr, NULL));
	buf_adds(&r->output_path, "/output.table");
	return r->output_path.ptr;
}

/* The members that a table has in state.json. */
static cJSON *
table_members(struct task *t, const struct table_stats *stats,
    const struct table_schema *schema, int partitions)
{
	cJSON *table = cJSON_CreateObject();

	json_add_str(table, "path", t->report->output_path.ptr);
	json_add_int(table, "rows", stats->rows);
	json_add_int(table, "partitions", partitions);
	json_add_str(table, "digest", stats->digest);
	json_add(table, "schema", table_schema_to_json(schema));
	return table;
}

void
task_output_table(struct task *t, const struct table_stats *stats,
    const struct table_schema *schema, int partitions)
{
	json_add(t->report->outputs, "table",
	    table_members(t, stats, schema, partitions));
}

void
task_publish_table(struct task *t, const char *name_space, const char *name,
    const struct table_stats *stats, const struct table_schema *schema,
    int partitions, cJSON *ledger)
{
	cJSON *table = table_members(t, stats, schema, partitions);

	json_add_str(table, "namespace", name_space);
	json_add_str(table, "name", name);
	json_add(table, "ledger", ledger ? ledger : cJSON_CreateObject());
	json_add(t->report->outputs, "publish", table);
}

void
task_output_pass(struct task *t, const struct task_data *data)
{
	cJSON *pass = cJSON_CreateObject();

	json_add_str(pass, "path", data->path);
	json_add_str(pass, "namespace", data->name_space);
	json_add_str(pass, "name", data->name);
	json_add_int(pass, "partitions", data->partitions);
	json_add(t->report->outputs, "pass", pass);
}

enum err
task_output_model(struct task *t, const char *buffer, const char *message,
    const void *bytes, size_t len, struct buf *err)
{
	struct task_report *r = t->report;
	struct buf path = BUF_INIT;
	cJSON *list, *entry;
	enum err rc = path_mkdirs(r->model_dir.ptr, err);

	if (!rc) {
		path_set(&path, "%s/%s", r->model_dir.ptr, buffer);
		rc = path_write_file(path.ptr, bytes, len, PATH_DURABLE, err);
	}
	buf_release(&path);
	if (rc)
		return rc;
	list = cJSON_GetObjectItemCaseSensitive(r->outputs, "model");
	if (!list)
		list = cJSON_AddArrayToObject(r->outputs, "model");
	entry = cJSON_CreateObject();
	cJSON_AddItemToArray(list, entry);
	json_add_str(entry, "buffer", buffer);
	json_add_str(entry, "message", message);
	return ERR_OK;
}

enum err
task_input_model(const struct task *t, const struct task_model *model,
    const char *buffer, struct buf *bytes_out, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc;

	(void)t;
	path_set(&path, "%s/%s", model->dir, buffer);
	rc = path_read_file(path.ptr, JSON_SIZE_MAX, bytes_out, err);
	buf_release(&path);
	return rc;
}
