/*
 * The job's row is changed first, guarded by owner and fence: its lock makes
 * the rest of the transaction safe, and when it does not match, nothing else
 * is written.
 */
#include "scheduler/settle.h"
#include "lib/base/log.h"
#include "scheduler/budget.h"
#include "scheduler/claim.h"
#include "scheduler/harvest.h"
#include "scheduler/launch.h"
#include "scheduler/pipeline.h"
#include "scheduler/retry.h"
#include "scheduler/taskdir.h"

#include <stdlib.h>

static struct job_run_guard
guard_of(const struct settle *p, const struct run_job *j)
{
	return (struct job_run_guard){j->id, p->s->instance, j->fence};
}

static struct task_run_key
key_of(const struct run_task *t)
{
	return (struct task_run_key){
	    t->job->id, t->task_id.ptr, t->party->role, t->party->party_id};
}

/* ---- tasks ---- */

static enum err
store_note(struct settle *p, struct run_task *t, struct buf *err)
{
	struct task_run_key key = key_of(t);
	struct task_run_note note = {
	    .pid = t->pid,
	    .progress = t->progress,
	    .message = t->message.ptr,
	    .now = p->now,
	};
	enum err rc = ERR_OK;

	if (!t->job->is_poisoned)
		rc = harvest_metrics(p->s, t, p->now, err);
	return rc ? rc : task_run_note(p->s->db, &key, &note, err);
}

static enum err
store_end(struct settle *p, struct run_task *t, struct buf *err)
{
	struct task_run_key key = key_of(t);
	struct task_run_end end = {
	    .status = t->next,
	    .pid = t->pid,
	    .progress = t->progress,
	    .start_time = t->start_time,
	    .now = p->now,
	    .reason = t->next == STATE_SUCCESS ? NULL : t->reason.ptr,
	    .error_class =
		t->next == STATE_SUCCESS ? NULL : failure_name(t->failure),
	};
	enum err rc = ERR_OK;

	if (!t->job->is_poisoned)
		rc = harvest_metrics(p->s, t, p->now, err);
	if (!rc && t->next == STATE_SUCCESS)
		rc = harvest_rows(p->s, t, p->now, err);
	return rc ? rc : task_run_end(p->s->db, &key, &end, err);
}

struct each {
	struct settle *p;
	struct buf *err;
	enum err rc;
};

static void
store_task(struct run_task *t, void *arg)
{
	struct each *e = arg;

	if (e->rc || t->status != STATE_RUNNING)
		return;
	if (t->next != STATE_RUNNING)
		e->rc = store_end(e->p, t, e->err);
	else if (t->is_dirty)
		e->rc = store_note(e->p, t, e->err);
}

/* ---- components ---- */

static void
finish_components(struct run_job *j)
{
	for (size_t i = 0; i < j->dsl.n_components; i++) {
		struct run_component *c = &j->components[i];
		bool done = !c->next_is_redo;

		for (size_t k = 0; k < c->n_tasks; k++)
			done &= c->tasks[k].next == STATE_SUCCESS;
		if (done && !c->next_is_done)
			j->current = i;
		c->next_is_done = done;
	}
}

static enum err
store_progress(struct settle *p, struct run_job *j, struct buf *err)
{
	if (j->current == SIZE_MAX)
		return ERR_OK;
	return job_run_set_progress(p->s->db, j->id, job_progress(j),
	    j->components[j->current].tasks[0].task_id.ptr, p->now, err);
}

/* What the user is to know about waiting; written only when it changes. */
static enum err
show_pending(
    struct settle *p, struct run_job *j, const char *reason, struct buf *err)
{
	if (quota_same_reason(j->pending.ptr, reason))
		return ERR_OK;
	buf_reset(&j->next_pending);
	buf_adds(&j->next_pending, reason);
	return job_run_set_pending(
	    p->s->db, j->id, *reason ? reason : NULL, err);
}

/* Faults of the job itself, which end it; the rest is the database's. */
bool
settle_is_job_fault(enum err rc)
{
	return rc == ERR_INVALID || rc == ERR_NOTFOUND || rc == ERR_IO ||
	       rc == ERR_FULL || rc == ERR_CONFLICT;
}

/* ---- starts ---- */

static int
next_attempt(const struct run_component *c)
{
	int next = 0;

	for (size_t k = 0; k < c->n_tasks; k++)
		if (c->tasks[k].status != STATE_NONE &&
		    c->tasks[k].attempt >= next)
			next = c->tasks[k].attempt + 1;
	return next;
}

static void
cannot_start(struct run_task *t, const char *fault)
{
	struct buf reason = BUF_INIT;

	buf_addf(&reason, "%s of %s %s cannot start: %s", run_task_component(t),
	    t->party->role, t->party->party_id, fault);
	job_plan_end(t->job, STATE_FAIL, FAILURE_ERROR, t, reason.ptr);
	buf_release(&reason);
}

/* What its tasks are told; a fault of one of them is the job's. */
static enum err
plan_component(struct settle *p, struct run_component *c, struct buf *err)
{
	int attempt = next_attempt(c);
	enum err rc = ERR_OK;

	for (size_t k = 0; !rc && k < c->n_tasks; k++) {
		struct run_task *t = &c->tasks[k];
		struct buf fault = BUF_INIT;

		t->last_attempt = t->attempt;
		t->is_next = attempt > 0;
		t->attempt = attempt;
		rc = launch_plan(p->s, t, &fault);
		if (settle_is_job_fault(rc))
			cannot_start(t, fault.ptr);
		else if (rc)
			buf_adds(err, fault.ptr);
		buf_release(&fault);
	}
	return rc;
}

static void
drop_plan(struct run_component *c)
{
	for (size_t k = 0; k < c->n_tasks; k++) {
		struct run_task *t = &c->tasks[k];

		if (t->is_next)
			t->attempt = t->last_attempt;
		t->is_next = false;
		t->next = t->status;
		free(t->task_json);
		t->task_json = NULL;
	}
}

static enum err
start_task(struct settle *p, struct run_task *t, struct buf *err)
{
	struct task_run_key key = key_of(t);
	struct task_run_start start = {
	    .component = run_task_component(t),
	    .run_ip = p->s->cfg->site.address,
	    .dir = t->dir.ptr,
	    .attempt = t->attempt,
	    .fence = t->job->fence,
	    .now = p->now,
	};
	enum err rc =
	    t->status == STATE_NONE
		? task_run_insert(p->s->db, &key, &start, err)
		: task_run_raise(p->s->db, &key, &start, t->last_attempt, err);

	t->start_time = p->now;
	t->fence = t->job->fence;
	t->next = state_next(STATE_TASK, t->status,
	    t->status == STATE_NONE ? STATE_START : STATE_RETRY,
	    STATE_BY_SCHEDULER);
	return rc;
}

/* Of the last attempt only its record stays. */
static enum err
end_attempt(struct settle *p, struct run_job *j, size_t i, struct buf *err)
{
	struct run_component *c = &j->components[i];
	const char *task_id = c->tasks[0].task_id.ptr;
	struct job_run_guard guard = guard_of(p, j);
	enum err rc = task_run_keep_attempt(p->s->db, j->id, task_id, err);

	for (size_t k = 0; !rc && k < c->n_tasks; k++)
		rc = harvest_forget(p->s, &c->tasks[k], p->now, err);
	if (!rc)
		rc = task_run_forget_outputs(p->s->db, j->id, task_id,
		    j->dsl.components[i].name, p->now, err);
	if (!rc && c->is_retry && c->retry_no > j->next_retries) {
		rc = job_run_count_retry(p->s->db, &guard, err);
		j->next_retries++;
	}
	c->next_is_redo = false;
	return rc;
}

struct starting {
	struct settle *p;
	struct run_job *j;
	size_t component;
	struct run_task *at; /* the task whose row is written */
};

static enum err
start_rows(struct db *db, void *ctx, struct buf *err)
{
	struct starting *s = ctx;
	struct run_component *c = &s->j->components[s->component];
	enum err rc = ERR_OK;

	(void)db;
	if (c->next_is_redo)
		rc = end_attempt(s->p, s->j, s->component, err);
	for (size_t k = 0; !rc && k < c->n_tasks; k++) {
		s->at = &c->tasks[k];
		rc = start_task(s->p, s->at, err);
	}
	return rc;
}

/* Rows that the database refuses are this job's fault, not that of others. */
static enum err
store_start(struct settle *p, struct run_job *j, size_t i, struct buf *err)
{
	struct run_component *c = &j->components[i];
	struct starting s = {p, j, i, &c->tasks[0]};
	bool was_redo = c->next_is_redo;
	int64_t retries = j->next_retries;
	struct buf fault = BUF_INIT;
	enum err rc = db_part(p->s->db, start_rows, &s, &fault);

	if (settle_is_job_fault(rc) && !db_is_doomed(p->s->db)) {
		c->next_is_redo = was_redo;
		j->next_retries = retries;
		cannot_start(s.at, fault.ptr);
	} else if (rc) {
		buf_adds(err, fault.ptr);
	}
	buf_release(&fault);
	return rc;
}

static enum err
start_component(struct settle *p, struct run_job *j, size_t i, struct buf *err)
{
	struct run_component *c = &j->components[i];
	enum err rc = plan_component(p, c, err);

	if (!rc)
		rc = store_start(p, j, i, err);
	if (settle_is_job_fault(rc) && !db_is_doomed(p->s->db)) {
		drop_plan(c);
		return ERR_OK;
	}
	return rc;
}

/* The first component that has to wait says why, whoever else starts. */
static enum err
start_if_fits(struct settle *p, struct run_job *j, size_t at, struct buf *first,
    struct buf *err)
{
	struct buf reason = BUF_INIT;
	enum err rc = claim_turn(p, err);
	enum quota_answer answer;

	if (rc)
		return rc;
	answer = admission_component(&p->room, j, at, &reason);
	if (answer == QUOTA_YES)
		rc = start_component(p, j, at, err);
	else if (answer == QUOTA_NEVER)
		job_plan_end(j, STATE_FAIL, FAILURE_ERROR, NULL, reason.ptr);
	else
		p->s->is_full = true;
	if (answer == QUOTA_LATER && !first->len)
		buf_adds(first, reason.ptr);
	buf_release(&reason);
	return rc;
}

enum err
settle_start(struct settle *p, struct run_job *j, struct buf *err)
{
	struct buf first = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < j->dsl.n_components; i++) {
		size_t at = (size_t)j->dsl.order[i];

		if (j->ending == STATE_SUBMIT &&
		    (job_is_ready(j, at) || retry_is_due(j, at, p->mono_now)))
			rc = start_if_fits(p, j, at, &first, err);
	}
	if (!rc && retry_pending(j)) {
		buf_reset(&first);
		buf_adds(&first, retry_pending(j));
	}
	if (!rc)
		rc = show_pending(p, j, first.ptr, err);
	buf_release(&first);
	return rc;
}

/* ---- the job ---- */

static struct job_run_end
end_of(const struct settle *p, const struct run_job *j, enum state_event event)
{
	struct job_run_end end = {
	    .status =
		state_next(STATE_JOB, STATE_RUNNING, event, STATE_BY_SCHEDULER),
	    .stop_by = j->stop_by.len ? j->stop_by.ptr : NULL,
	    .now = p->now,
	    .start_time = j->start_time,
	    .spent_ms = budget_spent(j, p->mono_now),
	};
	const struct run_task *t = j->failed;

	if (event == STATE_SUCCEED)
		return end;
	end.reason = j->reason.ptr;
	end.error_class = failure_name(j->failure);
	if (t) {
		end.component = run_task_component(t);
		end.role = t->party->role;
		end.party_id = t->party->party_id;
	}
	return end;
}

/*
 * Before any task is told to end: whoever adopts the job then must not take
 * the signal for the cause.
 */
static enum err
tell_ending(struct settle *p, struct run_job *j, struct buf *err)
{
	struct job_run_guard guard = guard_of(p, j);
	struct job_run_end end = end_of(p, j, j->ending);

	if (j->is_told)
		return ERR_OK;
	j->next_is_told = true;
	return job_run_set_ending(p->s->db, &guard, j->ending, &end, err);
}

static enum err
end_job(struct settle *p, struct run_job *j, enum state_event event,
    struct buf *err)
{
	struct job_run_guard guard = guard_of(p, j);
	struct job_run_end end = end_of(p, j, event);
	enum err rc = ERR_OK;

	if (event == STATE_SUCCEED)
		rc = pipeline_rows(p, j, err);
	j->is_over = true;
	return rc ? rc : job_run_end(p->s->db, &guard, &end, err);
}

/*
 * A task that the database calls running, that was never begun here, and that
 * is not to run: it gets its tombstone, lest a scheduler that paused before
 * the launch begins it later. One that has begun after all is ended first.
 */
static void
bury_planned(struct run_task *t, void *arg)
{
	struct settle *p = arg;
	struct run_job *j = t->job;
	struct run_component *c = job_component_of(t);
	struct taskdir_name name = {p->s->cfg->site.work_dir, j->id,
	    t->party->role, t->party->party_id, run_task_component(t),
	    t->attempt};
	struct buf err = BUF_INIT;
	enum err rc;

	if (t->status != STATE_RUNNING || t->is_watched ||
	    t->next != STATE_RUNNING ||
	    (j->ending == STATE_SUBMIT && !c->is_retry))
		return;
	rc = taskdir_bury(&name, j->fence, &err);
	if (rc == ERR_CONFLICT) {
		t->is_watched = true;
		t->look_at = t->look_step = 0;
	} else {
		t->next = STATE_FAILED;
		if (!t->failure) {
			t->failure = FAILURE_ENDED;
			buf_addf(&t->reason, "never started: %s",
			    j->ending != STATE_SUBMIT ? j->reason.ptr
						      : c->redo_text.ptr);
		}
		if (rc)
			log_warn("job=%s %s", j->id, err.ptr);
	}
	buf_release(&err);
}

enum err
settle_job(struct settle *p, struct run_job *j, struct buf *err)
{
	struct job_run_guard guard = guard_of(p, j);
	struct each e = {p, err, ERR_OK};
	enum err rc;

	j->next_spent_ms = budget_spent(j, p->mono_now);
	j->next_counted_at = p->mono_now;
	rc = job_run_hold(p->s->db, &guard, j->next_spent_ms, p->now, NULL);
	if (rc == ERR_CONFLICT) {
		j->is_lost = true;
		return ERR_OK;
	}
	if (rc)
		return err_set(err, rc, "cannot hold job %s", j->id);
	job_each(j, bury_planned, p);
	job_each(j, store_task, &e);
	if (e.rc)
		return e.rc;
	finish_components(j);
	rc = budget_store(p, j, err);
	if (!rc)
		rc = store_progress(p, j, err);
	if (rc)
		return rc;
	if (j->ending != STATE_SUBMIT)
		return job_has_live(j) ? tell_ending(p, j, err)
				       : end_job(p, j, j->ending, err);
	if (job_n_done(j) == j->dsl.n_components)
		return pipeline_is_due(j)
			   ? show_pending(p, j, j->pipeline_text.ptr, err)
			   : end_job(p, j, STATE_SUCCEED, err);
	return settle_start(p, j, err);
}
