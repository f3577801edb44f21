/*
 * The rows of the models that this site has (t_machine_learning_model_meta).
 * A training's grow by lib/store/ingest.h; here are those that come and go as
 * a whole.
 */
#ifndef FF_STORE_MODEL_META_H
#define FF_STORE_MODEL_META_H

#include "lib/store/ingest.h"

/* The row of a model that came in whole. */
enum err
model_meta_set(struct db *db, const struct ingest_model *m, struct buf *err);

/* Is there one? */
enum err model_meta_has(
    struct db *db, const struct ingest_model *m, bool *out, struct buf *err);

/*
 * Forgets it; of `m` only what names it is read. ERR_NOTFOUND (and no text)
 * when there is no such row.
 */
enum err
model_meta_remove(struct db *db, const struct ingest_model *m, struct buf *err);

/* Role, party, model id, version, bytes, creation (ms), job; by creation. */
enum err
model_meta_stream(struct db *db, struct db_rows **out, struct buf *err);

/* Job id and runtime configuration of every job that has not ended. */
enum err
model_meta_live_jobs(struct db *db, struct db_rows **out, struct buf *err);

#endif
