/*
 * The legal transitions of jobs and tasks: one table, used by the code that
 * makes them and printed into the docs. What is not in it does not happen.
 */
#ifndef FF_CORE_STATE_H
#define FF_CORE_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/* FATE-Flow's words are state_name()'s. Tasks use RUNNING and the ends. */
enum state {
	STATE_NONE, /* there is no row yet */
	STATE_WAITING,
	STATE_RUNNING,
	STATE_SUCCESS,
	STATE_FAILED,
	STATE_TIMEOUT,
	STATE_CANCELED,
	STATE__MAX
};

enum state_event {
	STATE_SUBMIT,  /* a worker accepted the job */
	STATE_START,   /* a scheduler claimed the job; launched the task */
	STATE_ADOPT,   /* another scheduler took it over */
	STATE_SUCCEED, /* all components done; the task's result was read in */
	STATE_FAIL,    /* a task failed, was killed, or could never run */
	STATE_EXPIRE,  /* the budget is used up */
	STATE_CANCEL,  /* stopped by a user */
	STATE_KILL,    /* stopped by a user who asked for failed */
	STATE_RETRY,   /* the component's next attempt begins */
	STATE_RERUN,   /* a user asked for another run of what failed */
	STATE_EVENT__MAX
};

enum state_subject { STATE_JOB, STATE_TASK, STATE_SUBJECT__MAX };

/* Who may make a transition; a set. */
enum state_who {
	STATE_BY_WORKER = 1 << 0,
	STATE_BY_SCHEDULER = 1 << 1,
};

struct state_row {
	enum state_subject subject;
	enum state from;
	enum state_event event;
	enum state to;
	unsigned by; /* enum state_who */
};

/* "waiting", ...; "none" for STATE_NONE. */
const char *state_name(enum state s);
/* STATE_NONE for a word that is no status. */
enum state state_parse(const char *name);
const char *state_event_name(enum state_event e);
/* STATE_EVENT__MAX for NULL and for a word that is no event. */
enum state_event state_event_parse(const char *name);

/* True for success, failed, timeout and canceled. */
bool state_is_final(enum state s);

/*
 * Where an event leads, or STATE_NONE when it is not legal for that subject
 * in that state by that program.
 */
enum state state_next(enum state_subject subject, enum state from,
    enum state_event event, enum state_who by);

/* All rows, for the docs and the tests. */
const struct state_row *state_rows(size_t *n_out);

/* The table as Markdown. */
void state_print_markdown(struct buf *out);

#endif
