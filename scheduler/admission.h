/*
 * Who may start: a component's tasks are admitted together or not at all, so
 * that two jobs never wait for each other with half their tasks running.
 * Pure; the answer comes with the reason that job/query shows.
 */
#ifndef FF_SCHEDULER_ADMISSION_H
#define FF_SCHEDULER_ADMISSION_H

#include <stdint.h>

#include "lib/base/buf.h"

/* What the site allows and what is taken; a pass adds what it admits. */
struct admission {
	int64_t max_jobs;
	int64_t max_tasks;
	int64_t n_jobs;
	int64_t n_tasks;
};

enum admission_answer {
	ADMISSION_YES,
	ADMISSION_LATER, /* when others have ended */
	ADMISSION_NEVER, /* it is larger than the site */
};

/*
 * May a waiting job begin, whose widest component has `width` tasks? On YES
 * the caller has reserved a job and, for this pass, that many tasks.
 */
enum admission_answer
admission_job(struct admission *a, int64_t width, struct buf *reason);

/* May a component of a running job start its tasks now? YES reserves. */
enum admission_answer admission_component(struct admission *a,
    const char *component, int64_t n_tasks, struct buf *reason);

#endif
