/*
 * Starting a task: what it is told (task.json) and the process.
 */
#ifndef FF_SCHEDULER_LAUNCH_H
#define FF_SCHEDULER_LAUNCH_H

#include "lib/model/model_path.h"
#include "scheduler/scheduler.h"

/*
 * Resolves the inputs out of the database and keeps the text of task.json in
 * t->task_json; t->dir is set. Belongs into the transaction that inserts the
 * task's row.
 */
enum err launch_plan(struct scheduler *s, struct run_task *t, struct buf *err);

/*
 * Makes the folders, writes task.json and starts the process; after the
 * commit. t->pid and t->is_watched are set on success.
 */
enum err launch_task(struct scheduler *s, struct run_task *t, struct buf *err);

/* The model that a party of the job reads and writes; all borrowed. */
struct model_ref launch_party_model(const struct scheduler *s,
    const struct run_job *j, const struct conf_party *party);
struct model_ref
launch_model(const struct scheduler *s, const struct run_task *t);

/* The version under which a job's models are kept. */
const char *launch_model_version(const struct run_job *j);

#endif
