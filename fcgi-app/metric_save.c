/*
 * POST /v1/tracking/<job>/<component>/<task>/<role>/<party>/metric_data/save
 * and .../metric_meta/save: what a component in another language says of
 * itself over HTTP. The lines go where a component of ours writes its own,
 * so the scheduler reads both in; the folder is the database's, and nothing
 * of the address is ever part of a path.
 */
#include "fcgi-app/app.h"
#include "lib/base/path.h"
#include "lib/store/ingest.h"
#include "lib/store/task_query.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define NAME_MAX_LEN  180
#define KEY_MAX_LEN   512
#define VALUE_MAX_LEN ((size_t)1 << 20)

enum { ARG_JOB, ARG_COMPONENT, ARG_TASK, ARG_ROLE, ARG_PARTY };

struct metric_name {
	const char *name_space;
	const char *name;
};

static cJSON *
new_line(const char *type, const struct metric_name *m)
{
	cJSON *line = cJSON_CreateObject();

	json_add_str(line, "t", type);
	json_add_str(line, "ns", m->name_space);
	json_add_str(line, "name", m->name);
	return line;
}

static void
add_line(cJSON *line, struct buf *out)
{
	json_print(line, JSON_COMPACT, out);
	buf_addc(out, '\n');
	cJSON_Delete(line);
}

static size_t
printed_len(const cJSON *v)
{
	struct buf text = BUF_INIT;
	size_t len;

	json_print(v, JSON_COMPACT, &text);
	len = text.len;
	buf_release(&text);
	return len;
}

static void
add_point(const cJSON *point, int i, const struct metric_name *m,
    struct json_in *in, struct buf *out)
{
	const cJSON *key = json_get(point, "key");
	const cJSON *value = json_get(point, "value");
	cJSON *line;

	if ((!cJSON_IsString(key) && !cJSON_IsNumber(key)) ||
	    printed_len(key) > KEY_MAX_LEN) {
		json_in_fault(in,
		    "metrics[%d].key must be a string or a number of at most "
		    "%d bytes",
		    i, KEY_MAX_LEN);
		return;
	}
	if (!value || printed_len(value) > VALUE_MAX_LEN) {
		json_in_fault(in,
		    "metrics[%d].value must be there and have at most %zu "
		    "bytes",
		    i, VALUE_MAX_LEN);
		return;
	}
	line = new_line("point", m);
	json_add(line, "key", cJSON_Duplicate(key, true));
	json_add(line, "value", cJSON_Duplicate(value, true));
	add_line(line, out);
}

static void
add_points(const struct metric_name *m, struct json_in *in, struct buf *out)
{
	const cJSON *list = json_in_array(in, "metrics", JSON_REQUIRED);
	int i = 0;

	for (const cJSON *it = list ? list->child : NULL; it; it = it->next)
		add_point(it, i++, m, in, out);
}

static void
add_meta(const struct metric_name *m, struct json_in *in, struct buf *out)
{
	const cJSON *meta = json_in_object(in, "metric_meta", JSON_REQUIRED);
	cJSON *line;

	if (!meta)
		return;
	for (const cJSON *it = meta->child; it; it = it->next)
		if (strlen(it->string) + 2 > KEY_MAX_LEN)
			json_in_fault(in,
			    "a key of metric_meta has more than %d bytes",
			    KEY_MAX_LEN - 2);
	if (printed_len(meta) > VALUE_MAX_LEN)
		json_in_fault(
		    in, "metric_meta has more than %zu bytes", VALUE_MAX_LEN);
	line = new_line("meta", m);
	json_add(line, "meta", cJSON_Duplicate(meta, true));
	add_line(line, out);
}

/* One write for all lines: no reader sees half of them. */
static enum err
append(const char *dir, const struct buf *lines, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc = ERR_OK;
	int fd;

	path_set(&path, "%s/metrics.jsonl", dir);
	fd = open(path.ptr,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || write(fd, lines->ptr, lines->len) != (ssize_t)lines->len)
		rc = err_set_errno(err, ERR_IO, "cannot write %s", path.ptr);
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	return rc;
}

/* The folder of the attempt that runs now. */
static enum err
find_dir(
    struct app *app, const struct request *rq, struct buf *out, struct buf *err)
{
	struct task_query_places tasks = {NULL, 0};
	struct filter f;
	enum err rc;

	filter_init(&f);
	f.has_job_id = true;
	filter_add(&f, "f_job_id", DB_TEXT(rq->args[ARG_JOB]));
	filter_add(&f, "f_task_id", DB_TEXT(rq->args[ARG_TASK]));
	filter_add(&f, "f_role", DB_TEXT(rq->args[ARG_ROLE]));
	filter_add(&f, "f_party_id", DB_TEXT(rq->args[ARG_PARTY]));
	filter_add(&f, "f_component_name", DB_TEXT(rq->args[ARG_COMPONENT]));
	rc = task_query_places(app->db, &f, &tasks, err);
	if (!rc && !tasks.n)
		rc = err_set(err, ERR_INVALID,
		    "job %s has no task %s of component %s for %s %s",
		    rq->args[ARG_JOB], rq->args[ARG_TASK],
		    rq->args[ARG_COMPONENT], rq->args[ARG_ROLE],
		    rq->args[ARG_PARTY]);
	else if (!rc && strcmp(tasks.v[0].status, "running"))
		rc = err_set(err, ERR_CONFLICT,
		    "task %s of %s %s is %s: only a running task has metrics "
		    "to add",
		    rq->args[ARG_TASK], rq->args[ARG_ROLE], rq->args[ARG_PARTY],
		    tasks.v[0].status);
	else if (!rc)
		path_set(out, "%s", tasks.v[0].dir);
	task_query_places_release(&tasks);
	filter_release(&f);
	return rc;
}

typedef void
add_lines(const struct metric_name *m, struct json_in *in, struct buf *out);

static enum err
save(struct app *app, struct request *rq, add_lines *add, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct buf lines = BUF_INIT, dir = BUF_INIT;
	struct metric_name m;
	enum err rc;

	m.name_space =
	    json_in_str(&in, "metric_namespace", JSON_REQUIRED, NAME_MAX_LEN);
	m.name = json_in_str(&in, "metric_name", JSON_REQUIRED, NAME_MAX_LEN);
	if (json_in_bool(&in, "job_level", JSON_OPTIONAL, false))
		json_in_fault(&in, "job_level true is not offered: a metric "
				   "belongs to the component that says it");
	add(&m, &in, &lines);
	rc = json_in_done(&in, err);
	if (!rc)
		rc = find_dir(app, rq, &dir, err);
	if (!rc && lines.len)
		rc = append(dir.ptr, &lines, err);
	buf_release(&lines);
	buf_release(&dir);
	return rc;
}

enum err
metric_save_points(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	enum err rc = save(app, rq, add_points, err);

	return rc ? rc : reply_ok(rp, NULL);
}

enum err
metric_save_meta(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	enum err rc = save(app, rq, add_meta, err);

	return rc ? rc : reply_ok(rp, NULL);
}
