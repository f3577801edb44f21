/*
 * One flat table. It is small enough that a linear search is the clearest
 * and fast enough (a look-up per transition, never per row of a query).
 *
 * A waiting job may be canceled by a worker, because the user waits for that
 * answer, and an ended one that failed put back into the queue; every other
 * transition is the scheduler's alone.
 *
 * An attempt belongs to a component over all its parties: when one of them
 * failed and is tried again, a task that had succeeded runs once more as well.
 */
#include "lib/core/state.h"
#include "lib/base/mem.h"

#include <assert.h>

static const char *const state_names[] = {
    [STATE_NONE] = "none",
    [STATE_WAITING] = "waiting",
    [STATE_RUNNING] = "running",
    [STATE_SUCCESS] = "success",
    [STATE_FAILED] = "failed",
    [STATE_TIMEOUT] = "timeout",
    [STATE_CANCELED] = "canceled",
};
static_assert(ARRAY_LEN(state_names) == STATE__MAX, "a name for each state");

static const char *const event_names[] = {
    [STATE_SUBMIT] = "submit",
    [STATE_START] = "start",
    [STATE_ADOPT] = "adopt",
    [STATE_SUCCEED] = "succeed",
    [STATE_FAIL] = "fail",
    [STATE_EXPIRE] = "expire",
    [STATE_CANCEL] = "cancel",
    [STATE_KILL] = "kill",
    [STATE_RETRY] = "retry",
    [STATE_RERUN] = "rerun",
};
static_assert(
    ARRAY_LEN(event_names) == STATE_EVENT__MAX, "a name for each event");

#define J STATE_JOB
#define T STATE_TASK
#define W STATE_BY_WORKER
#define S STATE_BY_SCHEDULER

static const struct state_row rows[] = {
    {J, STATE_NONE, STATE_SUBMIT, STATE_WAITING, W},
    {J, STATE_WAITING, STATE_START, STATE_RUNNING, S},
    {J, STATE_WAITING, STATE_FAIL, STATE_FAILED, S},
    {J, STATE_WAITING, STATE_CANCEL, STATE_CANCELED, W | S},
    {J, STATE_WAITING, STATE_KILL, STATE_FAILED, S},
    {J, STATE_RUNNING, STATE_ADOPT, STATE_RUNNING, S},
    {J, STATE_RUNNING, STATE_SUCCEED, STATE_SUCCESS, S},
    {J, STATE_RUNNING, STATE_FAIL, STATE_FAILED, S},
    {J, STATE_RUNNING, STATE_EXPIRE, STATE_TIMEOUT, S},
    {J, STATE_RUNNING, STATE_CANCEL, STATE_CANCELED, S},
    {J, STATE_RUNNING, STATE_KILL, STATE_FAILED, S},
    {J, STATE_FAILED, STATE_RERUN, STATE_WAITING, W},
    {J, STATE_TIMEOUT, STATE_RERUN, STATE_WAITING, W},
    {J, STATE_CANCELED, STATE_RERUN, STATE_WAITING, W},
    {T, STATE_NONE, STATE_START, STATE_RUNNING, S},
    {T, STATE_RUNNING, STATE_ADOPT, STATE_RUNNING, S},
    {T, STATE_RUNNING, STATE_SUCCEED, STATE_SUCCESS, S},
    {T, STATE_RUNNING, STATE_FAIL, STATE_FAILED, S},
    {T, STATE_RUNNING, STATE_EXPIRE, STATE_TIMEOUT, S},
    {T, STATE_RUNNING, STATE_CANCEL, STATE_FAILED, S},
    {T, STATE_RUNNING, STATE_KILL, STATE_FAILED, S},
    {T, STATE_SUCCESS, STATE_RETRY, STATE_RUNNING, S},
    {T, STATE_FAILED, STATE_RETRY, STATE_RUNNING, S},
    {T, STATE_TIMEOUT, STATE_RETRY, STATE_RUNNING, S},
};

#undef J
#undef T
#undef W
#undef S

const char *
state_name(enum state s)
{
	assert(s < STATE__MAX);
	return state_names[s];
}

enum state
state_parse(const char *name)
{
	for (size_t i = STATE_WAITING; i < STATE__MAX; i++)
		if (name && !strcmp(name, state_names[i]))
			return (enum state)i;
	return STATE_NONE;
}

const char *
state_event_name(enum state_event e)
{
	assert(e < STATE_EVENT__MAX);
	return event_names[e];
}

enum state_event
state_event_parse(const char *name)
{
	size_t i = 0;

	while (i < STATE_EVENT__MAX && (!name || strcmp(name, event_names[i])))
		i++;
	return (enum state_event)i;
}

bool
state_is_final(enum state s)
{
	return s >= STATE_SUCCESS && s < STATE__MAX;
}

enum state
state_next(enum state_subject subject, enum state from, enum state_event event,
    enum state_who by)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct state_row *r = &rows[i];

		if (r->subject == subject && r->from == from &&
		    r->event == event && (r->by & by))
			return r->to;
	}
	return STATE_NONE;
}

const struct state_row *
state_rows(size_t *n_out)
{
	*n_out = ARRAY_LEN(rows);
	return rows;
}

void
state_print_markdown(struct buf *out)
{
	static const char *const by[] = {
	    "", "worker", "scheduler", "worker, scheduler"};

	buf_adds(out, "| of | from | event | to | who |\n"
		      "|---|---|---|---|---|\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		buf_addf(out, "| %s | %s | %s | %s | %s |\n",
		    rows[i].subject == STATE_JOB ? "job" : "task",
		    state_names[rows[i].from], event_names[rows[i].event],
		    state_names[rows[i].to], by[rows[i].by]);
}
