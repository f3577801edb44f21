/* The job that was submitted with a client's token. */
#ifndef FF_STORE_SUBMIT_TOKEN_H
#define FF_STORE_SUBMIT_TOKEN_H

#include "lib/core/ids.h"
#include "lib/store/db.h"

struct submit_token_job {
	char job_id[ID_JOB_MAX + 1];
	char *digest; /* of what it came with; owned, as the next */
	char *answer; /* the data it was answered, JSON */
};

/* ERR_NOTFOUND (and no text): nobody has used it. */
enum err submit_token_find(struct db *db, const char *token,
    struct submit_token_job *out, struct buf *err);
void submit_token_job_release(struct submit_token_job *j);

#endif
