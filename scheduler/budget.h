/*
 * Budgets of monotonic time: of a job, of a component, and of a component
 * that does not get on. They are kept in the database, so that a takeover
 * goes on counting and a step of the wall clock changes nothing.
 */
#ifndef FF_SCHEDULER_BUDGET_H
#define FF_SCHEDULER_BUDGET_H

#include "scheduler/settle.h"

/* What the job has used up, as of now. */
int64_t budget_spent(const struct run_job *j, int64_t mono_now);

/* Ends jobs one of whose budgets is used up. */
void budget_look(struct scheduler *s, int64_t mono_now);

/* A task of the component got on. */
void budget_progress(struct run_component *c, int64_t mono_now);

/* Stores what the job's components have used up; the job is held. */
enum err
budget_store(struct settle *p, const struct run_job *j, struct buf *err);

/* When the next budget of the job is used up, or `limit`. */
int64_t budget_due_at(
    const struct scheduler *s, const struct run_job *j, int64_t limit);

#endif
