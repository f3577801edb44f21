/*
 * Neighbouring lines of one level go out as one part, so a long file costs a
 * memchr() per line and few calls. A line's level is decided by its first
 * bytes; of a line that is longer than the buffer the rest follows them.
 */
#include "fcgi-app/log_view.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)256 << 10)
#define HEAD  12 /* the longest head, "[WARNING] [", is shorter */

static const struct {
	const char *name;
	const char *head;
} levels[] = {
    [LOG_VIEW_STD] = {"std.log", NULL},
    [LOG_VIEW_DEBUG] = {"DEBUG.log", "[DEBUG] ["},
    [LOG_VIEW_INFO] = {"INFO.log", "[INFO] ["},
    [LOG_VIEW_WARNING] = {"WARNING.log", "[WARNING] ["},
    [LOG_VIEW_ERROR] = {"ERROR.log", "[ERROR] ["},
};
static_assert(ARRAY_LEN(levels) == LOG_VIEW__MAX, "a name each");

struct walk {
	log_view_each *each;
	void *arg;
	char *bytes;
	size_t len;
	enum log_view_level level;
	bool in_line; /* of this level, its head went out already */
};

const char *
log_view_name(enum log_view_level level)
{
	return levels[level].name;
}

bool
log_view_has(enum log_view_level view, enum log_view_level line)
{
	return view == LOG_VIEW_STD ? line == LOG_VIEW_STD : line >= view;
}

static enum log_view_level
classify(const char *line, size_t len)
{
	for (enum log_view_level l = LOG_VIEW_DEBUG; l < LOG_VIEW__MAX; l++) {
		size_t n = strlen(levels[l].head);

		if (len >= n && !memcmp(line, levels[l].head, n))
			return l;
	}
	return LOG_VIEW_STD;
}

static bool
pass_on(struct walk *w, size_t from, size_t to)
{
	return from == to ||
	       w->each(w->arg, w->level, w->bytes + from, to - from);
}

/* All of the buffer but a line's head that is not whole yet. */
static bool
pass_lines(struct walk *w, bool is_last)
{
	size_t from = 0, at = 0;
	bool ok = true;

	while (ok && at < w->len) {
		char *p = w->bytes + at, *end;
		size_t n = w->len - at;

		end = memchr(p, '\n', n);
		if (!w->in_line) {
			enum log_view_level level;

			if (!end && n < HEAD && !is_last)
				break;
			level = classify(p, n);
			if (level != w->level) {
				ok = pass_on(w, from, at);
				from = at;
				w->level = level;
			}
		}
		w->in_line = !end;
		at = end ? (size_t)(end - w->bytes) + 1 : w->len;
	}
	ok = ok && pass_on(w, from, at);
	w->len -= at;
	memmove(w->bytes, w->bytes + at, w->len);
	return ok;
}

bool
log_view_walk(int fd, int64_t size, log_view_each *each, void *arg)
{
	struct walk w = {.each = each, .arg = arg, .bytes = xmalloc(CHUNK)};
	int64_t at = 0;
	bool ok = true;
	ssize_t n = 1;

	while (ok && n > 0 && at < size) {
		size_t want = CHUNK - w.len;

		if ((int64_t)want > size - at)
			want = (size_t)(size - at);
		n = pread(fd, w.bytes + w.len, want, at);
		if (n > 0) {
			at += n;
			w.len += (size_t)n;
		}
		ok = pass_lines(&w, n <= 0 || at == size);
	}
	free(w.bytes);
	return ok;
}
