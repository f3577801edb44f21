/*
 * The scheduler's state: a connection, an instance id, and a cache of the
 * live jobs it owns. Everything in it can be lost at any instant.
 */
#ifndef FF_SCHEDULER_SCHEDULER_H
#define FF_SCHEDULER_SCHEDULER_H

#include "lib/base/cfg.h"
#include "lib/base/disk.h"
#include "lib/core/quota.h"
#include "lib/retain/retain.h"
#include "lib/store/db.h"
#include "lib/store/job_queue.h"
#include "scheduler/job.h"

#define QUEUE_HEADS 8

/*
 * A job that did not fit, the first of those that ask for the same. Once
 * somebody behind it began it is passed over.
 */
struct queue_head {
	char job_id[ID_JOB_MAX + 1];
	struct job_queue_place place;
	uint64_t shape;	   /* of what it asks for */
	int64_t passed_ms; /* as stored when we met it */
	int64_t since;	   /* monotonic: passed over from here; 0: not yet */
};

/* What the last look left behind; a pass plans the next one in a copy. */
struct queue {
	struct quota_use seen; /* in use when the last look ended */
	int64_t seen_seq;      /* the newest job looked at */
	int64_t looked_at;     /* monotonic: at all of them; 0: never */
	int64_t turn;	       /* of the site, that we had last */
	bool had_others;       /* who ran something then */
	bool is_left;	       /* somebody waits */
	bool is_explaining;
	struct job_queue_place explained;     /* whose reasons are written */
	struct queue_head heads[QUEUE_HEADS]; /* in their order */
	size_t n_heads;
};

/* All times are monotonic milliseconds. */
struct scheduler {
	const struct cfg *cfg;
	struct db *db;
	struct quota quota;
	int64_t instance;      /* 0: none yet */
	int64_t last_instance; /* given up, its row not ended yet; 0: none */
	int64_t renewed_at;    /* the lease */
	int64_t surveyed_at;   /* last look for work that nobody rang for */
	int64_t explained_at;  /* last time pending reasons were written */
	int64_t sweep_at;      /* next look for files that nobody needs */
	int64_t spool_at;      /* the same in the spool */
	int64_t leftover_at;   /* next look at what ended jobs left */
	int64_t left_since;    /* wall: when that was last done; 0: never */
	int64_t tidy_at;       /* next look for what outlived its time */
	int64_t orphan_at;     /* the same for folders without a job */
	char orphan_day[9];    /* looked at last, "" before the first */
	int64_t freed_at;      /* last change that may have set some free */
	int64_t retry_at;      /* the database failed: not before */
	struct queue queue;    /* what waits */
	int64_t outage_at;     /* since when it fails, 0: it does not */
	int64_t outage_pause;  /* ms, grows */
	bool must_relist;      /* jobs may be ours that we do not know */
	struct disk disk;      /* at the last look */
	int64_t disk_at;
	enum disk_level disk_level;
	struct retain_round round; /* how far tidying has come */

	struct run_job *jobs; /* in the order of their claim */
	int watch_fd;	      /* inotify, or -1 */
	bool is_table_moved;  /* the folder of tables is to be synced */
	bool is_rung;	      /* somebody said that there is work */
	bool is_full;	      /* one of them waits for others to end */
	bool is_late;	      /* the lease ended before a launch */
};

#endif
