/* The file "module" of a component's folder (lib/model/model_dir.h). */
#ifndef FF_MODEL_MODEL_INDEX_H
#define FF_MODEL_MODEL_INDEX_H

#include <stddef.h>

#include "lib/base/buf.h"

#define MODEL_INDEX_FILE "module"

struct model_index_row {
	const char *buffer;
	const char *message;
};

/* The rows point into `text`. */
struct model_index {
	struct buf text;
	const char *module;
	struct model_index_row *rows;
	size_t n_rows;
};

/*
 * ERR_NOTFOUND: there is no such folder. ERR_INVALID: it is damaged. Ends with
 * model_index_release() in any case.
 */
enum err
model_index_read(const char *dir, struct model_index *out, struct buf *err);
void model_index_release(struct model_index *index);

#endif
