/*
 * POST /v1/job/clean and /v1/job/clean/queue. Of a task's folder go the files
 * that only the job itself needed; its log stays, as FATE-Flow's does. They
 * are moved away while the job's row is held, which takes no time, and removed
 * when it is not any more.
 */
#include "fcgi-app/create.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/core/state.h"
#include "lib/retain/trash.h"
#include "lib/store/job_clean.h"
#include "lib/store/job_query.h"

/* A task whose files go: <job>/<role>-<party>/<component>/<attempt>. */
struct cleaning {
	const char *work_dir;
	const char *job_id;
	const struct task_query_place *task;
};

enum { PARTS = 4 }; /* three of its folder, and its part of <job>/mail */

/* A part of it, and what that is called in the trash. */
static void
name_part(
    const struct cleaning *c, size_t i, struct buf *path, struct buf *name)
{
	static const char *const names[] = {"data", "model", "metrics.jsonl"};
	const struct task_query_place *t = c->task;
	struct buf a = BUF_INIT, b = BUF_INIT, party = BUF_INIT;

	ids_party_dir(t->role, t->party_id, &party);
	buf_reset(name);
	buf_addf(name, "%s-%s-%s-%zu", c->job_id, party.ptr, t->component, i);
	path_parent(t->dir, &a);
	path_parent(a.ptr, &b);
	path_parent(b.ptr, &a);
	if (i < ARRAY_LEN(names))
		path_set(path, "%s/%s", t->dir, names[i]);
	else
		path_set(path, "%s/mail/%s/%s", a.ptr, party.ptr, t->component);
	buf_release(&a);
	buf_release(&b);
	buf_release(&party);
}

static enum err
move_scratch(void *arg, struct buf *err)
{
	const struct cleaning *c = arg;
	struct buf path = BUF_INIT, name = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && *c->task->dir && i < PARTS; i++) {
		name_part(c, i, &path, &name);
		rc = trash_move(c->work_dir, path.ptr, name.ptr, err);
	}
	buf_release(&path);
	buf_release(&name);
	return rc;
}

static void
remove_scratch(const struct cleaning *c)
{
	struct buf path = BUF_INIT, name = BUF_INIT;

	for (size_t i = 0; *c->task->dir && i < PARTS; i++) {
		name_part(c, i, &path, &name);
		trash_remove(c->work_dir, name.ptr);
	}
	buf_release(&path);
	buf_release(&name);
}

static enum err
check_ended(struct app *app, const char *job_id, struct buf *err)
{
	struct job_query job;
	enum err rc = job_query_find(app->db, job_id, &job, err);

	if (!rc && !state_is_final(state_parse(job.status)))
		rc = err_set(err, ERR_CONFLICT,
		    "job %s is %s: only a job that has ended can be cleaned, "
		    "stop it first",
		    job_id, job.status);
	job_query_release(&job);
	return rc;
}

static enum err
clean_task(struct app *app, const char *job_id,
    const struct task_query_place *task, struct buf *err)
{
	struct cleaning c = {app->cfg->site.work_dir, job_id, task};
	struct job_clean change = {
	    job_id, task, clock_wall_ms(), move_scratch, &c};
	enum err rc = job_clean_task(app->db, &change, err);

	if (!rc)
		remove_scratch(&c);
	return rc;
}

static enum err
clean(struct app *app, const char *job_id, const struct filter *f,
    size_t *n_out, struct buf *err)
{
	struct task_query_places tasks = {NULL, 0};
	enum err rc = check_ended(app, job_id, err);

	if (!rc)
		rc = task_query_places(app->db, f, &tasks, err);
	for (size_t i = 0; !rc && i < tasks.n; i++) {
		rc = clean_task(app, job_id, &tasks.v[i], err);
		*n_out += !rc;
	}
	/* Begun anew since it was looked at, or gone. */
	if (rc == ERR_NOTFOUND && tasks.n)
		rc = check_ended(app, job_id, err);
	task_query_places_release(&tasks);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

enum err
job_clean_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	const char *job_id =
	    json_in_str(&in, "job_id", JSON_REQUIRED, ID_JOB_MAX);
	const struct filter_column *columns;
	struct filter f;
	size_t n, n_tasks = 0;
	enum err rc = json_in_done(&in, err);

	if (rc)
		return rc;
	columns = task_query_columns(&n);
	rc = filter_read(&f, columns, n, rq->body, err);
	if (!rc && !f.is_never)
		rc = clean(app, job_id, &f, &n_tasks, err);
	filter_release(&f);
	if (rc)
		return rc;
	if (!n_tasks)
		return reply_say(rp, 100, "no found task");
	create_ring(app->cfg);
	log_info("job=%s cleaned tasks=%zu by=%s", job_id, n_tasks, rq->client);
	return reply_ok(rp, NULL);
}

enum err
job_clean_queue_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	size_t n = 0;
	enum err rc = job_query_cancel_waiting(app->db,
	    *rq->client ? rq->client : "a user", clock_wall_ms(), &n, err);

	if (rc)
		return rc;
	if (!n)
		return reply_say(rp, 100, "There are no jobs in the queue");
	create_ring(app->cfg);
	log_info("queue cleaned jobs=%zu by=%s", n, rq->client);
	return reply_ok(rp, NULL);
}
