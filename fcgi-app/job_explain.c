/*
 * POST /v1/job/explain: the rows and folders of a job as one object, and what
 * they mean in `text`. What the words are is explain_text.c's; here the facts
 * are put together.
 */
#include "fcgi-app/create.h"
#include "fcgi-app/explain_text.h"
#include "fcgi-app/job_rerun.h"
#include "fcgi-app/log_tail.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <sys/stat.h>

#define ROLE_MAX 50

struct explain {
	struct job_explain job;
	struct explain_facts facts;
	const char *role;     /* whose tasks are shown, or NULL: all */
	const char *party_id; /* the same */
	char party_text[ID_PARTY_MAX + 1];
	struct buf dir;
	struct buf log_path;
	struct buf no_rerun;
	cJSON *log;
};

/* ---- looking ---- */

/* How long ago the task wrote its state; -1: never. */
static int64_t
silence_of(const struct job_explain_task *t, int64_t now)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int64_t at = -1;

	path_set(&path, "%s/state.json", t->dir);
	if (*t->dir && !lstat(path.ptr, &st)) {
		at = now - ((int64_t)st.st_mtim.tv_sec * 1000 +
			       st.st_mtim.tv_nsec / 1000000);
		at = at > 0 ? at : 0;
	}
	buf_release(&path);
	return at;
}

static bool
is_end_to_repeat(enum state s)
{
	return state_next(STATE_JOB, s, STATE_RERUN, STATE_BY_WORKER) !=
	       STATE_NONE;
}

static enum err
look(struct app *app, struct explain *e, struct buf *err)
{
	struct job_explain *j = &e->job;
	struct explain_facts *f = &e->facts;
	enum err rc = ERR_OK;

	for (size_t i = 0; i < j->tasks.n; i++)
		if (j->tasks.v[i].status == STATE_RUNNING)
			j->tasks.v[i].silent_ms =
			    silence_of(&j->tasks.v[i], f->now);
	create_dir(app->cfg, j->job_id, &e->dir);
	f->has_folder = path_exists(e->dir.ptr);
	f->failed = job_explain_failed(j, e->role, e->party_id);
	if (f->failed && *f->failed->dir) {
		path_set(&e->log_path, "%s/task.log", f->failed->dir);
		e->log = log_tail_read(e->log_path.ptr);
	} else
		e->log = cJSON_CreateArray();
	f->n_log_lines = (size_t)cJSON_GetArraySize(e->log);
	if (!is_end_to_repeat(j->status))
		return ERR_OK;
	rc = job_rerun_possible(app, j->job_id, &e->no_rerun);
	if (rc == ERR_CONFLICT || rc == ERR_INVALID) {
		f->no_rerun = e->no_rerun.ptr;
		rc = ERR_OK;
	} else if (rc)
		buf_add(err, e->no_rerun.ptr, e->no_rerun.len);
	return rc;
}

/* ---- showing ---- */

/* A number, or null when it is the one that stands for none. */
static void
add_unless(cJSON *obj, const char *key, int64_t n, int64_t none)
{
	if (n != none)
		json_add_int(obj, key, n);
	else
		json_add_str(obj, key, NULL);
}

static void
add_time(cJSON *obj, const char *key, int64_t ms)
{
	add_unless(obj, key, ms, 0);
}

static cJSON *
show_job(const struct explain *e)
{
	const struct job_explain *j = &e->job;
	cJSON *obj = cJSON_CreateObject();

	json_add_str(obj, "job_id", j->job_id);
	json_add_str(obj, "kind", j->kind);
	json_add_str(obj, "status", state_name(j->status));
	json_add_str(obj, "initiator_role", j->initiator_role);
	json_add_str(obj, "initiator_party_id", j->initiator_party_id);
	json_add_str(obj, "reason", j->reason);
	json_add_str(obj, "error_class", j->error_class);
	json_add_str(obj, "rerun_from", j->rerun_from);
	json_add_int(obj, "priority", j->priority);
	json_add_int(obj, "runs", j->runs);
	json_add_int(obj, "retries", j->retries);
	json_add_int(obj, "auto_retries", j->auto_retries);
	json_add_int(obj, "progress", j->progress);
	json_add_int(obj, "components", j->n_components);
	json_add_int(obj, "components_done", job_explain_done(j));
	json_add_int(obj, "timeout_ms", j->timeout_ms);
	json_add_int(obj, "spent_ms", j->spent_ms);
	add_time(obj, "create_time", j->create_time);
	add_time(obj, "start_time", j->start_time);
	add_time(obj, "end_time", j->end_time);
	json_add_str(obj, "folder", e->dir.ptr);
	json_add_bool(obj, "has_folder", e->facts.has_folder);
	return obj;
}

static cJSON *
show_site(const struct explain *e)
{
	const struct job_explain *j = &e->job;
	cJSON *obj = cJSON_CreateObject();

	json_add_int(obj, "schedulers_alive", j->n_schedulers);
	json_add_int(obj, "running_jobs", j->n_running);
	json_add_int(obj, "max_jobs", e->facts.max_jobs);
	return obj;
}

static cJSON *
show_queue(const struct job_explain *j)
{
	cJSON *obj;

	if (j->status != STATE_WAITING && !j->pending_reason)
		return cJSON_CreateNull();
	obj = cJSON_CreateObject();
	json_add_str(obj, "pending_reason", j->pending_reason);
	if (j->status == STATE_WAITING)
		json_add_int(obj, "jobs_ahead", j->n_ahead);
	return obj;
}

static cJSON *
show_stop(const struct job_explain *j)
{
	cJSON *obj;

	if (!j->stop_requested && !j->stop_by)
		return cJSON_CreateNull();
	obj = cJSON_CreateObject();
	json_add_str(obj, "by", j->stop_by);
	json_add_str(obj, "reason", j->stop_reason);
	json_add_str(
	    obj, "operate", j->stop_requested == 2 ? "kill" : "cancel");
	add_time(obj, "time", j->stop_time);
	return obj;
}

/* Which task, and how it ended if it did. */
static cJSON *
show_attempt(const struct job_explain_task *t)
{
	cJSON *obj = cJSON_CreateObject();

	json_add_str(obj, "component_name", t->component);
	json_add_str(obj, "role", t->role);
	json_add_str(obj, "party_id", t->party_id);
	json_add_int(obj, "attempt", t->attempt);
	json_add_str(obj, "status", state_name(t->status));
	json_add_str(obj, "reason", t->reason);
	json_add_str(obj, "error_class", t->error_class);
	add_time(obj, "start_time", t->start_time);
	add_time(obj, "end_time", t->end_time);
	return obj;
}

static cJSON *
show_running(const struct job_explain_task *t)
{
	cJSON *obj = show_attempt(t);

	json_add_int(obj, "progress", t->progress);
	json_add_str(obj, "message", t->message);
	json_add_int(obj, "pid", t->pid);
	json_add_int(obj, "spent_ms", t->spent_ms);
	json_add_int(obj, "idle_ms", t->idle_ms);
	add_unless(obj, "silent_ms", t->silent_ms, -1);
	return obj;
}

static bool
is_shown(const struct explain *e, const struct job_explain_task *t)
{
	return (!e->role || !strcmp(e->role, t->role)) &&
	       (!e->party_id || !strcmp(e->party_id, t->party_id));
}

static void
add_tasks(const struct explain *e, cJSON *data)
{
	const struct job_explain *j = &e->job;
	cJSON *running = cJSON_AddArrayToObject(data, "running");
	cJSON *attempts = cJSON_AddArrayToObject(data, "attempts");

	for (size_t i = 0; i < j->tasks.n; i++)
		if (j->tasks.v[i].status == STATE_RUNNING &&
		    is_shown(e, &j->tasks.v[i]))
			cJSON_AddItemToArray(
			    running, show_running(&j->tasks.v[i]));
	for (size_t i = 0; i < j->attempts.n; i++)
		if (is_shown(e, &j->attempts.v[i]))
			cJSON_AddItemToArray(
			    attempts, show_attempt(&j->attempts.v[i]));
}

static cJSON *
show_failed(struct explain *e)
{
	cJSON *obj;

	if (!e->facts.failed)
		return cJSON_CreateNull();
	obj = show_attempt(e->facts.failed);
	json_add_str(obj, "log_path", e->log_path.len ? e->log_path.ptr : NULL);
	json_add(obj, "log", e->log);
	e->log = NULL;
	return obj;
}

static cJSON *
show_rerun(const struct explain *e)
{
	cJSON *obj;

	if (!is_end_to_repeat(e->job.status))
		return cJSON_CreateNull();
	obj = cJSON_CreateObject();
	json_add_bool(obj, "possible", !e->facts.no_rerun);
	json_add_str(obj, "why_not", e->facts.no_rerun);
	return obj;
}

static cJSON *
show(struct explain *e)
{
	cJSON *data = cJSON_CreateObject();

	explain_text(&e->facts, cJSON_AddArrayToObject(data, "text"));
	json_add(data, "job", show_job(e));
	json_add(data, "site", show_site(e));
	json_add(data, "queue", show_queue(&e->job));
	json_add(data, "stop", show_stop(&e->job));
	add_tasks(e, data);
	json_add(data, "failed", show_failed(e));
	json_add(data, "rerun", show_rerun(e));
	return data;
}

/* ---- the request ---- */

static void
read_party(struct explain *e, struct json_in *in)
{
	const cJSON *party = json_get(in->obj, "party_id");

	e->role = json_in_str(in, "role", JSON_OPTIONAL, ROLE_MAX);
	if (e->role && !*e->role)
		e->role = NULL;
	if (!party || cJSON_IsNull(party))
		return;
	if (!ids_party(party, e->party_text))
		json_in_fault(in,
		    "field 'party_id' must be a number from 0 to 9999999999, "
		    "or a text of one");
	e->party_id = e->party_text;
}

enum err
job_explain_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct explain e = {.facts = {.now = clock_wall_ms(),
				.max_jobs = app->cfg->scheduler.max_jobs}};
	const char *job_id =
	    json_in_str(&in, "job_id", JSON_REQUIRED, ID_JOB_MAX);
	enum err rc;

	buf_init(&e.dir);
	buf_init(&e.log_path);
	buf_init(&e.no_rerun);
	read_party(&e, &in);
	rc = json_in_done(&in, err);
	if (!rc)
		rc = job_explain_read(app->db, job_id, &e.job, err);
	if (rc == ERR_NOTFOUND) {
		rc = reply_say(rp, 100, "can not found job: %s", job_id);
		goto out;
	}
	e.facts.job = &e.job;
	if (!rc)
		rc = look(app, &e, err);
	if (!rc)
		rc = reply_ok(rp, show(&e));
out:
	job_explain_release(&e.job);
	cJSON_Delete(e.log);
	buf_release(&e.dir);
	buf_release(&e.log_path);
	buf_release(&e.no_rerun);
	return rc;
}
