/* Uploads that succeeded, newest first. */
#ifndef FF_STORE_UPLOAD_HISTORY_H
#define FF_STORE_UPLOAD_HISTORY_H

#include "lib/store/db.h"

enum upload_history_column {
	UPLOAD_JOB_ID,
	UPLOAD_TABLE_NAME,
	UPLOAD_NAMESPACE,
	UPLOAD_PARTITION,
	UPLOAD_COUNT,
	UPLOAD_ACTUAL,
	UPLOAD_NOTES,
	UPLOAD_SCHEMA,
	UPLOAD_LEDGER,
};

/* Of one job, or of all when job_id is NULL; at most `limit`. */
enum err upload_history_stream(struct db *db, const char *job_id, int64_t limit,
    struct db_rows **out, struct buf *err);

#endif
