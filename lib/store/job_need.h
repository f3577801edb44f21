/* What jobs that live need of the disk. */
#ifndef FF_STORE_JOB_NEED_H
#define FF_STORE_JOB_NEED_H

#include "lib/store/db.h"

/* The configuration of an upload job, the caller's; NULL for other kinds. */
enum err job_need_upload(
    struct db *db, const char *job_id, char **conf_out, struct buf *err);

/*
 * Does an upload that waits or runs read that file, or one whose transaction
 * has not ended yet? Not within a transaction: the rows are locked.
 */
enum err job_need_file(
    struct db *db, const char *path, bool *needed_out, struct buf *err);

#endif
