/*
 * The model center: what changes a model's folder and its row together, for
 * every program that does so. The folder comes and goes by one rename, so
 * whatever is interrupted, there is never half a model under its name.
 */
#ifndef FF_CENTER_CENTER_H
#define FF_CENTER_CENTER_H

#include "lib/model/model_path.h"
#include "lib/store/db.h"

/*
 * Writes the row of a model that stands whole in its folder. When that fails
 * the folder is taken away again.
 */
enum err
center_register(struct db *db, const struct model_ref *m, struct buf *err);

/*
 * Writes the row of a model that stands in its folder without one, as whoever
 * is killed between the two leaves it. *adopted_out: so it was. What has its
 * row, or is no whole model, is left alone.
 */
enum err center_adopt(struct db *db, const struct model_ref *m,
    bool *adopted_out, struct buf *err);

/*
 * Deletes folder and row; either alone is worth it. ERR_CONFLICT names a job
 * that uses the model and has not ended, ERR_NOTFOUND names the model.
 */
enum err
center_delete(struct db *db, const struct model_ref *m, struct buf *err);

#endif
