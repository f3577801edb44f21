/*
 * Starting a task: what it is told (task.json) and the process.
 */
#ifndef FF_SCHEDULER_LAUNCH_H
#define FF_SCHEDULER_LAUNCH_H

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

/* The folder that holds a model's buffers, appended to an emptied out. */
struct launch_model {
	const char *version;
	const char *role;
	const char *party_id;
	const char *component;
	const char *alias;
};
void launch_model_dir(
    const struct cfg *cfg, const struct launch_model *m, struct buf *out);

/* The version under which a job's models are kept. */
const char *launch_model_version(const struct run_job *j);

#endif
