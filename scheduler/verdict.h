/*
 * How a task stands or ended, decided in one place from what can be seen of
 * it: state.json, exit, lock and budget. Pure.
 */
#ifndef FF_SCHEDULER_VERDICT_H
#define FF_SCHEDULER_VERDICT_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/core/failure.h"

/* A task's exit code when a full disk kept it from saying so itself. */

enum verdict {
	VERDICT_RUNNING, /* nothing to decide yet */
	VERDICT_DONE,	 /* its result may be read in */
	VERDICT_FAILED,
	VERDICT__MAX
};

/* What state.json says; a word that is none of them counts as SAYS_OTHER. */
enum verdict_word {
	SAYS_NOTHING,
	SAYS_RUNNING,
	SAYS_SUCCESS,
	SAYS_FAILED,
	SAYS_OTHER,
};

struct verdict_facts {
	const char *component;
	const char *role;
	const char *party_id;
	bool is_alive;	  /* a child not reaped, or the lock is held */
	bool has_started; /* somebody created `owner` */
	enum verdict_word says;
	struct failure_report error; /* of SAYS_FAILED */
	bool has_wait_status;
	int wait_status; /* as of waitpid */
};

/* What fateflow-task exits with when it could not write down its result. */
#define VERDICT_EXIT_UNWRITTEN 74

/*
 * For FAILED, *class_out tells whether another attempt may help and `reason`
 * gets a sentence that names component, role, party and cause.
 */
enum verdict verdict_decide(
    const struct verdict_facts *f, enum failure *class_out, struct buf *reason);

#endif
