/* What jobs that live need of the disk. */
#ifndef FF_STORE_JOB_NEED_H
#define FF_STORE_JOB_NEED_H

#include "lib/store/db.h"

/* The configuration of an upload job, the caller's; NULL for other kinds. */
enum err job_need_upload(
    struct db *db, const char *job_id, char **conf_out, struct buf *err);

/*
 * The configurations of the uploads that wait or run: what they name is needed.
 * ERR_BUSY while a transaction that may bring another one has not ended. Not
 * within a transaction: the rows are locked.
 */
typedef void job_need_each(const char *conf, void *ctx);
enum err
job_need_files(struct db *db, job_need_each *each, void *ctx, struct buf *err);

#endif
