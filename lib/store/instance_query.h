/* Is a scheduler at work? For health, which only looks. */
#ifndef FF_STORE_INSTANCE_QUERY_H
#define FF_STORE_INSTANCE_QUERY_H

#include "lib/store/db.h"

/* Scheduler processes whose lease has not run out. */
enum err instance_query_alive(struct db *db, int64_t *n_out, struct buf *err);

#endif
