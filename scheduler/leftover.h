/*
 * What jobs that have ended may have left because a program died in the
 * middle: processes that hold a task's lock, mailboxes and scratch files.
 */
#ifndef FF_SCHEDULER_LEFTOVER_H
#define FF_SCHEDULER_LEFTOVER_H

#include "scheduler/scheduler.h"

/*
 * When s->leftover_at has come: looks at the jobs that ended since the last
 * look, the first time at those of a day.
 */
void leftover_look(struct scheduler *s, int64_t mono_now);

#endif
