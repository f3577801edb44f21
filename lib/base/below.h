/*
 * Paths that users name and that must lie below a folder of the operator's.
 * They are resolved when asked for, and opened later without following any
 * link, since folders may have changed in between.
 */
#ifndef FF_BASE_BELOW_H
#define FF_BASE_BELOW_H

#include <stdbool.h>

#include "lib/base/buf.h"

/*
 * `path` with all links resolved of as much of it as exists; a relative one
 * counts from `root`. What does not exist must be plain names. False unless
 * the result lies below the resolved root. Both are written.
 */
bool below_resolve(const char *root, const char *path, struct buf *root_out,
    struct buf *path_out);

/*
 * Opens the folder of `path`, which below_resolve() wrote, from its root
 * down: ERR_DENIED at a link. Makes what is missing. *name_out is the last
 * component, within `path`.
 */
enum err below_open_folder(const char *root, const char *path, int *dir_fd_out,
    const char **name_out, struct buf *err);

#endif
