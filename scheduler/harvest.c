/*
 * Every name is made from job, component, role, party and attempt, so a
 * rename that was done before a crash is recognised afterwards: the source is
 * gone and the target is there. A table that no row names yet costs disk and
 * nothing else.
 *
 * A path that a task reports is believed only below its own folder.
 */
#include "scheduler/harvest.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/store/catalogue.h"
#include "lib/store/ingest.h"
#include "scheduler/launch.h"
#include "scheduler/metrics.h"
#include "scheduler/place.h"
#include "scheduler/taskdir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>

#define METRICS_AT_ONCE ((size_t)4 << 20)

static struct task_run_key
key_of(const struct run_task *t)
{
	return (struct task_run_key){
	    t->job->id, t->task_id.ptr, t->party->role, t->party->party_id};
}

/* The name below <work>/tables; `what` tells output and publication apart. */
static void
table_file(const struct run_task *t, const char *what, struct buf *out)
{
	const struct taskdir_name n = {.job_id = t->job->id,
	    .component = run_task_component(t),
	    .role = t->party->role,
	    .party_id = t->party->party_id,
	    .attempt = t->attempt};

	taskdir_table_file(&n, what, out);
}

static bool
is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && path[len] == '/' &&
	       !strstr(path, "/../");
}

/* rename() that counts as done when it was done before. */
static enum err
move(const char *from, const char *to, struct buf *err)
{
	if (rename(from, to) == 0 || (errno == ENOENT && path_exists(to)))
		return ERR_OK;
	return err_set_errno(err, ERR_IO, "cannot move %s to %s", from, to);
}

static enum err
move_table(struct scheduler *s, struct run_task *t, const char *member,
    struct buf *err)
{
	const cJSON *table = json_get(t->result, member);
	const char *from = json_str(table, "path", "");
	struct buf file = BUF_INIT, to = BUF_INIT;
	enum err rc;

	if (!cJSON_IsObject(table))
		return ERR_OK;
	if (!is_below(from, t->dir.ptr))
		return err_set(err, ERR_INVALID,
		    "its output \"%s\" is not in the task's folder", from);
	table_file(t, member, &file);
	path_set(&to, "%s/tables", s->cfg->site.work_dir);
	rc = path_mkdirs(to.ptr, err);
	buf_addf(&to, "/%s", file.ptr);
	if (!rc)
		rc = move(from, to.ptr, err);
	buf_release(&file);
	buf_release(&to);
	return rc;
}

enum err
harvest_files(struct scheduler *s, struct run_task *t, struct buf *err)
{
	enum err rc = move_table(s, t, "table", err);

	if (!rc)
		rc = move_table(s, t, "publish", err);
	s->is_table_moved |= cJSON_IsObject(json_get(t->result, "table")) ||
			     cJSON_IsObject(json_get(t->result, "publish"));
	return rc ? rc : place_model(s, t, err);
}

enum err
harvest_sync(struct scheduler *s, struct buf *err)
{
	struct buf tables = BUF_INIT;
	enum err rc;

	if (!s->is_table_moved)
		return ERR_OK;
	path_set(&tables, "%s/tables", s->cfg->site.work_dir);
	rc = path_sync_dir(tables.ptr, err);
	s->is_table_moved = rc != ERR_OK;
	buf_release(&tables);
	return rc;
}

/* ---- rows ---- */

/* A random UUID (version 4) in text, as the name of an output table. */
static void
new_uuid(char out[37])
{
	unsigned char b[16];
	size_t at = 0;

	while (getrandom(b, sizeof(b), 0) != sizeof(b))
		;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		at += (size_t)snprintf(out + at, 3, "%02x", b[i]);
	}
}

/* The task's account, and which file and which content it is about. */
static void
add_ledger(const struct run_task *t, const cJSON *table, struct buf *out)
{
	const cJSON *given = json_get(table, "ledger");
	const cJSON *file = json_get(t->job->conf.root, "upload_file");
	cJSON *ledger;

	if (!cJSON_IsObject(given))
		return;
	ledger = cJSON_Duplicate(given, true);
	json_add_str(ledger, "digest", json_str(table, "digest", ""));
	if (file) {
		json_add_int(ledger, "file_bytes", json_int(file, "bytes", 0));
		json_add_str(
		    ledger, "file_sha256", json_str(file, "sha256", ""));
	}
	json_print(ledger, JSON_STORE, out);
	cJSON_Delete(ledger);
}

static enum err
publish(struct scheduler *s, struct run_task *t, const cJSON *table,
    struct catalogue_table *c, struct buf *err)
{
	struct buf schema = BUF_INIT, ledger = BUF_INIT;
	int64_t id = 0;
	enum err rc;

	if (json_get(table, "schema"))
		json_print(json_get(table, "schema"), JSON_STORE, &schema);
	else
		buf_adds(&schema, "{}");
	add_ledger(t, table, &ledger);
	c->rows = json_int(table, "rows", 0);
	c->partitions = (int)json_int(table, "partitions", 1);
	c->schema_json = schema.ptr;
	c->ledger_json = ledger.len ? ledger.ptr : NULL;
	c->digest = (char *)(uintptr_t)json_str(table, "digest", "");
	c->job_id = t->job->id;
	rc = catalogue_publish(s->db, c, &id, err);
	c->id = id;
	buf_release(&schema);
	buf_release(&ledger);
	return rc;
}

/* The output table: its own namespace, a fresh name. */
static enum err
output_row(struct scheduler *s, struct run_task *t, struct ingest_view *v,
    struct buf names[2], struct buf *err)
{
	const cJSON *table = json_get(t->result, "table");
	struct catalogue_table c = {.create_time = v->now};
	struct buf file = BUF_INIT;
	char uuid[37];
	enum err rc;

	new_uuid(uuid);
	buf_addf(&names[0], "output_data_%s", t->task_id.ptr);
	buf_adds(&names[1], uuid);
	table_file(t, "table", &file);
	c.name_space = names[0].ptr;
	c.name = names[1].ptr;
	c.file = file.ptr;
	rc = publish(s, t, table, &c, err);
	v->table_id = c.id;
	v->count_actual = c.rows;
	v->partitions = c.partitions;
	buf_release(&file);
	return rc;
}

/* Is it an upload's table, or one that a component saved beside its output? */
static bool
saves_table(const struct run_task *t)
{
	return t->job->dsl.components[t->component].module->saves_table;
}

/* A job that runs again replaces what it made itself. */
static bool
is_own(const struct run_task *t, const struct catalogue_table *now)
{
	return now->job_id && !strcmp(now->job_id, t->job->id);
}

/*
 * Two uploads to one name that began from the same state: the second must not
 * take the place of the first unseen. `replaces` is what the task may replace.
 */
static enum err
check_replaced(struct scheduler *s, const struct run_task *t,
    const cJSON *table, const struct catalogue_table *c, struct buf *err)
{
	const char *replaces = json_str(table, "replaces", NULL);
	const char *slash = replaces ? strrchr(replaces, '/') : NULL;
	struct catalogue_table now = {0};
	struct buf none = BUF_INIT;
	enum err rc;

	if (!replaces)
		return ERR_OK;
	rc = catalogue_find(s->db, c->name_space, c->name, &now, &none);
	if (rc == ERR_NOTFOUND)
		rc = ERR_OK;
	else if (rc)
		buf_adds(err, none.ptr);
	else if (now.rows > 0 && strcmp(now.file, c->file) &&
		 strcmp(now.file, slash ? slash + 1 : replaces) &&
		 !is_own(t, &now))
		rc = err_set(err, ERR_CONFLICT,
		    "the table %s of %s was published by job %s meanwhile; %s",
		    c->name, c->name_space, now.job_id,
		    saves_table(t) ? "run it again with drop 1 to replace it"
				   : "upload again with drop 0 to add to it "
				     "or 1 to replace it");
	catalogue_release(&now);
	buf_release(&none);
	return rc;
}

/*
 * The table under the name that the user gave. An upload's is its output; one
 * that was saved is no output and outlives the job's.
 */
static enum err
publish_row(struct scheduler *s, struct run_task *t, struct ingest_view *v,
    struct buf names[2], struct buf *err)
{
	const cJSON *table = json_get(t->result, "publish");
	const cJSON *ledger = json_get(table, "ledger");
	struct catalogue_table c = {.create_time = v->now};
	struct buf file = BUF_INIT;
	enum err rc;

	buf_adds(&names[0], json_str(table, "namespace", ""));
	buf_adds(&names[1], json_str(table, "name", ""));
	table_file(t, "publish", &file);
	c.name_space = names[0].ptr;
	c.name = names[1].ptr;
	c.file = file.ptr;
	rc = check_replaced(s, t, table, &c, err);
	if (!rc)
		rc = publish(s, t, table, &c, err);
	buf_release(&file);
	if (saves_table(t)) {
		buf_reset(&names[0]);
		buf_reset(&names[1]);
		return rc;
	}
	v->table_id = c.id;
	v->count_upload = json_int(ledger, "read", c.rows);
	v->count_actual = c.rows;
	v->partitions = c.partitions;
	return rc;
}

/* need_run false: the output is the input's own row of the catalogue. */
static enum err
pass_row(struct scheduler *s, struct run_task *t, struct ingest_view *v,
    struct buf names[2], struct buf *err)
{
	const cJSON *pass = json_get(t->result, "pass");
	struct catalogue_table found = {0};
	enum err rc = catalogue_find(s->db, json_str(pass, "namespace", ""),
	    json_str(pass, "name", ""), &found, NULL);

	if (rc == ERR_NOTFOUND)
		return ERR_OK; /* there was nothing to pass on */
	if (rc)
		return err_set(err, rc, "cannot look up the passed table");
	buf_adds(&names[0], found.name_space);
	buf_adds(&names[1], found.name);
	v->table_id = found.id;
	v->count_actual = found.rows;
	v->partitions = found.partitions;
	catalogue_release(&found);
	return ERR_OK;
}

static enum err
table_rows(struct scheduler *s, struct run_task *t, struct ingest_view *v,
    struct buf names[2], struct buf *err)
{
	static const struct {
		const char *member;
		enum err (*fn)(struct scheduler *, struct run_task *,
		    struct ingest_view *, struct buf[2], struct buf *);
	} kinds[] = {{"publish", publish_row}, {"table", output_row},
	    {"pass", pass_row}};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (cJSON_IsObject(json_get(t->result, kinds[i].member)))
			return kinds[i].fn(s, t, v, names, err);
	return ERR_OK;
}

enum err
harvest_model_row(struct scheduler *s, const struct run_job *j,
    const struct conf_party *party, struct ingest_model *m, struct buf *err)
{
	struct buf roles = BUF_INIT;
	enum err rc;

	json_print(j->conf.roles, JSON_STORE, &roles);
	m->role = party->role;
	m->party_id = party->party_id;
	m->roles = roles.ptr;
	m->job_id = j->id;
	m->model_id = j->model_id.ptr;
	m->model_version = launch_model_version(j);
	rc = ingest_model(s->db, m, err);
	buf_release(&roles);
	return rc;
}

/* role#party#model_id, as the data view shows it. */
static enum err
model_rows(struct scheduler *s, struct run_task *t, struct ingest_view *v,
    struct buf *party_model, struct buf *err)
{
	struct ingest_model m = {.now = v->now};

	if (!place_has_model(t))
		return ERR_OK;
	ids_party_model(t->party->role, t->party->party_id,
	    t->job->model_id.ptr, party_model);
	v->party_model_id = party_model->ptr;
	v->model_version = launch_model_version(t->job);
	m.size = place_model_size(s, t);
	return harvest_model_row(s, t->job, t->party, &m, err);
}

enum err
harvest_forget(
    struct scheduler *s, struct run_task *t, int64_t now, struct buf *err)
{
	struct ingest_model m = {.now = now};

	if (t->status != STATE_SUCCESS || t->job->conf.is_predict)
		return ERR_OK;
	m.size = -place_model_size(s, t);
	return m.size ? harvest_model_row(s, t->job, t->party, &m, err)
		      : ERR_OK;
}

enum err
harvest_rows(
    struct scheduler *s, struct run_task *t, int64_t now, struct buf *err)
{
	struct buf names[2] = {BUF_INIT, BUF_INIT}, party_model = BUF_INIT;
	struct task_run_key key = key_of(t);
	struct ingest_view v = {.component = run_task_component(t),
	    .count_upload = -1,
	    .partitions = -1,
	    .now = now};
	enum err rc = table_rows(s, t, &v, names, err);

	if (!rc)
		rc = model_rows(s, t, &v, &party_model, err);
	v.table_namespace = names[0].ptr;
	v.table_name = names[1].ptr;
	if (!rc)
		rc = ingest_view(s->db, &key, &v, err);
	buf_release(&names[0]);
	buf_release(&names[1]);
	buf_release(&party_model);
	return rc;
}

/* ---- metrics ---- */

static enum err
store_metrics(struct scheduler *s, struct run_task *t, const struct metrics *m,
    int64_t now, struct buf *err)
{
	struct task_run_key key = key_of(t);
	struct ingest_metrics rows = {
	    .component = run_task_component(t),
	    .attempt = t->attempt,
	    .v = m->v,
	    .n = m->n,
	    .offset = m->offset,
	    .now = now,
	};

	if (m->n_bad)
		log_warn("job=%s component=%s role=%s party=%s: %lld lines of "
			 "metrics.jsonl are no metrics, passed over",
		    t->job->id, run_task_component(t), t->party->role,
		    t->party->party_id, (long long)m->n_bad);
	return ingest_metrics(s->db, &key, &rows, err);
}

enum err
harvest_metrics(
    struct scheduler *s, struct run_task *t, int64_t now, struct buf *err)
{
	struct buf path = BUF_INIT;
	struct metrics m = {0};
	enum err rc;

	path_set(&path, "%s/metrics.jsonl", t->dir.ptr);
	do {
		rc = metrics_read(
		    path.ptr, t->next_metrics_offset, METRICS_AT_ONCE, &m, err);
		if (!rc && m.offset > t->next_metrics_offset) {
			rc = store_metrics(s, t, &m, now, err);
			t->next_metrics_offset = m.offset;
		} else {
			metrics_release(&m);
			break;
		}
		metrics_release(&m);
	} while (!rc);
	buf_release(&path);
	return rc;
}
