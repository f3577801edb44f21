/*
 * Watching tasks: children that ended, folders that changed.
 */
#ifndef FF_SCHEDULER_WATCH_H
#define FF_SCHEDULER_WATCH_H

#include "scheduler/scheduler.h"

/* Takes in the children that have ended; does not wait. */
void watch_reap(struct scheduler *s);

/*
 * Looks at every task whose time to look has come and decides how it stands:
 * a task that ended gets its `next` status, its job a reason if it failed.
 */
void watch_look(struct scheduler *s, int64_t mono_now);

/* A task was just started: when to look at it first. */
void watch_launched(struct run_task *t, int64_t mono_now);

/* Some adopted task's folder changed: look at all of them. */
void watch_hint(struct scheduler *s);

/*
 * A task that the database calls running and that this process did not start:
 * watched if it began, left to be launched if it never did.
 */
enum err watch_adopt(struct scheduler *s, struct run_task *t, struct buf *err);

/* Milliseconds until something is due, at most `limit`. */
int64_t watch_due(const struct scheduler *s, int64_t mono_now, int64_t limit);

#endif
