/* What the files of a mailbox share; nobody else includes it. */
#ifndef FF_FEDERATION_MAILBOX_PRIVATE_H
#define FF_FEDERATION_MAILBOX_PRIVATE_H

#include <stdint.h>

#include "lib/base/buf.h"

/* Bytes of the messages that wait in a folder. */
enum err mailbox_folder_bytes(const char *dir, int64_t *out, struct buf *err);

#endif
