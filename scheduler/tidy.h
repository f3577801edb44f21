/*
 * Retention, bit by bit, and what stands beside the jobs without belonging to
 * one. Folders go in the sweep's child.
 */
#ifndef FF_SCHEDULER_TIDY_H
#define FF_SCHEDULER_TIDY_H

#include "scheduler/sweep.h"

/*
 * Does what is due and notes what is to be removed. True when there is more to
 * do soon.
 */
bool tidy(struct scheduler *s, struct sweep *w, int64_t mono_now);

#endif
