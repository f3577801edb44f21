/* What job/clean takes away of one task in the database. */
#ifndef FF_STORE_JOB_CLEAN_H
#define FF_STORE_JOB_CLEAN_H

#include "lib/store/task_query.h"

/*
 * The task's output table, if the job made it, and its metric rows in one
 * transaction; then what `move` takes away of its folder. Both under the lock
 * of the job's row. `move` may be called again. The rows of job, task and data
 * view stay, and so does the table's file, until the catalogue's sweep finds
 * that nobody can need it. Repeatable. ERR_NOTFOUND (and no text): the job
 * lives (again), or there is none.
 */
typedef enum err job_clean_move(void *arg, struct buf *err);
struct job_clean {
	const char *job_id;
	const struct task_query_place *task;
	int64_t now;
	job_clean_move *move;
	void *arg;
};
enum err
job_clean_task(struct db *db, const struct job_clean *c, struct buf *err);

#endif
