/*
 * What a pass writes about one job, within the pass's transaction: ended
 * tasks and their results, progress, components that start, the job's end.
 */
#ifndef FF_SCHEDULER_SETTLE_H
#define FF_SCHEDULER_SETTLE_H

#include "scheduler/admission.h"
#include "scheduler/scheduler.h"

struct settle {
	struct scheduler *s;
	struct admission room;
	struct queue queue; /* s->queue as this pass leaves it */
	struct buf refused; /* lines for the log, once it is committed */
	bool has_turn;	    /* of the site: room is all that is taken */
	int64_t now;	    /* wall ms */
	int64_t mono_now;   /* ms */
};

/*
 * The job is held, or j->is_lost is set when it is no longer ours. Everything
 * it decides is planned in `next` fields, so that a rollback forgets it.
 */
enum err settle_job(struct settle *p, struct run_job *j, struct buf *err);

/* Is an error the job's own, which ends it, and not the database's? */
bool settle_is_job_fault(enum err rc);

/* Rows and plans of the tasks of every component that can start now. */
enum err settle_start(struct settle *p, struct run_job *j, struct buf *err);

#endif
