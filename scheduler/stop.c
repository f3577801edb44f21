/*
 * KILL follows TERM after scheduler.stop_grace_ms, but after STOP_GRACE_MAX_MS
 * at the latest, and is repeated until the lock is free: a process that forks
 * faster than /proc can be read is met again at the next look.
 *
 * Nobody is signalled before the reason is committed: a scheduler that adopts
 * the job in between would take the signal for the cause.
 */
#include "scheduler/stop.h"
#include "lib/base/log.h"
#include "scheduler/taskdir.h"

#include <signal.h>

enum {
	STOP_GRACE_MAX_MS = 3000, /* all is to be over within 5 s */
	AGAIN_MS = 200,
};

static bool
has_failed_row(const struct run_component *c)
{
	for (size_t k = 0; k < c->n_tasks; k++)
		if (c->tasks[k].status == STATE_FAILED ||
		    c->tasks[k].status == STATE_TIMEOUT)
			return true;
	return false;
}

static bool
is_wanted(const struct run_job *j, const struct run_component *c)
{
	return (j->is_told || (c->is_retry && has_failed_row(c))) &&
	       job_component_has_live(c);
}

static void
signal_all(struct run_component *c, int signo)
{
	for (size_t k = 0; k < c->n_tasks; k++) {
		struct run_task *t = &c->tasks[k];

		if (!t->is_watched)
			continue;
		(void)taskdir_kill(
		    t->dir.ptr, t->is_reaped ? 0 : t->pid, signo);
		t->look_at = t->look_step = 0;
	}
}

static void
look_at_component(
    struct scheduler *s, struct run_job *j, size_t at, int64_t mono_now)
{
	struct run_component *c = &j->components[at];
	int64_t grace = s->cfg->scheduler.stop_grace_ms;

	if (!is_wanted(j, c))
		return;
	if (!c->kill_at) {
		log_info("job=%s component=%s ending its tasks: %s", j->id,
		    j->dsl.components[at].name,
		    j->ending != STATE_SUBMIT ? j->reason.ptr
					      : c->redo_text.ptr);
		signal_all(c, SIGTERM);
		c->kill_at =
		    mono_now +
		    (grace < STOP_GRACE_MAX_MS ? grace : STOP_GRACE_MAX_MS);
	} else if (mono_now >= c->kill_at) {
		signal_all(c, SIGKILL);
		c->kill_at = mono_now + AGAIN_MS;
	}
}

void
stop_look(struct scheduler *s, int64_t mono_now)
{
	for (struct run_job *j = s->jobs; j; j = j->next_job)
		for (size_t i = 0; i < j->dsl.n_components; i++)
			look_at_component(s, j, i, mono_now);
}

int64_t
stop_due_at(const struct run_job *j, int64_t limit)
{
	for (size_t i = 0; i < j->dsl.n_components; i++) {
		const struct run_component *c = &j->components[i];

		if (is_wanted(j, c) && c->kill_at < limit)
			limit = c->kill_at;
	}
	return limit;
}
