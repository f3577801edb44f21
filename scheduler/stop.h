/*
 * Ending the processes of jobs that are to end, and of components that are to
 * be tried again: TERM, then KILL, whatever they do.
 */
#ifndef FF_SCHEDULER_STOP_H
#define FF_SCHEDULER_STOP_H

#include "scheduler/scheduler.h"

/* Sends what is due. */
void stop_look(struct scheduler *s, int64_t mono_now);

/* When something is due for the job, or `limit`. */
int64_t stop_due_at(const struct run_job *j, int64_t limit);

#endif
