/* Questions about the site as a whole. */
#ifndef FF_STORE_HEALTH_H
#define FF_STORE_HEALTH_H

#include "lib/store/db.h"

/* Scheduler processes whose row has not expired. */
enum err health_live_schedulers(struct db *db, int64_t *n_out, struct buf *err);

#endif
