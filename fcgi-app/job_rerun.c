/*
 * POST /v1/job/rerun: what failed, was stopped or ran out of time runs again,
 * from what did not succeed on. Everything that makes that impossible is said
 * here rather than by a task that fails: an uploaded file and tables that are
 * gone.
 */
#include "fcgi-app/job_rerun.h"
#include "fcgi-app/create.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/core/stored.h"
#include "lib/store/job_query.h"
#include "lib/store/job_rerun.h"

struct rerun {
	struct app *app;
	const char *job_id;
	const char *component; /* or NULL */
	struct job_query job;
	struct conf conf;
	struct dsl dsl;
	struct job_rerun_tasks tasks;
	bool *runs; /* by component: it will run */
};

/* ---- what will run ---- */

static bool
has_succeeded(const struct rerun *r, const char *component)
{
	bool has_any = false;

	for (size_t i = 0; i < r->tasks.n; i++) {
		if (strcmp(r->tasks.v[i].component, component) != 0)
			continue;
		if (!r->tasks.v[i].is_success)
			return false;
		has_any = true;
	}
	return has_any;
}

static int64_t
newest_fence(const struct rerun *r, const char *component)
{
	int64_t fence = 0;

	for (size_t i = 0; i < r->tasks.n; i++)
		if (!strcmp(r->tasks.v[i].component, component) &&
		    r->tasks.v[i].fence > fence)
			fence = r->tasks.v[i].fence;
	return fence;
}

/* Was what it read made anew since, or will it be? */
static bool
is_stale(const struct rerun *r, const struct dsl_component *c)
{
	int64_t fence = newest_fence(r, c->name);

	for (size_t i = 0; i < c->n_upstream; i++) {
		int up = c->upstream[i];

		if (r->runs[up] ||
		    newest_fence(r, r->dsl.components[up].name) > fence)
			return true;
	}
	return false;
}

/*
 * What did not succeed, what is named, and what read something else than it
 * would find now. As the scheduler sees it.
 */
static void
mark_runs(struct rerun *r)
{
	free(r->runs);
	r->runs = xcalloc(r->dsl.n_components, sizeof(*r->runs));
	for (size_t i = 0; i < r->dsl.n_components; i++) {
		int at = r->dsl.order[i];
		const struct dsl_component *c = &r->dsl.components[at];

		r->runs[at] = !has_succeeded(r, c->name) || is_stale(r, c) ||
			      (r->component && !strcmp(r->component, c->name));
	}
}

/* ---- what stands against it ---- */

static enum err
check_component(const struct rerun *r, struct buf *err)
{
	if (!r->component || dsl_find(&r->dsl, r->component) >= 0)
		return ERR_OK;
	err_set(err, ERR_INVALID,
	    "field 'component_name' is '%s', expected a component of job %s:",
	    r->component, r->job_id);
	for (size_t i = 0; i < r->dsl.n_components && err->len < 1000; i++)
		buf_addf(err, "%s %s", i ? "," : "", r->dsl.components[i].name);
	return ERR_INVALID;
}

static enum err
check_upload(const struct rerun *r, size_t component, struct buf *err)
{
	const struct dsl_component *c = &r->dsl.components[component];
	cJSON *all = NULL;
	const char *file;
	enum err rc;

	if (!r->runs[component] || strcmp(c->module->name, "Upload") != 0 ||
	    !r->conf.n_parties)
		return ERR_OK;
	rc = conf_parameters(
	    &r->conf, &r->dsl, component, &r->conf.parties[0], NULL, &all, err);
	file = json_str(json_get(all, c->module->param_class), "file", "");
	if (!rc && !path_exists(file))
		rc = err_set(err, ERR_CONFLICT,
		    "job %s cannot run again: the uploaded file %s is gone, "
		    "upload it again",
		    r->job_id, file);
	cJSON_Delete(all);
	return rc;
}

/* Tables of what will not run again. */
static enum err
check_tables(const struct rerun *r, struct buf *err)
{
	for (size_t i = 0; i < r->tasks.n; i++) {
		const struct job_rerun_task *t = &r->tasks.v[i];
		int at = dsl_find(&r->dsl, t->component);

		if (t->is_lost && at >= 0 && !r->runs[at])
			return err_set(err, ERR_CONFLICT,
			    "job %s cannot go on behind %s: the table that it "
			    "made for %s %s was deleted; run again from there "
			    "(component_name %s)",
			    r->job_id, t->component, t->role, t->party_id,
			    t->component);
	}
	return ERR_OK;
}

/* The folder holds what the next tasks may want of those before. */
static enum err
check_folder(const struct rerun *r, struct buf *err)
{
	struct buf dir = BUF_INIT;
	bool is_used = false;
	enum err rc = ERR_OK;

	for (size_t i = 0; i < r->dsl.n_components; i++)
		is_used |= !r->runs[i];
	create_dir(r->app->cfg, r->job_id, &dir);
	if (is_used && !path_exists(dir.ptr))
		rc = err_set(err, ERR_CONFLICT,
		    "job %s cannot go on: its folder %s is gone; submit it "
		    "again",
		    r->job_id, dir.ptr);
	buf_release(&dir);
	return rc;
}

static enum err
parse(struct rerun *r, struct buf *err)
{
	const struct stored_job texts = {
	    r->job.dsl, r->job.conf, r->job.train_conf};
	enum err rc = stored_parse(&texts, &r->conf, &r->dsl, err);

	return rc ? rc : check_component(r, err);
}

/* What can change as long as the job's row is not held. */
static enum err
check(void *arg, struct buf *err)
{
	struct rerun *r = arg;
	enum err rc;

	job_rerun_tasks_release(&r->tasks);
	rc = job_rerun_read(r->app->db, r->job_id, &r->tasks, err);
	if (rc)
		return rc;
	mark_runs(r);
	for (size_t i = 0; i < r->dsl.n_components && !rc; i++)
		rc = check_upload(r, i, err);
	if (!rc)
		rc = check_tables(r, err);
	return rc ? rc : check_folder(r, err);
}

/* ---- the answer ---- */

static enum err
refuse_state(struct reply *rp, const char *job_id, const char *status)
{
	if (state_parse(status) == STATE_SUCCESS)
		return reply_say(rp, 100,
		    "job %s succeeded: there is nothing to run again", job_id);
	return reply_say(rp, 100,
	    "job %s is %s: only a job that has ended can run again", job_id,
	    status);
}

static cJSON *
describe(const struct rerun *r, int64_t runs)
{
	cJSON *data = cJSON_CreateObject();
	cJSON *reused = cJSON_CreateArray(), *again = cJSON_CreateArray();

	for (size_t i = 0; i < r->dsl.n_components; i++)
		cJSON_AddItemToArray(r->runs[i] ? again : reused,
		    cJSON_CreateString(r->dsl.components[i].name));
	json_add_str(data, "job_id", r->job_id);
	json_add_int(data, "runs", runs);
	json_add_str(data, "component_name", r->component);
	json_add(data, "run_again", again);
	json_add(data, "reused", reused);
	return data;
}

static enum err
rerun(struct rerun *r, struct reply *rp, struct buf *err)
{
	enum state from = state_parse(r->job.status);
	struct job_rerun change = {
	    .job_id = r->job_id,
	    .from = from,
	    .to = state_next(STATE_JOB, from, STATE_RERUN, STATE_BY_WORKER),
	    .component = r->component,
	    .now = clock_wall_ms(),
	    .check = check,
	    .arg = r,
	};
	int64_t runs = 0;
	enum err rc;

	if (change.to == STATE_NONE)
		return refuse_state(rp, r->job_id, r->job.status);
	rc = parse(r, err);
	if (rc)
		return rc;
	rc = job_rerun(r->app->db, &change, &runs, err);
	if (rc == ERR_NOTFOUND) /* somebody else asked at this moment */
		return refuse_state(rp, r->job_id, state_name(STATE_WAITING));
	if (rc)
		return rc;
	create_ring(r->app->cfg);
	rp->job_id = xstrdup(r->job_id);
	return reply_ok(rp, describe(r, runs));
}

static void
release(struct rerun *r)
{
	free(r->runs);
	job_rerun_tasks_release(&r->tasks);
	conf_release(&r->conf);
	dsl_release(&r->dsl);
	job_query_release(&r->job);
}

enum err
job_rerun_possible(struct app *app, const char *job_id, struct buf *err)
{
	struct rerun r = {.app = app, .job_id = job_id};
	enum err rc = job_query_find(app->db, job_id, &r.job, err);

	if (!rc)
		rc = parse(&r, err);
	if (!rc)
		rc = check(&r, err);
	release(&r);
	return rc;
}

enum err
job_rerun_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct rerun r = {.app = app};
	enum err rc;

	r.job_id = json_in_str(&in, "job_id", JSON_REQUIRED, ID_JOB_MAX);
	r.component =
	    json_in_str(&in, "component_name", JSON_OPTIONAL, DSL_NAME_MAX);
	rc = json_in_done(&in, err);
	if (!rc)
		rc = job_query_find(app->db, r.job_id, &r.job, err);
	if (!rc)
		rc = rerun(&r, rp, err);
	else if (rc == ERR_NOTFOUND)
		rc = reply_say(rp, 100, "can not found job: %s", r.job_id);
	if (!rc && rp->retcode == 0)
		log_info("job=%s rerun from=%s by=%s", r.job_id,
		    r.component ? r.component : "-", rq->client);
	release(&r);
	return rc;
}
