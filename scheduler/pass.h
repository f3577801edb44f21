/*
 * The pass: claim, advance, launch, watch, ingest, in one transaction; and
 * the processes and files that follow its commit.
 */
#ifndef FF_SCHEDULER_PASS_H
#define FF_SCHEDULER_PASS_H

#include "scheduler/scheduler.h"

/* Registers the instance and adopts what is running. */
enum err pass_begin(struct scheduler *s, struct buf *err);

/*
 * One pass. Cheap when there is nothing to do: without anything ended, rung
 * or due it asks the database nothing.
 */
void pass_run(struct scheduler *s);

/* Milliseconds until the next pass is due. */
int64_t pass_due(const struct scheduler *s);

/* Owns nothing, and the last look found nothing to claim or take over. */
bool pass_is_idle(const struct scheduler *s);

/* A clean end: running tasks go on, and the next scheduler adopts them. */
void pass_end(struct scheduler *s);

#endif
