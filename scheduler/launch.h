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
 * Makes the folders below the job's, which must be there, writes task.json
 * and starts the process; after the commit. t->is_watched is set on success,
 * and t->pid unless the attempt has begun already. ERR_NOTFOUND: the job's
 * folder is gone, so nobody may run anything of it any more.
 */
enum err launch_task(struct scheduler *s, struct run_task *t, struct buf *err);

/*
 * Takes the secret parameters out of the task.json of an attempt that has
 * ended: it runs once, and a later one is told by the database. May be called
 * again. A fault is logged.
 */
void launch_hide(const struct run_task *t);

/* Where the task's messages arrive. */
void launch_mailbox(
    const struct scheduler *s, const struct run_task *t, struct buf *out);

/* The model that a party of the job reads and writes; all borrowed. */
struct model_ref launch_party_model(const struct scheduler *s,
    const struct run_job *j, const struct conf_party *party);
struct model_ref
launch_model(const struct scheduler *s, const struct run_task *t);

/* The version under which a job's models are kept. */
const char *launch_model_version(const struct run_job *j);

#endif
