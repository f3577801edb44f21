/* When a job was submitted, started and ended, and who stopped it. */
#ifndef FF_STORE_JOB_HISTORY_H
#define FF_STORE_JOB_HISTORY_H

#include "lib/store/db.h"

/* Strings are owned. Times in wall ms, 0: it did not happen. */
struct job_history {
	char *kind;
	char *status;
	char *initiator_role;
	char *initiator_party_id;
	char *reason;	   /* NULL: none */
	char *stop_by;	   /* NULL: nobody */
	char *stop_reason; /* what they said, or NULL */
	int64_t n_components;
	int64_t stop_requested; /* 0, 1: cancel, 2: kill */
	int64_t create_time;
	int64_t start_time;
	int64_t end_time;
	int64_t stop_time;
};

/* ERR_NOTFOUND (and no text) when there is no such job. */
enum err job_history_read(struct db *db, const char *job_id,
    struct job_history *out, struct buf *err);
void job_history_release(struct job_history *h);

#endif
