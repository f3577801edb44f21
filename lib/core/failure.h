/*
 * The classes of failures: what is transient is worth another attempt, what
 * is the job's own would only fail again. Stored by name (t_task.f_error_class,
 * job_run.error_class).
 */
#ifndef FF_CORE_FAILURE_H
#define FF_CORE_FAILURE_H

#include <stdbool.h>

enum failure {
	FAILURE_NONE,
	FAILURE_KILLED,	     /* by a signal that nobody here sent */
	FAILURE_LOST,	     /* gone without an exit: the host restarted */
	FAILURE_DISK_FULL,   /* no space, quota or file size exceeded */
	FAILURE_DATABASE,    /* a task that needs one did not reach it */
	FAILURE_LAUNCH,	     /* no process, memory or descriptor was free */
	FAILURE_ERROR,	     /* the job's own */
	FAILURE_TIMEOUT,     /* its budget, or its component's, was used up */
	FAILURE_NO_PROGRESS, /* alive, but nothing changed for too long */
	FAILURE_STOPPED,     /* by a user */
	FAILURE_ENDED,	     /* with its job or component: not the cause */
	FAILURE__MAX
};

/* "killed", ...; NULL for FAILURE_NONE. */
const char *failure_name(enum failure f);
/* FAILURE_NONE for NULL and for a word that is no class. */
enum failure failure_parse(const char *name);

/* Is another attempt likely to go better? */
bool failure_is_transient(enum failure f);

/* By the system's words in an error's text; FAILURE_ERROR for the rest. */
enum failure failure_of_text(const char *text);

/*
 * Of what a task reports (state.json): its own word for the class if it gives
 * one that a task may give, else by the code of enum err and by the text. Any
 * may be NULL. Only a task with a database can fail by it.
 */
struct failure_report {
	const char *word;
	const char *code;
	const char *text;
	bool has_database;
};
enum failure failure_of_report(const struct failure_report *r);

#endif
