/*
 * Files and folders: whole-file reads with a limit, atomic writes, safe
 * names. Nothing here follows a symbolic link in the last component when it
 * opens a file for reading.
 */
#ifndef FF_BASE_PATH_H
#define FF_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/buf.h"

/* "<a>/<b>" appended to an emptied `out`; printf-like. */
const char *path_set(struct buf *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * True when s may be one component of a path: not empty, not "." or "..",
 * at most 255 bytes, no '/', no control character.
 */
bool path_is_component(const char *s);

/*
 * mkdir -p with mode 0750. Existing folders are fine. A part that vanishes
 * meanwhile was found empty by somebody who tidies up: then from the start.
 */
enum err path_mkdirs(const char *path, struct buf *err);
/* The same below `base`, a part of `path`; ERR_NOTFOUND without `base`. */
enum err path_mkdirs_below(const char *base, const char *path, struct buf *err);

/* Reads a regular file of at most `limit` bytes; ERR_NOTFOUND if absent. */
enum err path_read_file(
    const char *path, size_t limit, struct buf *out, struct buf *err);

/* Gives a file without a name one; false, and errno, when it is not to be. */
bool path_link_fd(int fd, const char *path);

enum path_durability { PATH_SCRATCH, PATH_DURABLE, PATH_PRIVATE, PATH_ONCE };

/*
 * Writes `path` whole or not at all: a temporary file beside it, renamed.
 * PATH_DURABLE also syncs the file and its folder; PATH_PRIVATE is scratch
 * that nobody but its owner may read (mode 0600, else 0640). PATH_ONCE is
 * scratch where nobody looks for temporary files. With it and PATH_DURABLE the
 * first file by that name is nameless before, where the file system can, so
 * that a process that is killed leaves nothing.
 */
enum err path_write_file(const char *path, const void *data, size_t len,
    enum path_durability durability, struct buf *err);

/* write() until all is written; false (errno says why) when it fails. */
bool path_write_all(int fd, const void *data, size_t len);

/* fsync of a folder, so that a rename within it survives a power cut. */
enum err path_sync_dir(const char *path, struct buf *err);

/*
 * Removes a folder and all below it; does not follow symbolic links and does
 * not cross into another file system. An absent folder is a success.
 */
enum err path_remove_tree(const char *path, struct buf *err);

bool path_exists(const char *path);

/* The folder of `path` ("/a/b/c" -> "/a/b") appended to an emptied `out`. */
const char *path_parent(const char *path, struct buf *out);

#endif
