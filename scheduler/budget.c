/*
 * A component counts while one of its tasks lives. What is stored is the sum,
 * so whoever adopts the job counts on from there; the time in which nobody
 * owned the job is a gift.
 *
 * Waiting is not standing still: a party that waits for a peer gets on as
 * long as the peer does, so idleness is the component's, over all its tasks.
 */
#include "scheduler/budget.h"

#define STORE_MS 1000 /* shorter tasks cost no statement */

int64_t
budget_spent(const struct run_job *j, int64_t mono_now)
{
	/* A job that was read during this pass counts from later on. */
	return j->spent_ms +
	       (mono_now > j->counted_at ? mono_now - j->counted_at : 0);
}

/* ---- how much there is ---- */

static int64_t
job_limit(const struct scheduler *s, const struct run_job *j)
{
	return j->timeout_ms > 0 ? j->timeout_ms
				 : s->cfg->scheduler.job_timeout_ms;
}

/* 0: none */
static int64_t
component_limit(const struct run_job *j, size_t at)
{
	return conf_run_component_timeout(
	    &j->conf.run, j->dsl.components[at].name);
}

/* 0: none */
static int64_t
idle_limit(const struct scheduler *s, const struct run_job *j)
{
	return j->conf.run.progress_timeout_ms > 0
		   ? j->conf.run.progress_timeout_ms
		   : s->cfg->scheduler.progress_timeout_ms;
}

/* ---- what is used up ---- */

static int64_t
spent_of(const struct run_component *c, int64_t mono_now)
{
	return c->spent_ms + (c->counted_at ? mono_now - c->counted_at : 0);
}

static int64_t
idle_of(const struct run_component *c, int64_t mono_now)
{
	return c->idle_ms + (c->progress_at ? mono_now - c->progress_at : 0);
}

void
budget_progress(struct run_component *c, int64_t mono_now)
{
	c->idle_ms = 0;
	c->progress_at = mono_now;
}

static void
count(struct run_component *c, int64_t mono_now)
{
	bool live = job_component_has_live(c);

	if (live && !c->counted_at) {
		c->counted_at = c->progress_at = mono_now;
		c->stored_at = c->next_stored_at = mono_now;
	} else if (!live && c->counted_at) {
		c->spent_ms = spent_of(c, mono_now);
		c->counted_at = c->progress_at = 0;
		c->idle_ms = 0;
	}
}

static const struct run_task *
first_live(const struct run_component *c)
{
	for (size_t k = 0; k < c->n_tasks; k++)
		if (c->tasks[k].is_watched)
			return &c->tasks[k];
	return NULL;
}

static const struct run_task *
first_live_of(const struct run_job *j)
{
	const struct run_task *t = NULL;

	for (size_t i = 0; !t && i < j->dsl.n_components; i++)
		t = first_live(&j->components[i]);
	return t;
}

static void
add_name(const struct run_task *t, struct buf *out)
{
	buf_addf(out, "%s of %s %s", run_task_component(t), t->party->role,
	    t->party->party_id);
}

static void
expire_job(const struct scheduler *s, struct run_job *j)
{
	const struct run_task *t = first_live_of(j);
	struct buf reason = BUF_INIT;

	if (t) {
		add_name(t, &reason);
		buf_adds(
		    &reason, " was still running when the job's time was up");
	} else {
		buf_addf(&reason, "the job's time was up: %s",
		    j->pending.len ? j->pending.ptr : "no task was running");
	}
	buf_addf(&reason, " (timeout %lld ms)", (long long)job_limit(s, j));
	job_end_by(j, STATE_EXPIRE, FAILURE_TIMEOUT, t, reason.ptr);
	buf_release(&reason);
}

/* What a component can use up; the limit stands between the two texts. */
struct allowance {
	enum state_event event;
	enum failure failure;
	const char *before;
	const char *after;
};
static const struct allowance of_time = {STATE_EXPIRE, FAILURE_TIMEOUT,
    " was still running when its component's time was up "
    "(component_timeout ",
    " ms)"};
static const struct allowance of_idleness = {STATE_FAIL, FAILURE_NO_PROGRESS,
    " failed: it is alive, but no task of the component made any progress "
    "for ",
    " ms (progress_timeout)"};

static void
end_component(struct run_job *j, size_t at, const struct allowance *used_up,
    int64_t limit)
{
	const struct run_task *t = first_live(&j->components[at]);
	struct buf reason = BUF_INIT;

	add_name(t, &reason);
	buf_addf(&reason, "%s%lld%s", used_up->before, (long long)limit,
	    used_up->after);
	job_end_by(j, used_up->event, used_up->failure, t, reason.ptr);
	buf_release(&reason);
}

static void
look_at_component(
    struct scheduler *s, struct run_job *j, size_t at, int64_t mono_now)
{
	struct run_component *c = &j->components[at];
	int64_t limit = component_limit(j, at);

	count(c, mono_now);
	if (!c->counted_at || c->is_retry || j->ending != STATE_SUBMIT)
		return;
	if (limit > 0 && spent_of(c, mono_now) >= limit) {
		end_component(j, at, &of_time, limit);
		return;
	}
	limit = idle_limit(s, j);
	if (limit > 0 && idle_of(c, mono_now) >= limit)
		end_component(j, at, &of_idleness, limit);
}

void
budget_look(struct scheduler *s, int64_t mono_now)
{
	for (struct run_job *j = s->jobs; j; j = j->next_job) {
		if (j->ending == STATE_SUBMIT &&
		    budget_spent(j, mono_now) >= job_limit(s, j))
			expire_job(s, j);
		for (size_t i = 0; i < j->dsl.n_components; i++)
			look_at_component(s, j, i, mono_now);
	}
}

enum err
budget_store(struct settle *p, const struct run_job *j, struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < j->dsl.n_components; i++) {
		struct run_component *c = &j->components[i];

		if (!c->counted_at || p->mono_now - c->stored_at < STORE_MS)
			continue;
		c->next_stored_at = p->mono_now;
		rc = task_run_spend(p->s->db, j->id, c->tasks[0].task_id.ptr,
		    spent_of(c, p->mono_now), idle_of(c, p->mono_now), err);
	}
	return rc;
}

static int64_t
sooner(int64_t at, int64_t limit)
{
	return at < limit ? at : limit;
}

int64_t
budget_due_at(const struct scheduler *s, const struct run_job *j, int64_t limit)
{
	int64_t idle = idle_limit(s, j);

	if (j->ending != STATE_SUBMIT)
		return limit;
	limit = sooner(j->counted_at + job_limit(s, j) - j->spent_ms, limit);
	for (size_t i = 0; i < j->dsl.n_components; i++) {
		const struct run_component *c = &j->components[i];
		int64_t most = component_limit(j, i);

		if (!c->counted_at || c->is_retry)
			continue;
		if (most > 0)
			limit =
			    sooner(c->counted_at + most - c->spent_ms, limit);
		if (idle > 0)
			limit =
			    sooner(c->progress_at + idle - c->idle_ms, limit);
	}
	return limit;
}
