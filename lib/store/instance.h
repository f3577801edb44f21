/*
 * A scheduler process in the database: one row per start, with an expiry on
 * the database's clock. What a scheduler may change hangs on the owner and
 * fence of each job's row; the expiry only says whose jobs may be taken over.
 */
#ifndef FF_STORE_INSTANCE_H
#define FF_STORE_INSTANCE_H

#include "lib/store/db.h"

/* A new row; its id was never used before. */
enum err
instance_new(struct db *db, int64_t lease_ms, int64_t *id_out, struct buf *err);

/*
 * Moves the expiry to lease_ms from now. ERR_CONFLICT when it has passed
 * already or the row is gone: others may own our jobs since.
 */
enum err
instance_renew(struct db *db, int64_t id, int64_t lease_ms, struct buf *err);

/*
 * The same for an instance that owns nothing, and so lets its expiry pass
 * while it is idle; ERR_CONFLICT when the row is gone.
 */
enum err
instance_revive(struct db *db, int64_t id, int64_t lease_ms, struct buf *err);

/* A clean end: whoever comes next need not wait for the expiry. */
enum err instance_end(struct db *db, int64_t id, struct buf *err);

/* Removes rows expired for a day that own nothing live. */
enum err instance_sweep(struct db *db, struct buf *err);

#endif
