/*
 * struct buf: the one growing byte buffer.
 *
 * `ptr` is never NULL and always has a NUL at ptr[len], so that it reads as a
 * string; `len` does not count it. Initialise with BUF_INIT, end with
 * buf_release() (which makes it empty and usable again). buf_detach() is the
 * only way to take the memory out.
 */
#ifndef FF_BASE_BUF_H
#define FF_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "lib/base/err.h"

struct buf {
	char *ptr;
	size_t len;
	size_t cap; /* 0: ptr is the shared empty string */
};

extern char buf_empty[];
#define BUF_INIT                                     \
	{                                            \
		.ptr = buf_empty, .len = 0, .cap = 0 \
	}

void buf_init(struct buf *b);
void buf_release(struct buf *b);

/* Sets the length to 0 and keeps the memory. */
void buf_reset(struct buf *b);

/* The content as a malloc'ed string that the caller frees; b is empty after. */
char *buf_detach(struct buf *b);

/* Makes room for `more` bytes after len. */
void buf_reserve(struct buf *b, size_t more);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Cuts to `len` bytes, which must not be more than there are. */
void buf_truncate(struct buf *b, size_t len);

/*
 * Appends the sentence to `err` (when it is not NULL) and returns `code`:
 * `return err_set(err, ERR_INVALID, "head is %d, expected 0 or 1", head);`
 */
enum err err_set(struct buf *err, enum err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same with ": <strerror(errno)>" appended. ERR_IO becomes ERR_FULL when
 * errno says that a disk, a quota or a limit is full.
 */
enum err err_set_errno(struct buf *err, enum err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
