/*
 * What a task tells: state.json by rename, at most ten times a second and
 * always the last; metrics.jsonl by one write() per flush, twice a second and
 * before the last state. A task that is over before that writes each once.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/core/failure.h"
#include "lib/task/run.h"

#define STATE_EVERY_MS	 100
#define METRICS_EVERY_MS 500
#define LOG_EVERY_MS	 1000

struct task_report {
	char *dir;
	char *table_path;
	int percent;
	struct buf message;
	cJSON *table;
	cJSON *pass;
	cJSON *publish;
	cJSON *model;
	struct buf lines; /* of metrics, not yet written */
	int metrics_fd;
	bool changed;
	int64_t state_at; /* when it was last written */
	int64_t metrics_at;
	int64_t logged_at; /* the last progress in task.log */
};

struct task_report *
task_report_new(const char *dir)
{
	struct task_report *r = xcalloc(1, sizeof(*r));
	struct buf path = BUF_INIT;

	r->dir = xstrdup(dir);
	path_set(&path, "%s/data/table", dir);
	r->table_path = buf_detach(&path);
	buf_init(&r->message);
	buf_init(&r->lines);
	r->metrics_fd = -1;
	r->model = cJSON_CreateArray();
	r->changed = true;
	r->state_at = r->metrics_at = clock_mono_ms();
	return r;
}

void
task_report_free(struct task_report *r)
{
	if (r == NULL)
		return;
	if (r->metrics_fd >= 0)
		close(r->metrics_fd);
	cJSON_Delete(r->table);
	cJSON_Delete(r->pass);
	cJSON_Delete(r->publish);
	cJSON_Delete(r->model);
	buf_release(&r->message);
	buf_release(&r->lines);
	free(r->table_path);
	free(r->dir);
	free(r);
}

/* Forgets what is on disk, so that a full disk repeats nothing later. */
static void
lines_drop(struct buf *lines, size_t n)
{
	memmove(lines->ptr, lines->ptr + n, lines->len - n);
	buf_truncate(lines, lines->len - n);
}

static enum err
metrics_flush(struct task_report *r, struct buf *err)
{
	struct buf path = BUF_INIT;
	ssize_t n;

	r->metrics_at = clock_mono_ms();
	if (r->lines.len == 0)
		return ERR_OK;
	if (r->metrics_fd < 0) {
		path_set(&path, "%s/metrics.jsonl", r->dir);
		r->metrics_fd = open(path.ptr,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		    0640);
		buf_release(&path);
	}
	while (r->lines.len > 0) {
		n = write(r->metrics_fd, r->lines.ptr, r->lines.len);
		if (n < 0 && errno != EINTR)
			return err_set_errno(
			    err, ERR_IO, "writing metrics.jsonl in %s", r->dir);
		if (n > 0)
			lines_drop(&r->lines, (size_t)n);
	}
	return ERR_OK;
}

static void
add_copy(cJSON *to, const char *key, const cJSON *item)
{
	if (item != NULL)
		json_add(to, key, cJSON_Duplicate(item, true));
}

static enum err
state_write(struct task_report *r, const char *status, enum err code,
    const char *text, struct buf *err)
{
	cJSON *root = cJSON_CreateObject(), *error;
	struct buf out = BUF_INIT, path = BUF_INIT;
	enum err rc;

	json_add_str(root, "status", status);
	json_add_int(root, "progress", r->percent);
	json_add_str(root, "message", r->message.ptr);
	if (code != ERR_OK) {
		error = cJSON_CreateObject();
		json_add(root, "error", error);
		json_add_str(error, "code", err_name(code));
		json_add_str(error, "class",
		    failure_name(failure_of_report(
			&(struct failure_report){.code = err_name(code),
			    .text = text,
			    .has_database = true})));
		json_add_str(error, "text", text);
	}
	add_copy(root, "table", r->table);
	add_copy(root, "pass", r->pass);
	add_copy(root, "model", r->model);
	add_copy(root, "publish", r->publish);
	json_print(root, JSON_COMPACT, &out);
	path_set(&path, "%s/state.json", r->dir);
	rc = path_write_file(path.ptr, out.ptr, out.len, PATH_SCRATCH, err);
	cJSON_Delete(root);
	buf_release(&out);
	buf_release(&path);
	r->state_at = clock_mono_ms();
	r->changed = false;
	return rc;
}

bool
task_report_tick(void *report)
{
	struct task_report *r = report;
	struct buf err = BUF_INIT;
	int64_t now = clock_mono_ms();

	if (now - r->metrics_at >= METRICS_EVERY_MS)
		metrics_flush(r, &err);
	if (r->changed && now - r->state_at >= STATE_EVERY_MS)
		state_write(r, "running", ERR_OK, NULL, &err);
	if (err.len > 0)
		log_warn("%s", err.ptr);
	buf_release(&err);
	return true;
}

int
task_report_end(struct task_report *r, enum err result, const char *text)
{
	struct buf err = BUF_INIT;
	enum err rc = metrics_flush(r, &err);

	if (result == ERR_OK && rc != ERR_OK) {
		result = rc;
		text = err.ptr;
	}
	if (result == ERR_OK)
		r->percent = 100;
	rc = state_write(
	    r, result == ERR_OK ? "success" : "failed", result, text, &err);
	if (rc != ERR_OK)
		log_error("%s", err.ptr);
	buf_release(&err);
	if (rc != ERR_OK)
		return TASK_EXIT_UNWRITTEN;
	return result == ERR_OK ? 0 : 1;
}

void
task_progress(struct task *t, int percent, const char *fmt, ...)
{
	struct task_report *r = t->report;
	va_list ap;

	buf_reset(&r->message);
	va_start(ap, fmt);
	buf_vaddf(&r->message, fmt, ap);
	va_end(ap);
	r->percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
	r->changed = true;
	if (clock_mono_ms() - r->logged_at >= LOG_EVERY_MS) {
		r->logged_at = clock_mono_ms();
		log_info("%d%%: %s", r->percent, r->message.ptr);
	}
	task_report_tick(r);
}

static cJSON *
metric_line(const char *type, const char *name_space, const char *name)
{
	cJSON *line = cJSON_CreateObject();

	json_add_str(line, "t", type);
	json_add_str(line, "ns", name_space);
	json_add_str(line, "name", name);
	return line;
}

static void
metric_add(struct task_report *r, cJSON *line)
{
	json_print(line, JSON_COMPACT, &r->lines);
	buf_addc(&r->lines, '\n');
	cJSON_Delete(line);
	task_report_tick(r);
}

void
task_metric(struct task *t, const char *name_space, const char *name,
    const char *key_json, const char *value_json)
{
	cJSON *line = metric_line("point", name_space, name);

	json_add_raw(line, "key", key_json);
	json_add_raw(line, "value", value_json);
	metric_add(t->report, line);
}

void
task_metric_value(struct task *t, const char *name_space, const char *name,
    const char *key, double value)
{
	cJSON *line = metric_line("point", name_space, name);

	json_add_str(line, "key", key);
	json_add_double(line, "value", value);
	metric_add(t->report, line);
}

void
task_metric_meta(struct task *t, const char *name_space, const char *name,
    const char *meta_name, const char *metric_type, cJSON *extras)
{
	cJSON *line = metric_line("meta", name_space, name);
	cJSON *meta = extras != NULL ? extras : cJSON_CreateObject();

	json_add_str(meta, "name", meta_name);
	json_add_str(meta, "metric_type", metric_type);
	json_add(line, "meta", meta);
	metric_add(t->report, line);
}

const char *
task_output_path(struct task *t)
{
	struct buf dir = BUF_INIT, err = BUF_INIT;

	/* A folder that cannot be made shows when the table is opened. */
	if (path_mkdirs(path_parent(t->report->table_path, &dir), &err) !=
	    ERR_OK)
		log_error("%s", err.ptr);
	buf_release(&dir);
	buf_release(&err);
	return t->report->table_path;
}

static cJSON *
table_json(struct task *t, const struct table_stats *stats,
    const struct table_schema *schema, int partitions)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "path", t->report->table_path);
	json_add_int(o, "rows", stats->rows);
	json_add_int(o, "partitions", partitions);
	json_add_str(o, "digest", stats->digest);
	json_add(o, "schema", table_schema_to_json(schema));
	return o;
}

void
task_output_table(struct task *t, const struct table_stats *stats,
    const struct table_schema *schema, int partitions)
{
	cJSON_Delete(t->report->table);
	t->report->table = table_json(t, stats, schema, partitions);
}

void
task_output_pass(struct task *t, const struct task_data *data)
{
	cJSON *o = cJSON_CreateObject();

	json_add_str(o, "path", data->path);
	json_add_str(o, "namespace", data->name_space);
	json_add_str(o, "name", data->name);
	json_add_int(o, "partitions", data->partitions);
	cJSON_Delete(t->report->pass);
	t->report->pass = o;
}

void
task_publish_table(struct task *t, const char *name_space, const char *name,
    const struct table_stats *stats, const struct table_schema *schema,
    int partitions, cJSON *ledger)
{
	cJSON *o = table_json(t, stats, schema, partitions);

	json_add_str(o, "namespace", name_space);
	json_add_str(o, "name", name);
	if (ledger)
		json_add(o, "ledger", ledger);
	cJSON_Delete(t->report->publish);
	t->report->publish = o;
}

void
task_publish_replaces(struct task *t, const char *file)
{
	json_add_str(t->report->publish, "replaces", file);
}

enum err
task_output_model(struct task *t, const char *buffer, const char *message,
    const void *bytes, size_t len, struct buf *err)
{
	struct buf path = BUF_INIT;
	cJSON *row;
	enum err rc;

	if (t->model_alias == NULL)
		return ERR_OK;
	path_set(&path, "%s/model", t->dir);
	rc = path_mkdirs(path.ptr, err);
	path_set(&path, "%s/model/%s", t->dir, buffer);
	if (rc == ERR_OK)
		rc = path_write_file(path.ptr, bytes, len, PATH_DURABLE, err);
	buf_release(&path);
	if (rc != ERR_OK)
		return rc;
	row = cJSON_CreateObject();
	json_add_str(row, "buffer", buffer);
	json_add_str(row, "message", message);
	cJSON_AddItemToArray(t->report->model, row);
	return ERR_OK;
}
