/*
 * Each state has its list of things to say; each of them looks at the facts
 * and says nothing when it does not apply. So a sentence stands in one place,
 * whatever the states that it belongs to.
 */
#include "fcgi-app/explain_text.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#define TASKS_TOLD 8 /* running tasks that get a sentence each */

typedef void say(const struct explain_facts *f, struct buf *out);

static int64_t
since(const struct explain_facts *f, int64_t then)
{
	return then && f->now > then ? f->now - then : 0;
}

void
explain_duration(int64_t ms, struct buf *out)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {
	    {86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(units) && n < 2; i++) {
		int64_t count = ms > 0 ? ms / units[i].ms : 0;

		if (!count && !n && i + 1 < ARRAY_LEN(units))
			continue;
		if (count || !n)
			buf_addf(out, "%s%lld %s", n ? " " : "",
			    (long long)count, units[i].name);
		ms -= count * units[i].ms;
		n++;
	}
}

static void
add_time(int64_t ms, struct buf *out)
{
	char text[CLOCK_TEXT_LEN];

	clock_format(ms, text);
	buf_adds(out, text);
}

/* ", for 3 min" and the like. */
static void
add_for(const char *words, int64_t ms, struct buf *out)
{
	buf_adds(out, words);
	explain_duration(ms, out);
}

static void
add_task(const struct job_explain_task *t, struct buf *out)
{
	buf_addf(out, "%s of %s %s", t->component, t->role, t->party_id);
	if (t->attempt)
		buf_addf(out, " (attempt %lld)", (long long)t->attempt + 1);
}

/* A reason as the end of a sentence, whether or not it has a full stop. */
static void
add_reason(const char *reason, struct buf *out)
{
	size_t n = strlen(reason);

	while (n && strchr(". \n", reason[n - 1]))
		n--;
	buf_add(out, reason, n);
	buf_addc(out, '.');
}

/* ---- waiting ---- */

static void
say_waits(const struct explain_facts *f, struct buf *out)
{
	const struct job_explain *j = f->job;
	int64_t then = j->runs > 1 ? j->update_time : j->create_time;

	buf_addf(out, "Job %s (%s) waits since ", j->job_id, j->kind);
	add_time(then, out);
	add_for(", for ", since(f, then), out);
	if (j->runs > 1)
		buf_addf(out,
		    "; it was put back into the queue for its run %lld",
		    (long long)j->runs);
	if (j->rerun_from)
		buf_addf(out, ", from %s on", j->rerun_from);
	buf_addc(out, '.');
}

static void
say_no_scheduler(const struct explain_facts *f, struct buf *out)
{
	if (!f->job->n_schedulers)
		buf_adds(out,
		    "No scheduler is alive on this site: nothing starts and "
		    "nothing goes on until one runs (fateflow-scheduler, or "
		    "fateflow-scheduler --once from cron).");
}

static void
say_pending(const struct explain_facts *f, struct buf *out)
{
	if (!f->job->pending_reason)
		return;
	buf_adds(out, f->job->status == STATE_WAITING
			  ? "It waits because: "
			  : "What comes next in it waits: ");
	add_reason(f->job->pending_reason, out);
}

static void
say_queue(const struct explain_facts *f, struct buf *out)
{
	const struct job_explain *j = f->job;

	if (j->n_ahead)
		buf_addf(out, "%lld waiting %s ahead of it in the queue.",
		    (long long)j->n_ahead,
		    j->n_ahead == 1 ? "job is" : "jobs are");
	else
		buf_adds(out, "It is the first in the queue.");
	if (f->max_jobs)
		buf_addf(out, " %lld of at most %lld jobs run on this site.",
		    (long long)j->n_running, (long long)f->max_jobs);
}

static void
say_taken_soon(const struct explain_facts *f, struct buf *out)
{
	const struct job_explain *j = f->job;

	if (j->n_schedulers && !j->pending_reason && !j->n_ahead &&
	    !j->stop_requested)
		buf_adds(out, "A scheduler is alive and looks at it at its "
			      "next pass.");
}

static void
say_stop_asked(const struct explain_facts *f, struct buf *out)
{
	const struct job_explain *j = f->job;

	if (!j->stop_requested)
		return;
	buf_addf(out, "%s asked to %s it", j->stop_by ? j->stop_by : "Somebody",
	    j->stop_requested == 2 ? "kill" : "cancel");
	if (j->stop_time) {
		buf_adds(out, " at ");
		add_time(j->stop_time, out);
	}
	if (j->stop_reason)
		buf_addf(out, " (%s)", j->stop_reason);
	buf_adds(out, j->n_schedulers
			  ? ", and the scheduler is about to end it."
			  : ", and no scheduler is alive to do so.");
}

static void
say_give_up(const struct explain_facts *f, struct buf *out)
{
	if (!f->job->stop_requested)
		buf_addf(out, "To give it up: fateflow job stop -j %s.",
		    f->job->job_id);
}

static void
say_start_earlier(const struct explain_facts *f, struct buf *out)
{
	if (f->job->n_schedulers && f->job->pending_reason)
		buf_adds(out, "It starts earlier when what it waits for "
			      "ends, when the site raises the limit, or when "
			      "it is submitted with a higher priority in its "
			      "job_parameters.");
}

/* ---- running ---- */

static void
say_runs(const struct explain_facts *f, struct buf *out)
{
	const struct job_explain *j = f->job;

	buf_addf(out, "Job %s (%s) runs since ", j->job_id, j->kind);
	add_time(j->start_time, out);
	add_for(", for ", since(f, j->start_time), out);
	buf_addf(out, "; %lld of %lld components are done (%lld %%)",
	    (long long)job_explain_done(j), (long long)j->n_components,
	    (long long)j->progress);
	if (j->runs > 1)
		buf_addf(out, "; it is its run %lld", (long long)j->runs);
	buf_addc(out, '.');
}

static void
say_orphan(const struct explain_facts *f, struct buf *out)
{
	if (!f->job->has_scheduler && f->job->n_schedulers)
		buf_adds(out,
		    "The scheduler that had it is gone; another takes it over "
		    "within seconds, and its tasks go on meanwhile.");
}

static void
say_task(const struct explain_facts *f, const struct job_explain_task *t,
    struct buf *out)
{
	add_task(t, out);
	add_for(" runs for ", since(f, t->start_time), out);
	buf_addf(out, ": %lld %%", (long long)t->progress);
	if (t->message && *t->message)
		buf_addf(out, ", %s", t->message);
	if (t->silent_ms >= 0)
		add_for("; it last wrote its state ", t->silent_ms, out);
	buf_adds(out, t->silent_ms >= 0 ? " ago" : "; it has written nothing");
	if (t->idle_ms >= 1000)
		add_for(", without progress for ", t->idle_ms, out);
	buf_addc(out, '.');
}

static size_t
count_running(const struct job_explain *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->tasks.n; i++)
		n += j->tasks.v[i].status == STATE_RUNNING;
	return n;
}

static void
say_no_task(const struct explain_facts *f, struct buf *out)
{
	const struct job_explain *j = f->job;

	if (!count_running(j) && !j->pending_reason && j->n_schedulers)
		buf_adds(out, "No task of it runs at this moment: the "
			      "scheduler is between two components.");
}

static void
say_more_tasks(const struct explain_facts *f, struct buf *out)
{
	size_t n = count_running(f->job);

	if (n > TASKS_TOLD)
		buf_addf(out, "%zu more of its tasks run.", n - TASKS_TOLD);
}

static void
say_budget(const struct explain_facts *f, struct buf *out)
{
	const struct job_explain *j = f->job;

	if (!j->timeout_ms)
		return;
	buf_adds(out, "Of its time of ");
	explain_duration(j->timeout_ms, out);
	add_for(", ", j->spent_ms, out);
	buf_adds(out, " are used.");
}

static void
say_retries(const struct explain_facts *f, struct buf *out)
{
	const struct job_explain *j = f->job;

	if (!j->auto_retries && !j->retries)
		return;
	buf_addf(out,
	    "What failed in passing was tried again %lld of at most "
	    "%lld times.",
	    (long long)j->retries, (long long)j->auto_retries);
}

/* ---- ended ---- */

static void
say_ended(const struct explain_facts *f, struct buf *out)
{
	static const char *const words[STATE__MAX] = {
	    [STATE_SUCCESS] = "succeeded",
	    [STATE_FAILED] = "failed",
	    [STATE_TIMEOUT] = "ran out of time",
	    [STATE_CANCELED] = "was canceled",
	};
	const struct job_explain *j = f->job;

	buf_addf(out, "Job %s (%s) %s at ", j->job_id, j->kind,
	    words[j->status] ? words[j->status] : state_name(j->status));
	add_time(j->end_time, out);
	if (j->start_time)
		add_for(", after ", j->end_time - j->start_time, out);
	else
		buf_adds(out, ", before it began");
	if (j->runs > 1)
		buf_addf(out, ", in its run %lld", (long long)j->runs);
	buf_addc(out, '.');
}

static void
say_who_stopped(const struct explain_facts *f, struct buf *out)
{
	const struct job_explain *j = f->job;

	if (!j->stop_by)
		return;
	buf_addf(out, "%s asked for that", j->stop_by);
	if (j->stop_time) {
		buf_adds(out, " at ");
		add_time(j->stop_time, out);
	}
	buf_addf(out, " (%s)", j->stop_requested == 2 ? "kill" : "cancel");
	if (j->stop_reason) {
		buf_adds(out, ": ");
		add_reason(j->stop_reason, out);
	} else
		buf_addc(out, '.');
}

static void
say_first_failure(const struct explain_facts *f, struct buf *out)
{
	const struct job_explain_task *t = f->failed;

	if (!t || f->job->status == STATE_CANCELED)
		return;
	buf_adds(out, "What failed first is ");
	add_task(t, out);
	if (t->error_class)
		buf_addf(out, ", class %s", t->error_class);
	if (t->reason) {
		buf_adds(out, ": ");
		add_reason(t->reason, out);
	} else
		buf_addc(out, '.');
}

/* The job's own reason, unless the task's says the same. */
static void
say_reason(const struct explain_facts *f, struct buf *out)
{
	const char *reason = f->job->reason;

	if (!reason || (f->failed && f->failed->reason &&
			   f->job->status != STATE_CANCELED &&
			   strstr(reason, f->failed->reason)))
		return;
	buf_adds(out, "The reason on record: ");
	add_reason(reason, out);
}

static void
say_class(const struct explain_facts *f, struct buf *out)
{
	if (f->job->error_class && f->job->status != STATE_CANCELED)
		buf_addf(out, "The failure is of the class %s.",
		    f->job->error_class);
}

static void
say_log(const struct explain_facts *f, struct buf *out)
{
	if (!f->has_folder)
		buf_adds(out, "Its folder was cleaned: there are no logs of it "
			      "any more.");
	else if (f->failed && f->job->status != STATE_CANCELED)
		buf_addf(out,
		    "%s; all of them: fateflow job log -j %s -o logs.",
		    f->n_log_lines
			? "The last lines of its log are shown beside"
			: "It left no log of its own",
		    f->job->job_id);
}

static void
say_rerun(const struct explain_facts *f, struct buf *out)
{
	if (f->no_rerun) {
		buf_adds(out, "It cannot run again: ");
		add_reason(f->no_rerun, out);
	} else
		buf_addf(out,
		    "To run again what did not succeed: fateflow job rerun -j "
		    "%s.",
		    f->job->job_id);
}

static void
say_nothing_to_do(const struct explain_facts *f, struct buf *out)
{
	(void)f;
	buf_adds(out, "There is nothing to do.");
}

/* ---- in which order ---- */

#define SAYS_MAX 10

static say *const of_waiting[SAYS_MAX] = {say_waits, say_no_scheduler,
    say_stop_asked, say_pending, say_queue, say_taken_soon, say_retries,
    say_start_earlier, say_give_up};
static say *const of_running[SAYS_MAX] = {say_runs, say_no_scheduler,
    say_orphan, say_stop_asked, say_no_task, say_pending, say_retries,
    say_budget, say_give_up};
static say *const of_failure[SAYS_MAX] = {say_ended, say_who_stopped,
    say_first_failure, say_reason, say_class, say_retries, say_log, say_rerun};
static say *const of_success[SAYS_MAX] = {
    say_ended, say_retries, say_log, say_nothing_to_do};

static say *const *const says[STATE__MAX] = {
    [STATE_WAITING] = of_waiting,
    [STATE_RUNNING] = of_running,
    [STATE_SUCCESS] = of_success,
    [STATE_FAILED] = of_failure,
    [STATE_TIMEOUT] = of_failure,
    [STATE_CANCELED] = of_failure,
};

static void
add_sentence(struct buf *text, cJSON *sentences)
{
	if (text->len)
		cJSON_AddItemToArray(sentences, cJSON_CreateString(text->ptr));
	buf_reset(text);
}

/* One sentence each, behind the first, which says what runs at all. */
static void
say_tasks(const struct explain_facts *f, struct buf *text, cJSON *sentences)
{
	const struct job_explain *j = f->job;
	int n = 0;

	for (size_t i = 0; i < j->tasks.n && n < TASKS_TOLD; i++) {
		if (j->tasks.v[i].status != STATE_RUNNING)
			continue;
		say_task(f, &j->tasks.v[i], text);
		add_sentence(text, sentences);
		n++;
	}
	say_more_tasks(f, text);
	add_sentence(text, sentences);
}

void
explain_text(const struct explain_facts *f, cJSON *sentences)
{
	say *const *list = says[f->job->status];
	struct buf text = BUF_INIT;

	for (size_t i = 0; list && i < SAYS_MAX && list[i]; i++) {
		list[i](f, &text);
		add_sentence(&text, sentences);
		if (i == 0 && f->job->status == STATE_RUNNING)
			say_tasks(f, &text, sentences);
	}
	buf_release(&text);
}
