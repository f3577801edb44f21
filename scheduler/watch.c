/*
 * The end of a child comes as a signal, so its folder is only looked at for
 * progress. An adopted task's end shows in its folder alone: inotify hints at
 * it, and each look doubles the time to the next, from 5 ms to 1 s, because
 * inotify is silent on NFS and when its queue overflows.
 */
#include "scheduler/watch.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "scheduler/harvest.h"
#include "scheduler/launch.h"
#include "scheduler/taskdir.h"
#include "scheduler/verdict.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	LOOK_FIRST_MS = 5,
	LOOK_LAST_MS = 1000,
	PROGRESS_FIRST_MS = 250, /* a short task is not worth a commit */
	LOST_MS = 1000,	 /* between `owner` and `lock` a task is not dead */
	EXIT_OWNED = 75, /* of fateflow-task: somebody else runs the attempt */
};

/* ---- children ---- */

struct reaped {
	pid_t pid;
	int status;
};

static void
note_reaped(struct run_task *t, void *arg)
{
	const struct reaped *r = arg;

	if (t->pid != r->pid || t->is_reaped || !t->is_watched)
		return;
	if (WIFEXITED(r->status) && WEXITSTATUS(r->status) == EXIT_OWNED) {
		t->pid = 0; /* adopted after all */
	} else {
		t->is_reaped = true;
		t->wait_status = r->status;
	}
	t->look_at = 0;
}

void
watch_reap(struct scheduler *s)
{
	struct reaped r;

	while ((r.pid = waitpid(-1, &r.status, WNOHANG)) > 0)
		for (struct run_job *j = s->jobs; j; j = j->next_job)
			job_each(j, note_reaped, &r);
}

/* ---- one look ---- */

static enum verdict_word
word_of(const cJSON *state)
{
	static const struct {
		const char *text;
		enum verdict_word word;
	} words[] = {{"running", SAYS_RUNNING}, {"success", SAYS_SUCCESS},
	    {"failed", SAYS_FAILED}};
	const char *text = json_str(state, "status", "");

	if (!state)
		return SAYS_NOTHING;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(text, words[i].text))
			return words[i].word;
	return SAYS_OTHER;
}

static void
fill_facts(const struct run_task *t, const struct taskdir_facts *d,
    struct verdict_facts *f)
{
	*f = (struct verdict_facts){
	    .component = run_task_component(t),
	    .role = t->party->role,
	    .party_id = t->party->party_id,
	    .is_alive = d->is_locked || (t->pid && !t->is_reaped),
	    .has_started = (d->has_owner && !d->is_tombstone) || t->pid,
	    .says = word_of(d->state),
	    .error_text = json_str(json_get(d->state, "error"), "text", NULL),
	    .has_wait_status = d->has_exit || t->is_reaped,
	    .wait_status = d->has_exit ? d->wait_status : t->wait_status,
	};
}

static void
note_progress(struct run_task *t, const cJSON *state)
{
	int64_t progress = json_int(state, "progress", t->progress);
	const char *message = json_str(state, "message", "");

	if (progress < 0 || progress > 100)
		progress = t->progress;
	if (progress == t->progress && !strcmp(message, t->message.ptr))
		return;
	t->progress = progress;
	buf_reset(&t->message);
	buf_adds(&t->message, message);
	t->is_dirty = t->job->is_dirty = true;
}

static void
note_metrics(struct run_task *t)
{
	struct buf path = BUF_INIT;
	struct stat st;

	path_set(&path, "%s/metrics.jsonl", t->dir.ptr);
	if (stat(path.ptr, &st) == 0 && st.st_size > t->metrics_size) {
		t->metrics_size = st.st_size;
		t->is_dirty = t->job->is_dirty = true;
	}
	buf_release(&path);
}

static void
task_succeeded(struct scheduler *s, struct run_task *t, struct taskdir_facts *d)
{
	struct buf err = BUF_INIT, reason = BUF_INIT;

	t->result = d->state;
	d->state = NULL;
	t->next = STATE_SUCCESS;
	t->progress = 100;
	if (harvest_files(s, t, &err)) {
		buf_addf(&reason,
		    "%s of %s %s ended well, but its result cannot be kept: "
		    "%s",
		    run_task_component(t), t->party->role, t->party->party_id,
		    err.ptr);
		t->next = STATE_FAILED;
		buf_adds(&t->reason, reason.ptr);
		job_end(t->job, STATE_FAIL, reason.ptr);
	}
	buf_release(&err);
	buf_release(&reason);
}

/* A task that ended because its job is to end says so, not "signal 15". */
static void
task_failed(
    struct run_task *t, const struct verdict_facts *f, const char *reason)
{
	struct run_job *j = t->job;

	if (j->ending == STATE_SUBMIT || f->says == SAYS_FAILED) {
		buf_adds(&t->reason, reason);
		t->next = STATE_FAILED;
		job_end(j, STATE_FAIL, reason);
		return;
	}
	t->next = state_next(
	    STATE_TASK, STATE_RUNNING, j->ending, STATE_BY_SCHEDULER);
	buf_addf(&t->reason, "ended with its job: %s", j->reason.ptr);
}

/* An adopted task may stand between making `owner` and taking the lock. */
static bool
may_still_begin(struct run_task *t, const struct verdict_facts *f, int64_t now)
{
	if (f->has_wait_status || f->is_alive || t->pid ||
	    f->says == SAYS_SUCCESS || f->says == SAYS_FAILED)
		return false;
	if (!t->lost_at)
		t->lost_at = now;
	return now - t->lost_at < LOST_MS;
}

static void
look_again(struct run_task *t, int64_t now)
{
	t->look_step = t->look_step ? t->look_step * 2 : LOOK_FIRST_MS;
	if (t->look_step > LOOK_LAST_MS)
		t->look_step = LOOK_LAST_MS;
	if (t->pid && !t->is_reaped && t->look_step < PROGRESS_FIRST_MS)
		t->look_step = PROGRESS_FIRST_MS;
	t->look_at = now + t->look_step;
}

static void
look_at_task(struct scheduler *s, struct run_task *t, int64_t now)
{
	struct buf reason = BUF_INIT;
	struct taskdir_facts d;
	struct verdict_facts f;

	taskdir_look(t->dir.ptr, &d);
	fill_facts(t, &d, &f);
	if (t->is_reaped && d.is_locked) /* it left somebody behind */
		taskdir_kill(t->dir.ptr, 0, SIGKILL);
	if (may_still_begin(t, &f, now) ||
	    verdict_decide(&f, &reason) == VERDICT_RUNNING) {
		note_progress(t, d.state);
		note_metrics(t);
		t->job->is_dirty |= t->is_dirty;
		look_again(t, now);
		goto out;
	}
	t->is_watched = false;
	t->job->is_dirty = true;
	if (!reason.len)
		task_succeeded(s, t, &d);
	else
		task_failed(t, &f, reason.ptr);
out:
	taskdir_facts_release(&d);
	buf_release(&reason);
}

void
watch_launched(struct run_task *t, int64_t mono_now)
{
	t->look_step = PROGRESS_FIRST_MS;
	t->look_at = mono_now + PROGRESS_FIRST_MS;
}

static void
hint_task(struct run_task *t, void *arg)
{
	(void)arg;
	if (!t->is_watched || t->pid)
		return;
	t->look_at = t->look_step = 0;
}

void
watch_hint(struct scheduler *s)
{
	for (struct run_job *j = s->jobs; j; j = j->next_job)
		job_each(j, hint_task, NULL);
}

struct look {
	struct scheduler *s;
	int64_t now;
};

static void
look_if_due(struct run_task *t, void *arg)
{
	const struct look *l = arg;

	if (t->is_watched && t->look_at <= l->now)
		look_at_task(l->s, t, l->now);
}

void
watch_look(struct scheduler *s, int64_t mono_now)
{
	struct look l = {s, mono_now};

	for (struct run_job *j = s->jobs; j; j = j->next_job)
		job_each(j, look_if_due, &l);
}

/* ---- budgets and ends ---- */

int64_t
watch_spent(const struct run_job *j, int64_t mono_now)
{
	return j->spent_ms + (mono_now - j->counted_at);
}

static int64_t
budget_of(const struct scheduler *s, const struct run_job *j)
{
	return j->timeout_ms > 0 ? j->timeout_ms
				 : s->cfg->scheduler.job_timeout_ms;
}

struct expiry {
	struct buf *reason;
};

static void
name_running(struct run_task *t, void *arg)
{
	struct expiry *e = arg;
	struct verdict_facts f = {
	    .component = run_task_component(t),
	    .role = t->party->role,
	    .party_id = t->party->party_id,
	    .is_alive = true,
	    .over_budget = true,
	};

	if (t->is_watched && !e->reason->len)
		(void)verdict_decide(&f, e->reason);
}

void
watch_budgets(struct scheduler *s, int64_t mono_now)
{
	for (struct run_job *j = s->jobs; j; j = j->next_job) {
		struct buf reason = BUF_INIT;
		struct expiry e = {&reason};

		if (j->ending != STATE_SUBMIT ||
		    watch_spent(j, mono_now) < budget_of(s, j))
			continue;
		job_each(j, name_running, &e);
		if (!reason.len)
			buf_addf(&reason, "the job's time was up: %s",
			    j->pending.len ? j->pending.ptr
					   : "no task was running");
		buf_addf(
		    &reason, " (timeout %lld ms)", (long long)budget_of(s, j));
		job_end(j, STATE_EXPIRE, reason.ptr);
		j->is_dirty = true;
		buf_release(&reason);
	}
}

static void
term_task(struct run_task *t, void *arg)
{
	(void)arg;
	if (!t->is_watched)
		return;
	taskdir_kill(t->dir.ptr, t->is_reaped ? 0 : t->pid, SIGTERM);
	t->look_step = 0;
	t->look_at = 0;
}

static void
kill_task(struct run_task *t, void *arg)
{
	(void)arg;
	if (!t->is_watched)
		return;
	taskdir_kill(t->dir.ptr, t->is_reaped ? 0 : t->pid, SIGKILL);
	t->look_step = 0;
	t->look_at = 0;
}

void
watch_kill(struct scheduler *s, int64_t mono_now)
{
	for (struct run_job *j = s->jobs; j; j = j->next_job) {
		if (j->ending == STATE_SUBMIT || !job_has_live(j))
			continue;
		if (!j->kill_at) {
			log_info("job=%s %s, ending its tasks: %s", j->id,
			    state_event_name(j->ending), j->reason.ptr);
			job_each(j, term_task, NULL);
			j->kill_at = mono_now + s->cfg->scheduler.stop_grace_ms;
		} else if (mono_now >= j->kill_at) {
			job_each(j, kill_task, NULL);
			j->kill_at = mono_now + LOOK_LAST_MS;
		}
	}
}

enum err
watch_adopt(struct scheduler *s, struct run_task *t, struct buf *err)
{
	struct taskdir_facts d;
	enum err rc = ERR_OK;

	taskdir_look(t->dir.ptr, &d);
	if (d.has_owner || d.is_locked) {
		t->is_watched = true;
		if (s->watch_fd >= 0)
			(void)inotify_add_watch(s->watch_fd, t->dir.ptr,
			    IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE);
	} else if (t->job->ending != STATE_SUBMIT) {
		/* Buried, it can never run; if it began just now, it lives. */
		t->is_watched =
		    taskdir_bury(t->dir.ptr, t->job->fence, NULL) != ERR_OK;
		if (!t->is_watched)
			t->next = state_next(STATE_TASK, STATE_RUNNING,
			    t->job->ending, STATE_BY_SCHEDULER);
	} else {
		/*
		 * The same attempt: whoever paused between commit and launch
		 * and starts it as well finds `owner` taken.
		 */
		t->is_watched = false;
		rc = launch_plan(s, t, err);
	}
	taskdir_facts_release(&d);
	return rc;
}

/* ---- what is next ---- */

struct due {
	int64_t at;
};

static void
due_of_task(struct run_task *t, void *arg)
{
	struct due *d = arg;

	if (t->is_watched && t->look_at < d->at)
		d->at = t->look_at;
}

int64_t
watch_due(const struct scheduler *s, int64_t mono_now, int64_t limit)
{
	struct due d = {mono_now + limit};

	for (struct run_job *j = s->jobs; j; j = j->next_job) {
		int64_t end = j->counted_at + budget_of(s, j) - j->spent_ms;

		job_each(j, due_of_task, &d);
		if (j->ending == STATE_SUBMIT && end < d.at)
			d.at = end;
		if (j->kill_at && j->kill_at < d.at)
			d.at = j->kill_at;
		if (j->is_dirty)
			d.at = mono_now;
	}
	return d.at > mono_now ? d.at - mono_now : 0;
}
