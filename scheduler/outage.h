/*
 * Times without a database: how long to wait, and one line in the log when
 * one begins and one when it ends.
 */
#ifndef FF_SCHEDULER_OUTAGE_H
#define FF_SCHEDULER_OUTAGE_H

#include "scheduler/scheduler.h"

/* A pass failed: sets s->retry_at, later each time up to two seconds. */
void outage_note(struct scheduler *s, enum err rc, const char *text);

/* The database did what was asked. */
void outage_end(struct scheduler *s);

#endif
