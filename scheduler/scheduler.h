/*
 * The scheduler's state: a connection, an instance id, and a cache of the
 * live jobs it owns. Everything in it can be lost at any instant.
 */
#ifndef FF_SCHEDULER_SCHEDULER_H
#define FF_SCHEDULER_SCHEDULER_H

#include "lib/base/cfg.h"
#include "lib/store/db.h"
#include "scheduler/job.h"

/* All times are monotonic milliseconds. */
struct scheduler {
	const struct cfg *cfg;
	struct db *db;
	int64_t instance;     /* 0: none yet */
	int64_t renewed_at;   /* the lease */
	int64_t surveyed_at;  /* last look for work that nobody rang for */
	int64_t explained_at; /* last time pending reasons were written */
	int64_t sweep_at;     /* next look for files that nobody needs */
	int64_t spool_at;     /* the same in the spool */
	int64_t freed_at;     /* last change that may have set some free */
	int64_t retry_at;     /* the database failed: not before */
	struct run_job *jobs; /* in the order of their claim */
	int watch_fd;	      /* inotify, or -1 */
	bool is_rung;	      /* somebody said that there is work */
	bool is_full;	      /* somebody waits for others to end */
};

#endif
