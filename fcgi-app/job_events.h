/*
 * fate_flow_schedule.log and fate_flow_audit.log of a job, told from the
 * database: what was scheduled when, and who asked for what.
 */
#ifndef FF_FCGI_JOB_EVENTS_H
#define FF_FCGI_JOB_EVENTS_H

#include "lib/store/job_history.h"
#include "lib/store/task_query.h"

/* Lines in the order of their times, appended to the two. */
void job_events_print(const struct job_history *h,
    const struct task_query_places *tasks, struct buf *schedule,
    struct buf *audit);

#endif
