/*
 * A model as a zip archive in FATE's layout (contract: serving, sections 4
 * and 5), streamed either way: no buffer is ever held in memory whole.
 */
#ifndef FF_MODEL_MODEL_ARCHIVE_H
#define FF_MODEL_MODEL_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/model/define_meta.h"
#include "lib/model/model_path.h"

#define MODEL_ARCHIVE_ENTRIES 20000 /* of an archive that is taken in */

/* Where the bytes go; false ends the writing with ERR_IO. */
struct model_sink {
	bool (*write)(void *arg, const void *bytes, size_t len);
	void *arg;
};

/*
 * Writes the model below `root`, whose index model_tree_read() gave. The same
 * model gives the same bytes. After a failure what was written is no archive.
 */
enum err model_archive_write(const char *root, const struct define_meta *meta,
    const struct model_sink *sink, struct buf *err);

/*
 * Takes the archive in the regular file `fd` in as the model `m`: unpacks it
 * into a folder beside, looks at every entry (names, kinds, sizes, checksums,
 * that each buffer is in the index and is the message that it claims to be,
 * that the pipeline is there), syncs it, and renames it into place.
 * ERR_CONFLICT (and no text): the model is there already. ERR_INVALID: what is
 * wrong with the archive. `max_bytes` limits what it unpacks to.
 */
enum err model_archive_import(
    const struct model_ref *m, int fd, int64_t max_bytes, struct buf *err);

#endif
