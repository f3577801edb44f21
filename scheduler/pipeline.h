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

/* Saves what is due; a job whose pipeline cannot be kept is to fail. */
void pipeline_save_due(struct scheduler *s);

/* Data views and model metadata of a saved pipeline, as its job ends. */
enum err
pipeline_rows(struct settle *p, const struct run_job *j, struct buf *err);

#endif
