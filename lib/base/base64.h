/* Bytes as text (RFC 4648, with padding). */
#ifndef FF_BASE_BASE64_H
#define FF_BASE_BASE64_H

#include <stddef.h>

#include "lib/base/buf.h"

/* Appends; pieces of a multiple of three bytes join without a seam. */
void base64_add(struct buf *out, const void *bytes, size_t len);

#endif
