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
#include "scheduler/budget.h"
#include "scheduler/harvest.h"
#include "scheduler/launch.h"
#include "scheduler/pipeline.h"
#include "scheduler/retry.h"
#include "scheduler/stop.h"
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
	const struct dsl_component *component =
	    &t->job->dsl.components[t->component];
	const cJSON *error = json_get(d->state, "error");

	*f = (struct verdict_facts){
	    .component = run_task_component(t),
	    .role = t->party->role,
	    .party_id = t->party->party_id,
	    .is_alive = d->is_locked || (t->pid && !t->is_reaped),
	    .has_started = (d->has_owner && !d->is_tombstone) || t->pid,
	    .says = word_of(d->state),
	    .error = {.word = json_str(error, "class", NULL),
		.code = json_str(error, "code", NULL),
		.text = json_str(error, "text", NULL),
		.has_database = component->module->by_keeper},
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

/* When a file or folder was last changed, and how large it is. */
static int64_t
stamp(const char *dir, const char *name, off_t *size_out)
{
	struct buf path = BUF_INIT;
	struct stat st = {0};

	path_set(&path, "%s/%s", dir, name);
	(void)!stat(path.ptr, &st);
	buf_release(&path);
	if (size_out)
		*size_out = st.st_size;
	return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

/*
 * A message that came or was consumed changes the mailbox's folder, so a task
 * that only exchanges messages gets on as well. `lock` does not count: its
 * time is the heartbeat.
 */
static void
note_marks(struct scheduler *s, struct run_task *t, int64_t now)
{
	struct run_mark mark;
	struct buf mail = BUF_INIT;
	off_t metrics = 0;

	launch_mailbox(s, t, &mail);
	mark.state = stamp(t->dir.ptr, "state.json", NULL);
	mark.metrics = stamp(t->dir.ptr, "metrics.jsonl", &metrics);
	mark.log = stamp(t->dir.ptr, "task.log", NULL);
	mark.mail = stamp(mail.ptr, "", NULL);
	buf_release(&mail);
	if (metrics > t->metrics_size) {
		t->metrics_size = metrics;
		t->is_dirty = t->job->is_dirty = true;
	}
	if (t->is_marked && memcmp(&mark, &t->mark, sizeof(mark)) != 0)
		budget_progress(job_component_of(t), now);
	t->mark = mark;
	t->is_marked = true;
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
		if (t->job->ending == STATE_SUBMIT)
			retry_fail(t, failure_of_text(err.ptr), reason.ptr);
		else
			buf_adds(&t->reason, reason.ptr);
		t->failure = failure_of_text(err.ptr);
	}
	buf_release(&err);
	buf_release(&reason);
}

static void
ended_with(struct run_task *t, enum state_event event, const char *what,
    const char *reason)
{
	struct run_job *j = t->job;
	bool is_whole =
	    j->failure == FAILURE_TIMEOUT || j->failure == FAILURE_STOPPED;

	t->next =
	    state_next(STATE_TASK, STATE_RUNNING, event, STATE_BY_SCHEDULER);
	t->failure =
	    event != STATE_FAIL && is_whole ? j->failure : FAILURE_ENDED;
	buf_reset(&t->reason);
	if (j->failed == t) {
		t->failure = j->failure;
		buf_adds(&t->reason, reason);
	} else {
		buf_addf(&t->reason, "ended with its %s: %s", what, reason);
	}
}

/*
 * A task that ended because its job or component is to end says so, not
 * "signal 15". One that says itself what was wrong with it is believed.
 */
static void
task_failed(struct run_task *t, const struct verdict_facts *f,
    enum failure failure, const char *reason)
{
	struct run_job *j = t->job;
	struct run_component *c = job_component_of(t);
	bool is_own = f->says == SAYS_FAILED && !failure_is_transient(failure);

	t->next = STATE_FAILED;
	if (j->ending != STATE_SUBMIT && !is_own) {
		ended_with(t, j->ending, "job", j->reason.ptr);
	} else if (j->ending == STATE_SUBMIT && (!c->is_retry || is_own)) {
		retry_fail(t, failure, reason);
	} else if (is_own) {
		t->failure = failure;
		buf_reset(&t->reason);
		buf_adds(&t->reason, reason);
	} else {
		ended_with(t, STATE_FAIL, "component", c->redo_text.ptr);
	}
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

/*
 * The parent that makes sure of a task's end was killed itself: nobody but us
 * ends what it left behind. That is looked for only where no `exit` was
 * written, since it costs a walk through /proc.
 */
static bool
has_leftovers(const struct run_task *t, const struct taskdir_facts *d)
{
	bool is_headless =
	    d->is_locked && (t->is_reaped || (!t->pid && d->owner_pid &&
						 taskdir_is_headless(t->dir.ptr,
						     d->owner_pid)));
	bool is_unclear = !d->is_locked && d->has_owner && !d->has_exit &&
			  !d->is_tombstone && (!t->pid || t->is_reaped);

	if (!is_headless && !is_unclear)
		return false;
	return taskdir_kill(t->dir.ptr, 0, SIGKILL) > 0;
}

static void
look_at_task(struct scheduler *s, struct run_task *t, int64_t now)
{
	struct buf reason = BUF_INIT;
	struct taskdir_facts d;
	struct verdict_facts f;
	enum failure failure;

	taskdir_look(t->dir.ptr, &d);
	fill_facts(t, &d, &f);
	f.is_alive |= has_leftovers(t, &d);
	if (may_still_begin(t, &f, now) ||
	    verdict_decide(&f, &failure, &reason) == VERDICT_RUNNING) {
		note_progress(t, d.state);
		note_marks(s, t, now);
		t->job->is_dirty |= t->is_dirty;
		look_again(t, now);
		goto out;
	}
	t->is_watched = false;
	t->job->is_dirty = true;
	launch_hide(t);
	if (!reason.len)
		task_succeeded(s, t, &d);
	else
		task_failed(t, &f, failure, reason.ptr);
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

/* ---- adoption ---- */

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
	} else {
		/*
		 * The same attempt: whoever paused between commit and launch
		 * and starts it as well finds `owner` taken. One that is not
		 * to run is buried as the job is settled.
		 */
		t->is_watched = false;
		if (t->job->ending == STATE_SUBMIT &&
		    !job_component_of(t)->is_retry)
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
		job_each(j, due_of_task, &d);
		d.at = budget_due_at(s, j, d.at);
		d.at = stop_due_at(j, d.at);
		d.at = retry_due_at(j, d.at);
		d.at = pipeline_due_at(j, d.at);
		if (j->is_dirty && j->rest_at < d.at)
			d.at = j->rest_at;
	}
	return d.at > mono_now ? d.at - mono_now : 0;
}
