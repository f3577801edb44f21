/*
 * A component's model folder: one file per buffer and the file "module",
 *
 *	HeteroLR
 *	HeteroLogisticRegressionMeta LRModelMeta
 *	HeteroLogisticRegressionParam LRModelParam
 *
 * Written whole and durably, read-only ever after.
 */
#ifndef FF_MODEL_MODEL_DIR_H
#define FF_MODEL_MODEL_DIR_H

#include "lib/model/model.h"

/* One buffer is at most this large. */
#define MODEL_BUFFER_MAX ((size_t)256 << 20)

struct model_buffer {
	const char *name;    /* "HeteroLogisticRegressionParam" */
	const char *message; /* "LRModelParam" */
	const void *bytes;
	size_t len;
};

struct model_write {
	const char *module; /* "HeteroLR" */
	const struct model_buffer *buffers;
	size_t n_buffers;
};

/*
 * Makes `dir` (its parents are made too) with the model in it, synced, by
 * renaming the folder `scratch`, whose parent must be there; a writer that is
 * killed leaves that. When `dir` is there already it is left as it is: ERR_OK
 * if it holds the same bytes, so that a repeat after a crash is harmless, else
 * ERR_CONFLICT.
 */
enum err model_dir_write(const char *dir, const char *scratch,
    const struct model_write *model, struct buf *err);

/*
 * One buffer of the folder as its message, ended by the caller with
 * protobuf_c_message_free_unpacked(). ERR_INVALID: it is damaged or not there.
 */
enum err model_dir_read(const char *dir, const char *name, const char *message,
    ProtobufCMessage **out, struct buf *err);

/*
 * What tracking shows of the folder: the module's name, and the buffers whose
 * names end in "Meta" and "Param" as JSON (NULL when there is none). Strings
 * and trees are the caller's: free(), cJSON_Delete().
 */
struct model_view {
	char *module;
	cJSON *meta;
	cJSON *param;
};

/* ERR_NOTFOUND: no such folder. ERR_INVALID: it is damaged. */
enum err
model_dir_to_json(const char *dir, struct model_view *out, struct buf *err);
void model_view_release(struct model_view *view);

#endif
