/*
 * The pipeline that every party of a successful training keeps: written
 * before the transaction that ends the job, its rows within it.
 */
#ifndef FF_SCHEDULER_PIPELINE_H
#define FF_SCHEDULER_PIPELINE_H

#include "scheduler/settle.h"

/*
 * Has the job trained, is all of it a success, and its pipeline not yet on
 * disk? Such a job must not end: the next pass saves it first.
 */
bool pipeline_is_due(const struct run_job *j);

/*
 * Saves what is due. A job whose pipeline cannot be kept is to fail, but on a
 * full disk it waits, and its pending reason says so.
 */
void pipeline_save_due(struct scheduler *s, int64_t mono_now);

/* When that is tried again, or `limit`. */
int64_t pipeline_due_at(const struct run_job *j, int64_t limit);

/* Data views and model metadata of a saved pipeline, as its job ends. */
enum err
pipeline_rows(struct settle *p, const struct run_job *j, struct buf *err);

#endif
