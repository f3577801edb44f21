#include "lib/base/buf.h"
#include "lib/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char buf_empty[1];

void
buf_init(struct buf *b)
{
	b->ptr = buf_empty;
	b->len = 0;
	b->cap = 0;
}

void
buf_release(struct buf *b)
{
	if (b->cap)
		free(b->ptr);
	buf_init(b);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->cap)
		b->ptr[0] = '\0';
}

char *
buf_detach(struct buf *b)
{
	char *out = b->cap ? b->ptr : xstrdup("");

	buf_init(b);
	return out;
}

void
buf_reserve(struct buf *b, size_t more)
{
	size_t want = b->len + more + 1;
	size_t cap = b->cap + b->cap / 2;

	assert(want > more);
	if (want <= b->cap)
		return;
	if (cap < want)
		cap = want < 64 ? 64 : want;
	b->ptr = xreallocarray(b->cap ? b->ptr : NULL, cap, 1);
	b->ptr[b->len] = '\0';
	b->cap = cap;
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	if (!len)
		return;
	buf_reserve(b, len);
	memcpy(b->ptr + b->len, data, len);
	b->len += len;
	b->ptr[b->len] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	size_t room = b->cap ? b->cap - b->len : 0;
	va_list again;
	int need;

	va_copy(again, ap);
	need = vsnprintf(room ? b->ptr + b->len : NULL, room, fmt, again);
	va_end(again);
	assert(need >= 0);
	if ((size_t)need >= room) {
		buf_reserve(b, (size_t)need);
		vsnprintf(b->ptr + b->len, (size_t)need + 1, fmt, ap);
	}
	b->len += (size_t)need;
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void
buf_truncate(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->cap)
		b->ptr[len] = '\0';
}

enum err
err_set(struct buf *err, enum err code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		buf_vaddf(err, fmt, ap);
		va_end(ap);
	}
	return code;
}

/* EFBIG: the process's limit of file sizes. */
static bool
is_full(int number)
{
	return number == ENOSPC || number == EDQUOT || number == EFBIG;
}

enum err
err_set_errno(struct buf *err, enum err code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		buf_vaddf(err, fmt, ap);
		va_end(ap);
		buf_addf(err, ": %s", strerror(saved));
	}
	return code == ERR_IO && is_full(saved) ? ERR_FULL : code;
}
