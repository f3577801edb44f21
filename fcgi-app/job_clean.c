/*
 * POST /v1/job/clean and /v1/job/clean/queue. Of a task's folder go the files
 * that only the job itself needed; its log stays, as FATE-Flow's does.
 */
#include "fcgi-app/create.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/core/state.h"
#include "lib/store/job_clean.h"
#include "lib/store/job_query.h"

static void
remove_below(const char *dir, const char *name)
{
	struct buf path = BUF_INIT, err = BUF_INIT;

	if (path_remove_tree(path_set(&path, "%s/%s", dir, name), &err))
		log_warn("job/clean: %s", err.ptr);
	buf_release(&path);
	buf_release(&err);
}

/* <job>/<role>-<party>/<component>/<attempt> and its part of <job>/mail. */
static void
remove_scratch(const struct task_query_place *t)
{
	static const char *const names[] = {"data", "model", "metrics.jsonl"};
	struct buf a = BUF_INIT, b = BUF_INIT, party = BUF_INIT;

	if (!*t->dir)
		return;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		remove_below(t->dir, names[i]);
	path_parent(t->dir, &a);
	path_parent(a.ptr, &b);
	path_parent(b.ptr, &a);
	ids_party_dir(t->role, t->party_id, &party);
	path_set(&b, "mail/%s/%s", party.ptr, t->component);
	remove_below(a.ptr, b.ptr);
	buf_release(&a);
	buf_release(&b);
	buf_release(&party);
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
clean(struct app *app, const char *job_id, const struct filter *f,
    size_t *n_out, struct buf *err)
{
	struct task_query_places tasks = {NULL, 0};
	enum err rc = check_ended(app, job_id, err);

	if (rc == ERR_NOTFOUND)
		return ERR_OK;
	if (!rc)
		rc = task_query_places(app->db, f, &tasks, err);
	for (size_t i = 0; !rc && i < tasks.n; i++) {
		rc = job_clean_task(
		    app->db, job_id, &tasks.v[i], clock_wall_ms(), err);
		if (!rc)
			remove_scratch(&tasks.v[i]);
	}
	*n_out = tasks.n;
	task_query_places_release(&tasks);
	return rc;
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
