/*
 * Unpacking a tar.gz below a folder of its own. The archive comes from the
 * network: only regular files, and only paths that stay below the folder.
 */
#ifndef FF_CLI_UNPACK_H
#define FF_CLI_UNPACK_H

#include "lib/base/buf.h"

/*
 * Everything or nothing: what lies in the folder is touched when the whole
 * archive has been read, and then file by file replaced. *n_out is the number
 * of files read. ERR_INVALID: it is no archive, or damaged; ERR_DENIED: it
 * holds what it must not; ERR_NOTFOUND: it is empty.
 */
enum err
unpack(const char *archive, const char *folder, int *n_out, struct buf *err);

#endif
