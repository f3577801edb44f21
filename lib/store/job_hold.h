/* An ended job that somebody takes from, or begins anew, is held by its row. */
#ifndef FF_STORE_JOB_HOLD_H
#define FF_STORE_JOB_HOLD_H

#include "lib/store/db.h"

/*
 * Locks the job's row to the end of the transaction, so that a rerun, cleaning
 * and retention come one after the other and each sees all or nothing of what
 * the others did. ERR_NOTFOUND (and no text): it lives, or there is none.
 */
enum err job_hold_ended(struct db *db, const char *job_id, struct buf *err);

#endif
