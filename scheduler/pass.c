/*
 * What a pass sees of processes and folders are facts, kept over a rollback;
 * what it plans out of them is forgotten by one and made anew. So the one
 * transaction can be repeated as often as the database likes, and a commit
 * whose answer got lost is settled by reading everything again.
 *
 * All ended tasks, the components that follow, the jobs that end and those
 * that are claimed share one commit: that is one flush a pass, however many
 * jobs it moves.
 */
#include "scheduler/pass.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/store/instance.h"
#include "scheduler/budget.h"
#include "scheduler/claim.h"
#include "scheduler/harvest.h"
#include "scheduler/launch.h"
#include "scheduler/leftover.h"
#include "scheduler/outage.h"
#include "scheduler/pipeline.h"
#include "scheduler/queue.h"
#include "scheduler/retry.h"
#include "scheduler/stop.h"
#include "scheduler/sweep.h"
#include "scheduler/watch.h"

enum {
	SURVEY_MS = 2000,  /* others' jobs, while we own live ones */
	IDLE_MS = 5000,	   /* a look for work that nobody rang for */
	EXPLAIN_MS = 1000, /* reasons of jobs passed over */
	REST_MS = 2000	   /* of a job whose end is refused */
};

struct pass {
	struct settle settle;
	bool renews;
	bool was_full; /* somebody waited: look at all of them */
	bool claims;
	bool explains;
	bool is_expired; /* others may own our jobs */
};

/* ---- the list of jobs ---- */

static void
forget_jobs(struct scheduler *s, bool (*which)(const struct run_job *))
{
	struct run_job **at = &s->jobs;

	while (*at) {
		struct run_job *j = *at;

		if (!which(j)) {
			at = &j->next_job;
			continue;
		}
		*at = j->next_job;
		job_free(j);
	}
}

static bool
is_any(const struct run_job *j)
{
	(void)j;
	return true;
}

static bool
is_new(const struct run_job *j)
{
	return j->is_new;
}

static bool
is_gone(const struct run_job *j)
{
	return j->is_over || j->is_lost;
}

/* ---- the transaction ---- */

static void
reset_plans(struct scheduler *s)
{
	forget_jobs(s, is_new);
	for (struct run_job *j = s->jobs; j; j = j->next_job)
		job_rollback(j);
}

struct part {
	struct settle *settle;
	struct run_job *job;
};

static enum err
settle_rows(struct db *db, void *ctx, struct buf *err)
{
	struct part *part = ctx;

	(void)db;
	return settle_job(part->settle, part->job, err);
}

/*
 * What the database refuses of a job is that job's fault: the others' rows are
 * committed, and only then does it end. So whoever it names as the one that
 * forestalled it has done so.
 */
static enum err
settle_one(struct pass *p, struct run_job *j, struct buf *err)
{
	struct part part = {&p->settle, j};
	struct buf fault = BUF_INIT;
	struct db *db = p->settle.s->db;
	enum err rc = db_part(db, settle_rows, &part, &fault);

	if (settle_is_job_fault(rc) && !db_is_doomed(db)) {
		job_rollback(j);
		claim_undone(&p->settle);
		buf_adds(&j->refused, fault.len ? fault.ptr : err_name(rc));
		rc = ERR_OK;
	} else if (rc) {
		buf_adds(err, fault.ptr);
		rc = settle_is_job_fault(rc) ? ERR_DB : rc;
	}
	j->is_settled = !rc && !j->refused.len;
	p->claims |= j->is_over;
	buf_release(&fault);
	return rc;
}

static enum err
settle_all(struct pass *p, struct buf *err)
{
	struct scheduler *s = p->settle.s;
	int64_t now = p->settle.mono_now;
	enum err rc = ERR_OK;

	for (struct run_job *j = s->jobs; !rc && j; j = j->next_job)
		if (job_is_due(j, now) ||
		    ((p->renews || p->was_full) && !j->rest_at))
			rc = settle_one(p, j, err);
	return rc;
}

static enum err
work(struct db *db, void *ctx, struct buf *err)
{
	struct pass *p = ctx;
	struct scheduler *s = p->settle.s;
	enum err rc = ERR_OK;

	reset_plans(s);
	s->is_full = false;
	if (p->renews)
		rc = (s->jobs ? instance_renew : instance_revive)(
		    db, s->instance, s->cfg->scheduler.lease_ms, err);
	p->is_expired = rc == ERR_CONFLICT;
	if (!rc)
		rc = claim_stops(&p->settle, err);
	claim_count(&p->settle);
	if (!rc)
		rc = settle_all(p, err);
	if (!rc && p->claims)
		rc = queue_run(&p->settle, p->explains, err);
	return rc;
}

/* ---- after it ---- */

struct refused {
	const char *why;
	const struct run_task *first;
};

static void
fail_result(struct run_task *t, void *arg)
{
	struct refused *r = arg;

	if (t->status != STATE_RUNNING || t->next != STATE_SUCCESS)
		return;
	t->next = STATE_FAILED;
	t->failure = FAILURE_ERROR;
	buf_reset(&t->reason);
	buf_addf(&t->reason, "%s of %s %s: its result cannot be stored: %s",
	    run_task_component(t), t->party->role, t->party->party_id, r->why);
	if (!r->first)
		r->first = t;
}

/*
 * A job whose rows the database refused ends for that. When it refuses that end
 * as well, it is asked again after a pause, and the log is told once.
 */
static void
quarantine(struct run_job *j, int64_t mono_now)
{
	struct refused r = {j->refused.ptr, NULL};
	bool rests;
	struct buf reason = BUF_INIT;

	job_each(j, fail_result, &r);
	if (r.first)
		buf_adds(&reason, r.first->reason.ptr);
	else
		buf_addf(&reason, "its state cannot be stored: %s", r.why);
	rests = j->is_poisoned && !r.first;
	if (!rests || !j->rest_at)
		log_error("job=%s %s%s", j->id, reason.ptr,
		    rests ? "; trying again" : "");
	if (rests)
		j->rest_at = mono_now + REST_MS;
	j->is_poisoned = j->is_dirty = true;
	job_end_by(j, STATE_FAIL, FAILURE_ERROR, r.first, reason.ptr);
	buf_reset(&j->refused);
	buf_release(&reason);
}

/*
 * Has our time passed since the lease was last renewed? Then others may have
 * taken our jobs over, ended them and removed their folders.
 */
static bool
is_lease_over(const struct scheduler *s, int64_t now)
{
	return now - s->renewed_at >= s->cfg->scheduler.lease_ms;
}

/* A task that cannot be started is buried as its job is settled. */
static void
launch_one(struct run_task *t, void *arg)
{
	struct scheduler *s = arg;
	struct buf err = BUF_INIT, reason = BUF_INIT;

	if (!t->task_json || t->status != STATE_RUNNING || t->is_watched ||
	    t->job->ending != STATE_SUBMIT || job_component_of(t)->is_retry)
		return;
	s->is_late |= is_lease_over(s, clock_mono_ms());
	if (s->is_late)
		return;
	if (launch_task(s, t, &err)) {
		buf_addf(&reason, "%s of %s %s cannot be started: %s",
		    run_task_component(t), t->party->role, t->party->party_id,
		    err.ptr);
		retry_fail(t, failure_of_text(err.ptr), reason.ptr);
	} else {
		log_debug("job=%s component=%s role=%s party=%s pid=%d",
		    t->job->id, run_task_component(t), t->party->role,
		    t->party->party_id, (int)t->pid);
		watch_launched(t, clock_mono_ms());
	}
	buf_release(&err);
	buf_release(&reason);
}

static void
report_end(const struct run_job *j)
{
	if (j->is_lost)
		log_warn("job=%s is another scheduler's now", j->id);
	else
		log_info("job=%s %s%s%s", j->id,
		    j->ending == STATE_SUBMIT ? "succeed"
					      : state_event_name(j->ending),
		    j->reason.len ? ": " : "", j->reason.ptr);
}

static void
after_commit(struct pass *p)
{
	struct scheduler *s = p->settle.s;
	struct sweep sweep = {0};

	for (struct run_job *j = s->jobs; j; j = j->next_job) {
		if (j->refused.len) {
			quarantine(j, p->settle.mono_now);
			continue;
		}
		/* Of one that was left alone nothing was stored. */
		if (j->is_settled || j->is_new)
			job_commit(j);
		if (is_gone(j)) {
			report_end(j);
			s->must_relist |= j->is_lost; /* or ours again */
			if (j->is_over) {
				sweep_add(&sweep, s, j);
				sweep_soon(s, clock_mono_ms());
			}
			continue;
		}
		job_each(j, launch_one, s);
		j->is_dirty |= j->ending != STATE_SUBMIT
				   ? !job_has_live(j) || !j->is_told
				   : job_n_done(j) == j->dsl.n_components &&
					 !j->pipeline_at;
	}
	forget_jobs(s, is_gone);
	sweep_run(&sweep);
}

/* ---- when ---- */

/* How long until more reasons may be written, INT64_MAX when none are due. */
static int64_t
explain_in(const struct scheduler *s, int64_t now)
{
	int64_t at = s->explained_at + EXPLAIN_MS;

	if (!s->queue.is_left || !s->queue.is_explaining)
		return INT64_MAX;
	return at > now ? at - now : 0;
}

static bool
is_anything_due(const struct scheduler *s, int64_t now)
{
	for (const struct run_job *j = s->jobs; j; j = j->next_job)
		if (job_is_due(j, now))
			return true;
	return false;
}

static void
forget_everything(struct scheduler *s)
{
	forget_jobs(s, is_any);
	if (s->instance)
		s->last_instance = s->instance;
	s->is_late = false;
	s->instance = 0;
}

/*
 * What is in memory stands when the transaction was rolled back. After a lost
 * answer to a COMMIT the rows are read again, as this instance's.
 */
static void
forget_what_is_doubtful(struct scheduler *s, enum err rc)
{
	if (rc == ERR_DB || rc == ERR_BUSY)
		return;
	if (rc != ERR_UNCERTAIN || !s->instance) {
		forget_everything(s);
		return;
	}
	forget_jobs(s, is_any);
	s->must_relist = true;
}

static void
handle_failure(
    struct scheduler *s, struct pass *p, enum err rc, const struct buf *err)
{
	reset_plans(s);
	s->is_full = p->was_full;
	if (p->is_expired) {
		log_warn("instance=%lld its time was up: beginning anew",
		    (long long)s->instance);
		forget_everything(s);
		return;
	}
	outage_note(s, rc, err->ptr);
	forget_what_is_doubtful(s, rc);
}

static void
transact(struct scheduler *s, int64_t now)
{
	struct buf err = BUF_INIT;
	struct pass p = {
	    .settle = {.s = s,
		.refused = BUF_INIT,
		.now = clock_wall_ms(),
		.mono_now = now},
	    .renews = now - s->renewed_at >= s->cfg->scheduler.lease_ms / 3,
	    .was_full = s->is_full,
	    .claims = s->is_rung || s->queue.is_left,
	    .explains = now - s->explained_at >= EXPLAIN_MS,
	};
	enum err rc = harvest_sync(s, &err);

	if (!rc)
		rc = db_transact(s->db, work, &p, &err);
	claim_finish(&p.settle, rc == ERR_OK);
	if (rc) {
		handle_failure(s, &p, rc, &err);
	} else {
		outage_end(s);
		if (s->is_rung)
			sweep_soon(s, now);
		s->is_rung = false;
		if (p.renews)
			s->renewed_at = now;
		if (p.claims && p.explains)
			s->explained_at = now;
		after_commit(&p);
		if (s->is_late)
			forget_everything(s);
	}
	buf_release(&err);
}

/* Looks by itself, because a doorbell can be lost and a scheduler can die. */
static enum err
survey(struct scheduler *s, int64_t now, struct buf *err)
{
	bool any = s->jobs != NULL;
	enum err rc = ERR_OK;

	if (!s->must_relist &&
	    now - s->surveyed_at < (any ? SURVEY_MS : IDLE_MS))
		return ERR_OK;
	s->surveyed_at = now;
	any |= s->must_relist;
	if (!any)
		rc = job_run_any(s->db, &any, err);
	if (rc || !any)
		return rc;
	s->is_rung = true;
	/* An idle instance lets its time pass; it must not own a job then. */
	if (!s->jobs && is_lease_over(s, now)) {
		rc = instance_revive(
		    s->db, s->instance, s->cfg->scheduler.lease_ms, err);
		if (rc)
			return rc;
		s->renewed_at = now;
	}
	return claim_adopt(s, err);
}

enum err
pass_begin(struct scheduler *s, struct buf *err)
{
	enum err rc = ERR_OK;

	/* Nobody acts as that one any more: its jobs need not wait. */
	if (s->last_instance)
		rc = instance_end(s->db, s->last_instance, err);
	if (!rc)
		rc = instance_new(
		    s->db, s->cfg->scheduler.lease_ms, &s->instance, err);
	if (rc)
		return rc;
	s->last_instance = 0;
	s->renewed_at = s->surveyed_at = clock_mono_ms();
	s->is_rung = true;
	s->queue.turn = 0; /* what the last instance ran is others' now */
	log_info("instance=%lld", (long long)s->instance);
	(void)instance_sweep(s->db, NULL);
	return claim_adopt(s, err);
}

/* Who owns nothing wakes for one look at a time, and sweeps along with it. */
static bool
may_sweep(const struct scheduler *s, int64_t now)
{
	return s->jobs || s->surveyed_at == now || !s->leftover_at;
}

/*
 * Whoever wakes from a pause owns nothing before the database has said so:
 * until then no folder is touched and no process signalled.
 */
static enum err
confirm(struct scheduler *s, int64_t now, struct buf *err)
{
	enum err rc;

	if (!s->jobs || !is_lease_over(s, now))
		return ERR_OK;
	rc =
	    instance_renew(s->db, s->instance, s->cfg->scheduler.lease_ms, err);
	if (!rc)
		s->renewed_at = now;
	return rc;
}

static void
look(struct scheduler *s, int64_t now)
{
	watch_look(s, now);
	budget_look(s, now);
	for (struct run_job *j = s->jobs; j; j = j->next_job)
		retry_look(j, s->cfg->scheduler.retry_delay_ms, now);
	stop_look(s, now);
	pipeline_save_due(s, now);
}

void
pass_run(struct scheduler *s)
{
	int64_t now = clock_mono_ms(), seen;
	struct buf err = BUF_INIT;
	enum err rc = ERR_OK;

	watch_reap(s);
	if (now < s->retry_at)
		return;
	if (!s->instance)
		rc = pass_begin(s, &err);
	if (!rc)
		rc = confirm(s, now, &err);
	if (rc == ERR_CONFLICT) {
		log_warn("instance=%lld its time was up: beginning anew",
		    (long long)s->instance);
		forget_everything(s);
		goto out;
	}
	if (rc) {
		outage_note(s, rc, err.ptr);
		forget_what_is_doubtful(s, rc);
		goto out;
	}
	rc = survey(s, now, &err);
	if (rc) {
		outage_note(s, rc, err.ptr);
		forget_what_is_doubtful(s, rc);
	}
	/* The database may have taken its time: jobs count from when read. */
	seen = clock_mono_ms();
	look(s, seen);
	if (rc)
		goto out;
	if (s->is_rung || is_anything_due(s, seen) || explain_in(s, now) == 0 ||
	    (s->jobs && now - s->renewed_at >= s->cfg->scheduler.lease_ms / 3))
		transact(s, seen);
	stop_look(s, seen);
	if (now >= s->retry_at && may_sweep(s, now)) {
		sweep_stored(s, now);
		leftover_look(s, now);
	}
out:
	buf_release(&err);
}

int64_t
pass_due(const struct scheduler *s)
{
	int64_t now = clock_mono_ms(), due, survey_ms, renew_ms;

	if (now < s->retry_at)
		return s->retry_at - now;
	if (!s->instance || s->is_rung)
		return 0;
	survey_ms = s->surveyed_at + (s->jobs ? SURVEY_MS : IDLE_MS) - now;
	renew_ms = s->renewed_at + s->cfg->scheduler.lease_ms / 3 - now;
	if (s->jobs && renew_ms < survey_ms)
		survey_ms = renew_ms;
	if (explain_in(s, now) < survey_ms)
		survey_ms = explain_in(s, now);
	due = watch_due(s, now, survey_ms > 0 ? survey_ms : 0);
	if (s->jobs && s->sweep_at - now < due)
		due = s->sweep_at > now ? s->sweep_at - now : 0;
	if (s->jobs && s->leftover_at - now < due)
		due = s->leftover_at > now ? s->leftover_at - now : 0;
	return due;
}

bool
pass_is_idle(const struct scheduler *s)
{
	return s->instance && !s->jobs && !s->is_rung && !s->is_full &&
	       !s->queue.is_left;
}

void
pass_end(struct scheduler *s)
{
	struct buf err = BUF_INIT;

	if (s->instance && instance_end(s->db, s->instance, &err))
		log_warn("cannot give up the instance: %s", err.ptr);
	forget_jobs(s, is_any);
	buf_release(&err);
}
