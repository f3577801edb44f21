/* What job/clean takes away of one task in the database. */
#ifndef FF_STORE_JOB_CLEAN_H
#define FF_STORE_JOB_CLEAN_H

#include "lib/store/task_query.h"

/*
 * The task's output table, if the job made it, and its metric rows. The rows
 * of job, task and data view stay, and so does the table's file, until the
 * catalogue's sweep finds that nobody can need it. Repeatable.
 */
enum err job_clean_task(struct db *db, const char *job_id,
    const struct task_query_place *task, int64_t now, struct buf *err);

#endif
