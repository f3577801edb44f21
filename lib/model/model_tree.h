/*
 * A whole model, one folder of it per component and alias (model_path.h), and
 * beside them ".define/proto" with the definitions that an imported archive
 * brought along; without it the definitions are our own.
 */
#ifndef FF_MODEL_MODEL_TREE_H
#define FF_MODEL_MODEL_TREE_H

#include "lib/base/json.h"
#include "lib/base/embed.h"
#include "lib/model/define_meta.h"
#include "lib/model/model_path.h"

#define MODEL_DEFINE_DIR ".define"

/* Our own definitions, generated from lib/model/proto. */
extern const struct embed_file model_protos[];

/*
 * Reads the index of every folder below `root`. ERR_NOTFOUND (and no text)
 * when there is no model; ERR_INVALID when a file is not as it should be, or
 * the pipeline is missing, as with a training that did not finish.
 */
enum err
model_tree_read(const char *root, struct define_meta *out, struct buf *err);

/* Path of one buffer, into an emptied `out`. */
const char *model_tree_path(
    const char *root, const struct define_buffer *b, struct buf *out);

/*
 * What the site keeps in a row of a model that came in whole: its size, and the
 * roles of the job that trained it, {"guest":[9999],...} as its pipeline
 * tells, or "{}".
 */
enum err model_tree_describe(const struct model_ref *m, struct buf *roles_out,
    int64_t *size_out, struct buf *err);

/*
 * Takes the model away in one step: its folder is renamed below
 * <work>/models/.trash, and *trash names it for path_remove_tree().
 * ERR_NOTFOUND (and no text) when there is none.
 */
enum err
model_tree_trash(const struct model_ref *m, struct buf *trash, struct buf *err);

/* The same, and the files too. What fails is left in the trash. */
void model_tree_remove(const struct model_ref *m);

/*
 * "role#party#model_id" into its parts, which borrow from `text` after it was
 * cut. ERR_INVALID when it has not three.
 */
enum err
model_tree_split(char *party_model, struct model_ref *out, struct buf *err);

#endif
