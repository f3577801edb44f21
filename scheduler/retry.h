/*
 * What a failed task means for its component and its job, and when the
 * component's next attempt begins: after a failure that may pass, or because
 * the job runs once more. Pure; all times are monotonic milliseconds.
 */
#ifndef FF_SCHEDULER_RETRY_H
#define FF_SCHEDULER_RETRY_H

#include "scheduler/job.h"

/*
 * A task failed by itself: its component is to be tried again, or the job
 * ends. `reason` names component, party and cause.
 */
void retry_fail(struct run_task *t, enum failure failure, const char *reason);

/*
 * What all restored rows mean together: which components are done, which are
 * to be run once more, and whether the job ends. With the rows of a job that
 * is adopted, and of one that begins another run.
 */
void retry_restore(struct run_job *j);

/*
 * The wait before the next attempt after `n` retries: doubles from base_ms,
 * at most RETRY_DELAY_MAX_MS.
 */
#define RETRY_DELAY_MAX_MS ((int64_t)300 * 1000)
int64_t retry_delay_ms(int64_t base_ms, int64_t n);

/*
 * An adoption does not know how much of a wait is over: it waits once more,
 * but not longer than this, lest a scheduler that runs once a minute from
 * cron never gets to the end of it.
 */
#define RETRY_RESUMED_MAX_MS ((int64_t)20 * 1000)

/*
 * Sets the time of the next attempt of every component whose last one is
 * over, and marks jobs dirty of which one is due. default_ms is the site's.
 */
void retry_look(struct run_job *j, int64_t default_ms, int64_t mono_now);

/* May the component's next attempt begin now, for what is planned so far? */
bool retry_is_due(const struct run_job *j, size_t component, int64_t mono_now);

/* The earliest next attempt that waits for its time, or `limit`. */
int64_t retry_due_at(const struct run_job *j, int64_t limit);

/* What the job waits for, if it is a retry: a sentence; or NULL. */
const char *retry_pending(const struct run_job *j);

#endif
