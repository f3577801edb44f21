/* What a waiting job will need that its light columns do not say. */
#ifndef FF_STORE_JOB_NEED_H
#define FF_STORE_JOB_NEED_H

#include "lib/store/db.h"

/* The configuration of an upload job, the caller's; NULL for other kinds. */
enum err job_need_upload(
    struct db *db, const char *job_id, char **conf_out, struct buf *err);

#endif
