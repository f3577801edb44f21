/*
 * A waiting job costs one row of light columns to look at; its DSL is read
 * when it has been claimed. The list is read in the order of submission and
 * a job that does not fit is passed over: nobody waits behind it.
 */
#include "scheduler/claim.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/store/task_run.h"
#include "scheduler/watch.h"

/* LIMIT: a job behind this many that do not fit is not seen yet. */
#define LOOK_AHEAD 256

enum err
claim_count(struct settle *p, struct buf *err)
{
	struct scheduler *s = p->s;

	enum err rc;

	p->room = (struct admission){
	    .max_jobs = s->cfg->scheduler.max_jobs,
	    .max_tasks = s->cfg->scheduler.max_tasks,
	};
	rc = job_run_load_of_others(
	    s->db, s->instance, &p->room.n_jobs, &p->room.n_tasks, err);
	for (struct run_job *j = s->jobs; j; j = j->next_job) {
		p->room.n_jobs++;
		p->room.n_tasks += job_n_running(j);
	}
	return rc;
}

/* ---- waiting jobs ---- */

static void
append(struct scheduler *s, struct run_job *j)
{
	struct run_job **at = &s->jobs;

	while (*at)
		at = &(*at)->next_job;
	*at = j;
}

/* A job whose own texts cannot be read: it ends at once, with the reason. */
static enum err
end_unreadable(struct settle *p, const struct job_run *row, const char *reason,
    struct buf *err)
{
	struct job_run_guard guard = {row->job_id, p->s->instance, row->fence};
	struct job_run_end end = {
	    .status = state_next(
		STATE_JOB, STATE_RUNNING, STATE_FAIL, STATE_BY_SCHEDULER),
	    .reason = reason,
	    .now = p->now,
	    .start_time = row->start_time,
	    .spent_ms = row->spent_ms,
	};

	log_error("job=%s cannot be read: %s", row->job_id, reason);
	return job_run_end(p->s->db, &guard, &end, err);
}

static enum err
begin_job(struct settle *p, const char *job_id, struct buf *err)
{
	struct buf fault = BUF_INIT;
	struct job_run row = {0};
	struct run_job *j = NULL;
	enum err rc;

	rc = job_run_claim(p->s->db, job_id, p->s->instance, p->now, NULL);
	if (rc == ERR_CONFLICT)
		return ERR_OK; /* somebody else was faster, or it was canceled
				*/
	if (rc)
		return err_set(err, rc, "cannot claim job %s", job_id);
	rc = job_run_read(p->s->db, job_id, &row, err);
	if (rc)
		return rc;
	if (job_new(&row, &j, &fault)) {
		rc = end_unreadable(p, &row, fault.ptr, err);
	} else {
		j->is_new = true;
		append(p->s, j);
		rc = settle_start(p, j, err);
	}
	job_run_release(&row);
	buf_release(&fault);
	return rc;
}

static enum err
end_waiting(struct settle *p, const struct job_run_light *w,
    enum state_event event, const char *reason, struct buf *err)
{
	struct job_run_end end = {
	    .status =
		state_next(STATE_JOB, STATE_WAITING, event, STATE_BY_SCHEDULER),
	    .reason = reason,
	    .stop_by = w->stop_by,
	    .now = p->now,
	};
	enum err rc = job_run_end_waiting(p->s->db, w->job_id, &end, NULL);

	if (rc == ERR_CONFLICT)
		return ERR_OK;
	return rc ? err_set(err, rc, "cannot end job %s", w->job_id) : rc;
}

static enum state_event
stop_event(int64_t stop_requested)
{
	return stop_requested == 1 ? STATE_CANCEL : STATE_KILL;
}

static void
stop_reason(const struct job_run_light *w, struct buf *out)
{
	buf_reset(out);
	buf_addf(out, "stopped by %s", w->stop_by ? w->stop_by : "a user");
}

static enum err
consider(struct settle *p, const struct job_run_light *w, bool explain,
    struct buf *err)
{
	struct buf reason = BUF_INIT;
	enum admission_answer answer;
	struct admission before = p->room;
	enum err rc = ERR_OK;

	if (w->stop_requested) {
		stop_reason(w, &reason);
		rc = end_waiting(
		    p, w, stop_event(w->stop_requested), reason.ptr, err);
		goto out;
	}
	answer = admission_job(&p->room, w->max_width, &reason);
	if (answer == ADMISSION_YES) {
		p->room.n_tasks = before.n_tasks; /* its tasks count as such */
		rc = begin_job(p, w->job_id, err);
	} else if (answer == ADMISSION_NEVER) {
		rc = end_waiting(p, w, STATE_FAIL, reason.ptr, err);
	} else {
		p->s->is_full = true;
		if (explain && (!w->pending_reason ||
				   strcmp(w->pending_reason, reason.ptr)))
			rc = job_run_set_pending(
			    p->s->db, w->job_id, reason.ptr, err);
	}
out:
	buf_release(&reason);
	return rc;
}

enum err
claim_waiting(struct settle *p, bool explain, struct buf *err)
{
	struct job_run_list list = {0};
	enum err rc = job_run_waiting(p->s->db, LOOK_AHEAD, &list, err);

	for (size_t i = 0; !rc && i < list.n; i++) {
		if (!explain && p->room.n_jobs >= p->room.max_jobs) {
			p->s->is_full = true;
			break;
		}
		rc = consider(p, &list.v[i], explain, err);
	}
	job_run_list_release(&list);
	return rc;
}

/* ---- stops ---- */

static void
note_stop(struct scheduler *s, const struct job_run_light *w)
{
	struct buf reason = BUF_INIT;

	for (struct run_job *j = s->jobs; j; j = j->next_job) {
		if (strcmp(j->id, w->job_id) || j->ending != STATE_SUBMIT)
			continue;
		stop_reason(w, &reason);
		buf_reset(&j->stop_by);
		buf_adds(&j->stop_by, w->stop_by ? w->stop_by : "");
		job_end(j, stop_event(w->stop_requested), reason.ptr);
	}
	buf_release(&reason);
}

enum err
claim_stops(struct settle *p, struct buf *err)
{
	struct job_run_list list = {0};
	enum err rc;

	if (!p->s->jobs)
		return ERR_OK;
	rc = job_run_stops(p->s->db, p->s->instance, &list, err);
	for (size_t i = 0; i < list.n; i++)
		note_stop(p->s, &list.v[i]);
	job_run_list_release(&list);
	return rc;
}

/* ---- jobs of others, and our own after a restart ---- */

static void
restore_row(const struct task_run *row, void *arg)
{
	job_restore_task(arg, row);
}

static void
adopt_task(struct run_task *t, void *arg)
{
	struct scheduler *s = arg;
	struct buf err = BUF_INIT, reason = BUF_INIT;

	if (t->status != STATE_RUNNING)
		return;
	if (watch_adopt(s, t, &err)) {
		buf_addf(&reason, "%s of %s %s cannot start: %s",
		    run_task_component(t), t->party->role, t->party->party_id,
		    err.ptr);
		job_end(t->job, STATE_FAIL, reason.ptr);
	}
	buf_release(&err);
	buf_release(&reason);
}

static enum err
adopt_job(struct settle *p, const char *job_id, struct buf *err)
{
	struct buf fault = BUF_INIT;
	struct job_run row = {0};
	struct run_job *j = NULL;
	enum err rc = job_run_read(p->s->db, job_id, &row, err);

	if (rc)
		return rc == ERR_NOTFOUND ? ERR_OK : rc;
	if (job_new(&row, &j, &fault)) {
		rc = end_unreadable(p, &row, fault.ptr, err);
		goto out;
	}
	rc = task_run_each(p->s->db, job_id, restore_row, j, err);
	if (rc) {
		job_free(j);
		goto out;
	}
	log_info("job=%s adopted", job_id);
	append(p->s, j);
	job_each(j, adopt_task, p->s);
	j->is_dirty = true;
out:
	job_run_release(&row);
	buf_release(&fault);
	return rc == ERR_CONFLICT ? ERR_OK : rc;
}

static bool
is_known(const struct scheduler *s, const char *job_id)
{
	for (const struct run_job *j = s->jobs; j; j = j->next_job)
		if (!strcmp(j->id, job_id))
			return true;
	return false;
}

enum err
claim_adopt(struct scheduler *s, struct buf *err)
{
	struct settle p = {
	    .s = s, .now = clock_wall_ms(), .mono_now = clock_mono_ms()};
	struct job_run_list list = {0};
	int64_t n_taken = 0;
	enum err rc = job_run_take_over(s->db, s->instance, &n_taken, err);

	if (!rc && n_taken) {
		log_info("took over %lld jobs", (long long)n_taken);
		rc = job_run_owned(s->db, s->instance, &list, err);
	}
	for (size_t i = 0; !rc && i < list.n; i++)
		if (!is_known(s, list.v[i].job_id))
			rc = adopt_job(&p, list.v[i].job_id, err);
	job_run_list_release(&list);
	return rc;
}
