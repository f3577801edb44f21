/*
 * A task's model goes to its place among the models, in exchange for that of
 * an earlier attempt if there is one. Repeatable, also by two at once.
 */
#ifndef FF_SCHEDULER_PLACE_H
#define FF_SCHEDULER_PLACE_H

#include "scheduler/scheduler.h"

/* What a prediction applies is read-only: it leaves no model. */
bool place_has_model(const struct run_task *t);

/* t->result is the task's state.json. */
enum err place_model(struct scheduler *s, struct run_task *t, struct buf *err);

/* Bytes of the model's buffers in its place; 0: there is none. */
int64_t place_model_size(struct scheduler *s, const struct run_task *t);

#endif
