/*
 * One buffer holds what was read; lines are found in it by memchr() and given
 * out where they lie. When a line is not whole its head moves to the front
 * and the rest is read behind it; the buffer grows only for longer lines.
 */
#include "lib/table/csv.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_LEN ((size_t)512 << 10)

struct csv_reader {
	char *path;
	int fd;
	int64_t size;
	int64_t offset; /* of the byte at `at` */
	char *ptr;
	size_t at, len, cap;
	size_t scanned; /* bytes from `at` on known to hold no LF */
	int64_t number;
	bool is_end;
};

enum err
csv_open(const char *path, struct csv_reader **out, struct buf *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct csv_reader *r;
	struct stat st;

	*out = NULL;
	if (fd < 0)
		return err_set_errno(err,
		    errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "cannot open %s",
		    path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(
		    err, ERR_INVALID, "%s is not a regular file", path);
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	r = xcalloc(1, sizeof(*r));
	r->path = xstrdup(path);
	r->fd = fd;
	r->size = st.st_size;
	r->cap = READ_LEN + 1;
	r->ptr = xmalloc(r->cap);
	*out = r;
	return ERR_OK;
}

void
csv_close(struct csv_reader **rp)
{
	struct csv_reader *r = *rp;

	if (!r)
		return;
	close(r->fd);
	free(r->path);
	free(r->ptr);
	free(r);
	*rp = NULL;
}

int64_t
csv_size(const struct csv_reader *r)
{
	return r->size;
}

int64_t
csv_offset(const struct csv_reader *r)
{
	return r->offset;
}

/* Reads more behind what is there. */
static enum err
refill(struct csv_reader *r, struct buf *err)
{
	ssize_t n;

	memmove(r->ptr, r->ptr + r->at, r->len - r->at);
	r->len -= r->at;
	r->at = 0;
	if (r->len == r->cap - 1) {
		r->cap = (r->cap - 1) * 2 + 1;
		r->ptr = xreallocarray(r->ptr, r->cap, 1);
	}
	do
		n = read(r->fd, r->ptr + r->len, r->cap - 1 - r->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set_errno(err, ERR_IO, "cannot read %s", r->path);
	r->len += (size_t)n;
	r->is_end = n == 0;
	return ERR_OK;
}

static void
drop_mark(struct csv_reader *r)
{
	if (r->len < 3 || memcmp(r->ptr, "\xef\xbb\xbf", 3))
		return;
	r->at = 3;
	r->offset = 3;
}

/* The line ahead, `len` bytes and maybe an end of line. */
static void
take(struct csv_reader *r, size_t len, bool has_end, struct csv_line *out)
{
	size_t used = len + has_end;

	out->text = r->ptr + r->at;
	out->len = len;
	out->number = ++r->number;
	if (len && out->text[len - 1] == '\r')
		out->len--;
	out->text[out->len] = '\0';
	r->at += used;
	r->offset += (int64_t)used;
	r->scanned = 0;
}

/*
 * Length of the line ahead without its LF; reads on until it is whole.
 * ERR_NOTFOUND at the end of the file.
 */
static enum err
measure(
    struct csv_reader *r, size_t *len_out, bool *has_end_out, struct buf *err)
{
	for (;;) {
		size_t left = r->len - r->at;
		const char *from = r->ptr + r->at;
		const char *end =
		    memchr(from + r->scanned, '\n', left - r->scanned);
		bool is_start = !r->number && !r->len;
		enum err rc;

		*has_end_out = end != NULL;
		*len_out = end ? (size_t)(end - from) : left;
		if (*len_out > CSV_LINE_MAX)
			return err_set(err, ERR_INVALID,
			    "line %lld of %s is longer than %zu bytes",
			    (long long)r->number + 1, r->path, CSV_LINE_MAX);
		if (end || r->is_end)
			return end || left ? ERR_OK : ERR_NOTFOUND;
		r->scanned = left;
		rc = refill(r, err);
		if (rc)
			return rc;
		if (is_start)
			drop_mark(r);
	}
}

enum err
csv_next(struct csv_reader *r, struct csv_line *out, struct buf *err)
{
	bool has_end;
	size_t len;
	enum err rc = measure(r, &len, &has_end, err);

	if (!rc)
		take(r, len, has_end, out);
	return rc;
}

size_t
csv_split(struct csv_line *line)
{
	size_t n = 1;
	char *p = memchr(line->text, '\t', line->len);
	char *end = line->text + line->len;

	for (; p && p < end; p = memchr(p, '\t', (size_t)(end - p)))
		*p++ = ',';
	for (p = line->text; p < end; p++)
		n += *p == ',';
	return n;
}
