/*
 * An attempt belongs to a component over all its parties, because what they
 * sent each other cannot be sent again to one of them alone. So a failure
 * that may pass ends the other tasks as well, and then all begin anew.
 *
 * A retry is counted when it begins, in the transaction that raises the
 * attempts. Components that fail before it does are part of the same one: a
 * disk that is full for a moment costs a job one retry, not one for each
 * component that met it.
 *
 * Rows tell runs apart by the fence: every claim raises it, and a task keeps
 * the one it began with. What is older than the run is to be done again
 * unless it is a success whose inputs have not been made anew since.
 */
#include "scheduler/retry.h"
#include "lib/base/log.h"

/* ---- a failure ---- */

static bool
may_retry(const struct run_job *j, enum failure failure)
{
	return failure_is_transient(failure) &&
	       j->retries < j->conf.run.auto_retries;
}

static void
want_retry(struct run_job *j, struct run_component *c, const char *reason)
{
	if (c->is_retry)
		return;
	c->retry_no = j->retries + 1;
	c->is_redo = c->next_is_redo = c->is_retry = true;
	c->is_done = c->next_is_done = false;
	c->redo_at = c->kill_at = 0;
	c->is_due = false;
	buf_reset(&c->redo_text);
	buf_adds(&c->redo_text, reason);
}

void
retry_fail(struct run_task *t, enum failure failure, const char *reason)
{
	struct run_job *j = t->job;

	t->failure = failure;
	buf_reset(&t->reason);
	buf_adds(&t->reason, reason);
	j->is_dirty = true;
	if (job_component_of(t)->is_retry && failure_is_transient(failure))
		return;
	if (may_retry(j, failure))
		want_retry(j, job_component_of(t), reason);
	else
		job_end_by(j, STATE_FAIL, failure, t, reason);
}

/* ---- rows ---- */

static bool
has_rows(const struct run_component *c)
{
	for (size_t k = 0; k < c->n_tasks; k++)
		if (c->tasks[k].status != STATE_NONE)
			return true;
	return false;
}

static int64_t
newest_fence(const struct run_component *c)
{
	int64_t fence = 0;

	for (size_t k = 0; k < c->n_tasks; k++)
		if (c->tasks[k].fence > fence)
			fence = c->tasks[k].fence;
	return fence;
}

/* Was something that it read made anew since, or is it about to be? */
static bool
is_stale(const struct run_job *j, size_t at)
{
	const struct dsl_component *d = &j->dsl.components[at];
	int64_t fence = newest_fence(&j->components[at]);

	for (size_t k = 0; k < d->n_upstream; k++) {
		const struct run_component *u = &j->components[d->upstream[k]];

		if (u->is_redo || newest_fence(u) > fence)
			return true;
	}
	return false;
}

static bool
is_named(const struct run_job *j, size_t at)
{
	return !strcmp(j->dsl.components[at].name, j->rerun_from.ptr);
}

/* How much a task's failure says about the cause; 0: it did not fail. */
static int
weight(const struct run_task *t)
{
	if (t->status != STATE_FAILED && t->status != STATE_TIMEOUT)
		return 0;
	if (t->failure == FAILURE_ENDED || t->failure == FAILURE_STOPPED)
		return 1;
	return failure_is_transient(t->failure) ? 2 : 3;
}

static void
resolve_failed(struct run_job *j, struct run_component *c)
{
	struct run_task *worst = &c->tasks[0];

	for (size_t k = 1; k < c->n_tasks; k++)
		if (weight(&c->tasks[k]) > weight(worst))
			worst = &c->tasks[k];
	if (!weight(worst))
		return;
	if (may_retry(j, worst->failure)) {
		want_retry(j, c, worst->reason.ptr);
		c->is_resumed = true;
	} else {
		job_end_by(j,
		    worst->status == STATE_TIMEOUT ? STATE_EXPIRE : STATE_FAIL,
		    worst->failure ? worst->failure : FAILURE_ERROR, worst,
		    worst->reason.ptr);
	}
}

static void
resolve(struct run_job *j, size_t at)
{
	struct run_component *c = &j->components[at];

	if (!has_rows(c))
		return;
	if (newest_fence(c) >= j->run_fence) {
		resolve_failed(j, c);
	} else if (!c->is_done || is_named(j, at) || is_stale(j, at)) {
		c->is_redo = c->next_is_redo = true;
		c->is_done = c->next_is_done = false;
	}
}

void
retry_restore(struct run_job *j)
{
	for (size_t i = 0; i < j->dsl.n_components; i++)
		resolve(j, (size_t)j->dsl.order[i]);
}

/* ---- when ---- */

int64_t
retry_delay_ms(int64_t base_ms, int64_t n)
{
	int64_t ms = base_ms;

	while (n-- > 0 && ms < RETRY_DELAY_MAX_MS)
		ms *= 2;
	return ms < RETRY_DELAY_MAX_MS ? ms : RETRY_DELAY_MAX_MS;
}

/* No process of the last attempt, and its rows say so. */
static bool
is_over(const struct run_component *c)
{
	for (size_t k = 0; k < c->n_tasks; k++)
		if (c->tasks[k].is_watched ||
		    c->tasks[k].status == STATE_RUNNING)
			return false;
	return true;
}

static void
set_time(struct run_job *j, size_t at, int64_t default_ms, int64_t mono_now)
{
	struct run_component *c = &j->components[at];
	int64_t given = j->conf.run.retry_delay_ms;
	int64_t ms =
	    retry_delay_ms(given >= 0 ? given : default_ms, c->retry_no - 1);
	struct buf text = BUF_INIT;

	if (c->is_resumed && ms > RETRY_RESUMED_MAX_MS)
		ms = RETRY_RESUMED_MAX_MS;
	c->redo_at = mono_now + ms;
	buf_addf(&text, "retry %lld of %lld of %s in %lld s: %s",
	    (long long)c->retry_no, (long long)j->conf.run.auto_retries,
	    j->dsl.components[at].name, (long long)(ms + 999) / 1000,
	    c->redo_text.ptr);
	log_info("job=%s %s", j->id, text.ptr);
	buf_release(&c->redo_text);
	c->redo_text = text;
}

void
retry_look(struct run_job *j, int64_t default_ms, int64_t mono_now)
{
	for (size_t i = 0; i < j->dsl.n_components; i++) {
		struct run_component *c = &j->components[i];

		if (!c->is_retry || j->ending != STATE_SUBMIT || !is_over(c))
			continue;
		if (!c->redo_at) {
			set_time(j, i, default_ms, mono_now);
			j->is_dirty = true;
		}
		if (!c->is_due && mono_now >= c->redo_at)
			c->is_due = j->is_dirty = true;
	}
}

bool
retry_is_due(const struct run_job *j, size_t component, int64_t mono_now)
{
	const struct dsl_component *d = &j->dsl.components[component];
	const struct run_component *c = &j->components[component];

	if (!c->next_is_redo || !is_over(c) ||
	    (c->is_retry && (!c->redo_at || mono_now < c->redo_at)))
		return false;
	for (size_t k = 0; k < d->n_upstream; k++)
		if (!j->components[d->upstream[k]].next_is_done)
			return false;
	return true;
}

int64_t
retry_due_at(const struct run_job *j, int64_t limit)
{
	for (size_t i = 0; i < j->dsl.n_components; i++) {
		const struct run_component *c = &j->components[i];

		if (j->ending == STATE_SUBMIT && c->is_retry && c->redo_at &&
		    !c->is_due && c->redo_at < limit)
			limit = c->redo_at;
	}
	return limit;
}

const char *
retry_pending(const struct run_job *j)
{
	for (size_t i = 0; i < j->dsl.n_components; i++) {
		const struct run_component *c = &j->components[i];

		if (c->next_is_redo && c->redo_at && !c->is_due)
			return c->redo_text.ptr;
	}
	return NULL;
}
