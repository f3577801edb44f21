/*
 * The poll loop around the pass: doorbell, children, folders, timers.
 */
#ifndef FF_SCHEDULER_LOOP_H
#define FF_SCHEDULER_LOOP_H

#include "scheduler/scheduler.h"

enum loop_mode {
	LOOP_DAEMON, /* until TERM or INT */
	LOOP_ONCE,   /* until idle, at most 55 s: for cron */
};

/* Blocks the signals it waits for; call before any child is started. */
enum err loop_run(const struct cfg *cfg, enum loop_mode mode, struct buf *err);

#endif
