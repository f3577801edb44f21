/*
 * What we run is known from memory; what others run is counted only when
 * another scheduler had the site's turn since our last one, or ran something
 * then. So a scheduler that is alone counts nobody.
 */
#include "scheduler/claim.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/store/job_queue.h"
#include "lib/store/task_run.h"
#include "scheduler/launch.h"
#include "scheduler/retry.h"
#include "scheduler/taskdir.h"
#include "scheduler/watch.h"

/* ---- the room ---- */

static void
count_ours(struct settle *p)
{
	quota_use_reset(&p->room.use);
	admission_count(&p->room, p->s->jobs);
}

void
claim_count(struct settle *p)
{
	struct scheduler *s = p->s;

	p->room.quota = &s->quota;
	p->room.max_passed_ms = s->cfg->scheduler.max_passed_over_ms;
	p->room.n_kept = 0;
	p->has_turn = false;
	buf_reset(&p->refused);
	count_ours(p);
	quota_use_release(&p->queue.seen);
	p->queue = s->queue;
	p->queue.seen = (struct quota_use){0};
	quota_use_copy(&p->queue.seen, &s->queue.seen);
}

enum err
claim_turn(struct settle *p, struct buf *err)
{
	struct scheduler *s = p->s;
	bool alone = false;
	int64_t before;
	enum err rc;

	if (p->has_turn)
		return ERR_OK;
	rc = job_queue_turn(s->db, &p->queue.turn, &alone, err);
	if (rc)
		return rc;
	p->has_turn = true;
	if (alone && !p->queue.had_others)
		return ERR_OK;
	before = p->room.use.site[QUOTA_JOBS];
	rc = job_queue_others(
	    s->db, s->instance, quota_has_keys(&s->quota), &p->room.use, err);
	p->queue.had_others = p->room.use.site[QUOTA_JOBS] > before;
	return rc;
}

void
claim_undone(struct settle *p)
{
	p->has_turn = false;
	p->queue.turn = 0;
	count_ours(p);
}

/* A job that another took over is no longer counted with ours. */
static bool
lost_any(const struct scheduler *s)
{
	for (const struct run_job *j = s->jobs; j; j = j->next_job)
		if (j->is_lost)
			return true;
	return false;
}

static void
log_refused(char *lines)
{
	char *rest, *line = strtok_r(lines, "\n", &rest);

	for (; line; line = strtok_r(NULL, "\n", &rest))
		log_info("%s", line);
}

void
claim_finish(struct settle *p, bool is_committed)
{
	struct queue *q = &p->s->queue;

	if (is_committed) {
		log_refused(p->refused.ptr);
		quota_use_release(&q->seen);
		*q = p->queue;
	} else {
		quota_use_release(&p->queue.seen);
	}
	if (!is_committed || lost_any(p->s))
		q->turn = 0;
	buf_release(&p->refused);
	admission_release(&p->room);
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

struct unreadable {
	const struct settle *p;
	const struct job_run *row;
	const char *reason;
};

static enum err
end_rows(struct db *db, void *ctx, struct buf *err)
{
	const struct unreadable *u = ctx;
	const struct job_run *row = u->row;
	struct job_run_guard guard = {
	    row->job_id, u->p->s->instance, row->fence};
	struct job_run_end end = {
	    .status = state_next(
		STATE_JOB, STATE_RUNNING, STATE_FAIL, STATE_BY_SCHEDULER),
	    .reason = u->reason,
	    .now = u->p->now,
	    .start_time = row->start_time,
	    .spent_ms = row->spent_ms,
	    .error_class = failure_name(FAILURE_ERROR),
	};
	enum err rc = job_run_end(db, &guard, &end, err);

	return rc ? rc
		  : task_run_end_all(
			db, row->job_id, u->reason, u->p->now, err);
}

/*
 * A job whose own texts cannot be read: it ends at once, with the reason. What
 * runs of it is found among what ended jobs left. Whoever calls this logs it:
 * within a pass's transaction that is after the commit.
 */
static enum err
end_unreadable(struct settle *p, const struct job_run *row, const char *reason,
    struct buf *err)
{
	struct unreadable u = {p, row, reason};

	p->s->leftover_at = 0;
	return db_transact(p->s->db, end_rows, &u, err);
}

/*
 * The only place where a job's folder is made: a launch that comes late,
 * after the job has ended and its folder is gone, finds nothing to run in.
 */
static void
make_folder(struct scheduler *s, struct run_job *j)
{
	struct buf dir = BUF_INIT, err = BUF_INIT, reason = BUF_INIT;

	taskdir_job(s->cfg->site.work_dir, j->id, &dir);
	if (path_mkdirs(dir.ptr, &err)) {
		buf_addf(&reason, "the job cannot begin: %s", err.ptr);
		job_end_by(
		    j, STATE_FAIL, failure_of_text(err.ptr), NULL, reason.ptr);
	}
	buf_release(&dir);
	buf_release(&err);
	buf_release(&reason);
}

static void
restore_row(const struct task_run *row, void *arg)
{
	job_restore_task(arg, row);
}

/* Its first tasks, or those of another run. */
static enum err
begin_tasks(struct settle *p, struct run_job *j, const struct job_run *row,
    struct buf *err)
{
	enum err rc = ERR_OK;

	make_folder(p->s, j);
	if (row->runs > 1)
		rc = task_run_each(p->s->db, j->id, restore_row, j, err);
	if (rc)
		return rc;
	if (row->runs > 1)
		retry_restore(j);
	return settle_start(p, j, err);
}

enum err
claim_begin(
    struct settle *p, const char *job_id, bool *is_ours_out, struct buf *err)
{
	struct buf fault = BUF_INIT;
	struct job_run row = {0};
	struct run_job *j = NULL;
	enum err rc;

	*is_ours_out = false;
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
		if (!rc)
			buf_addf(&p->refused,
			    "job=%s fail: it cannot be read: %s\n", job_id,
			    fault.ptr);
	} else {
		*is_ours_out = j->is_new = true;
		append(p->s, j);
		rc = begin_tasks(p, j, &row, err);
	}
	job_run_release(&row);
	buf_release(&fault);
	return rc;
}

/* ERR_CONFLICT: it waits no more. */
static enum err
end_waiting(struct settle *p, const char *job_id, enum state_event event,
    const char *stop_by, const char *reason, struct buf *err)
{
	struct job_run_end end = {
	    .status =
		state_next(STATE_JOB, STATE_WAITING, event, STATE_BY_SCHEDULER),
	    .reason = reason,
	    .stop_by = stop_by,
	    .now = p->now,
	    .error_class = failure_name(
		event == STATE_FAIL ? FAILURE_ERROR : FAILURE_STOPPED),
	};
	enum err rc = job_run_end_waiting(p->s->db, job_id, &end, NULL);

	return rc && rc != ERR_CONFLICT
		   ? err_set(err, rc, "cannot end job %s", job_id)
		   : rc;
}

enum err
claim_refuse(
    struct settle *p, const char *job_id, const char *reason, struct buf *err)
{
	enum err rc = end_waiting(p, job_id, STATE_FAIL, NULL, reason, err);

	if (!rc)
		buf_addf(&p->refused, "job=%s fail: %s\n", job_id, reason);
	return rc == ERR_CONFLICT ? ERR_OK : rc;
}

static enum state_event
stop_event(int64_t stop_requested)
{
	return stop_requested == 1 ? STATE_CANCEL : STATE_KILL;
}

static void
stop_reason(const char *stop_by, struct buf *out)
{
	buf_reset(out);
	buf_addf(out, "stopped by %s", stop_by ? stop_by : "a user");
}

/* ---- stops ---- */

static void
note_stop(struct run_job *j, int64_t stop_requested, const char *stop_by)
{
	struct buf reason = BUF_INIT;

	if (j->ending != STATE_SUBMIT)
		return;
	stop_reason(stop_by, &reason);
	buf_reset(&j->stop_by);
	buf_adds(&j->stop_by, stop_by ? stop_by : "");
	job_end(j, stop_event(stop_requested), reason.ptr);
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
		for (struct run_job *j = p->s->jobs; j; j = j->next_job)
			if (!strcmp(j->id, list.v[i].job_id))
				note_stop(j, list.v[i].stop_requested,
				    list.v[i].stop_by);
	job_run_list_release(&list);
	return rc;
}

enum err
claim_stop_waiting(struct settle *p, struct buf *err)
{
	struct job_run_list list = {0};
	struct buf reason = BUF_INIT;
	enum err rc = job_run_stops(p->s->db, 0, &list, err);

	for (size_t i = 0; !rc && i < list.n; i++) {
		const struct job_run_light *w = &list.v[i];

		stop_reason(w->stop_by, &reason);
		rc = end_waiting(p, w->job_id, stop_event(w->stop_requested),
		    w->stop_by, reason.ptr, err);
		if (rc == ERR_CONFLICT)
			rc = ERR_OK;
	}
	job_run_list_release(&list);
	buf_release(&reason);
	return rc;
}

/* ---- jobs of others, and our own after a restart ---- */

struct adoption {
	struct scheduler *s;
	enum err rc;
	struct buf *err;
};

static void
adopt_task(struct run_task *t, void *arg)
{
	struct adoption *a = arg;
	struct buf err = BUF_INIT, reason = BUF_INIT;

	if (t->status != STATE_RUNNING || a->rc)
		return;
	a->rc = watch_adopt(a->s, t, &err);
	if (settle_is_job_fault(a->rc)) {
		buf_addf(&reason, "%s of %s %s cannot start: %s",
		    run_task_component(t), t->party->role, t->party->party_id,
		    err.ptr);
		job_end_by(t->job, STATE_FAIL, FAILURE_ERROR, t, reason.ptr);
		a->rc = ERR_OK;
	} else if (a->rc) {
		buf_adds(a->err, err.ptr);
	}
	buf_release(&err);
	buf_release(&reason);
}

static void
find_failed(struct run_task *t, void *arg)
{
	const struct job_run *row = arg;

	if (row->failed_component && row->failed_role && row->failed_party_id &&
	    !strcmp(run_task_component(t), row->failed_component) &&
	    !strcmp(t->party->role, row->failed_role) &&
	    !strcmp(t->party->party_id, row->failed_party_id))
		t->job->failed = t;
}

/* Its last owner had decided that it ends: that decision stands. */
static void
restore_ending(struct run_job *j, struct job_run *row)
{
	enum state_event event = state_event_parse(row->ending);

	if (event == STATE_EVENT__MAX)
		return;
	job_end_by(j, event, failure_parse(row->error_class), NULL,
	    row->reason ? row->reason : "");
	job_each(j, find_failed, row);
	j->is_told = j->next_is_told = true;
	buf_reset(&j->stop_by);
	buf_adds(&j->stop_by, row->stop_by ? row->stop_by : "");
}

static enum err
adopt_job(struct settle *p, const char *job_id, struct buf *err)
{
	struct buf fault = BUF_INIT;
	struct job_run row = {0};
	struct run_job *j = NULL;
	struct adoption adoption = {p->s, ERR_OK, err};
	enum err rc = job_run_read(p->s->db, job_id, &row, err);

	if (rc)
		return rc == ERR_NOTFOUND ? ERR_OK : rc;
	if (job_new(&row, &j, &fault)) {
		rc = end_unreadable(p, &row, fault.ptr, err);
		if (!rc)
			log_info("job=%s fail: it cannot be read: %s", job_id,
			    fault.ptr);
		goto out;
	}
	rc = task_run_each(p->s->db, job_id, restore_row, j, err);
	if (rc) {
		job_free(j);
		goto out;
	}
	restore_ending(j, &row);
	if (row.stop_requested)
		note_stop(j, row.stop_requested, row.stop_by);
	retry_restore(j);
	job_each(j, adopt_task, &adoption);
	rc = adoption.rc;
	if (rc) { /* half of it is not known: from the rows once more */
		job_free(j);
		goto out;
	}
	log_info("job=%s adopted", job_id);
	append(p->s, j);
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

	if (!rc && n_taken)
		log_info("took over %lld jobs", (long long)n_taken);
	if (!rc && (n_taken || s->must_relist))
		rc = job_run_owned(s->db, s->instance, &list, err);
	for (size_t i = 0; !rc && i < list.n; i++)
		if (!is_known(s, list.v[i].job_id))
			rc = adopt_job(&p, list.v[i].job_id, err);
	s->must_relist = rc != ERR_OK;
	job_run_list_release(&list);
	return rc;
}
