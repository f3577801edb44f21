/*
 * A gzip tar that goes out while it is made. Sizes come first in a tar, so a
 * member is announced with its size; more is cut off, less is filled up, and
 * memory stays flat whatever the size.
 */
#ifndef FF_FCGI_ARCHIVE_OUT_H
#define FF_FCGI_ARCHIVE_OUT_H

#include <stdint.h>

#include "fcgi-app/reply.h"

struct archive_out;

/* Sends the head of the answer: `file_name` is what the client saves. */
struct archive_out *archive_out_open(struct reply *rp, const char *file_name);

/* Begins a regular file of `size` bytes; `name` is its path inside. */
void archive_out_member(struct archive_out *a, const char *name, int64_t size);

/* False when the client is gone or nothing more can be written. */
bool archive_out_data(struct archive_out *a, const void *bytes, size_t len);

/* A whole member at once. */
void archive_out_text(
    struct archive_out *a, const char *name, const char *text, size_t len);

/* Ends the archive and frees it; what went wrong is logged. */
void archive_out_close(struct archive_out **a);

#endif
