/*
 * Only the end of the file is read, whatever its size. Lines are taken from
 * the last one back until lines or bytes are used up.
 */
#include "fcgi-app/log_tail.h"
#include "lib/base/mem.h"
#include "lib/base/utf8.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CUT "..."

/* Reads the last bytes of the file; false when there is none. */
static bool
read_end(const char *path, struct buf *out, bool *is_cut_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char bytes[LOG_TAIL_BYTES];
	struct stat st;
	ssize_t n = -1;
	off_t from;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		from = st.st_size > LOG_TAIL_BYTES ? st.st_size - LOG_TAIL_BYTES
						   : 0;
		n = pread(fd, bytes, sizeof(bytes), from);
		*is_cut_out = from > 0;
	}
	close(fd);
	if (n > 0)
		buf_add(out, bytes, (size_t)n);
	return n > 0;
}

/* Bytes of the UTF-8 character at s that may be shown as it is, or 0. */
static size_t
shown_len(const char *s, size_t len)
{
	if ((unsigned char)*s < 0x80)
		return (unsigned char)*s >= ' ' && *s != 0x7f;
	for (size_t n = 2; n <= 4 && n <= len; n++)
		if (utf8_is_valid(s, n)) /* and no C1 control */
			return (unsigned char)s[0] == 0xc2 &&
				       (unsigned char)s[1] < 0xa0
				   ? 0
				   : n;
	return 0;
}

static void
escape(const char *s, size_t len, struct buf *out)
{
	while (len) {
		size_t n = shown_len(s, len);

		if (n)
			buf_add(out, s, n);
		else
			buf_addf(out, "\\x%02x", (unsigned char)*s);
		n = n ? n : 1;
		s += n;
		len -= n;
	}
}

/* The beginning goes, so that at most `room` bytes stay; not in a character. */
static void
shorten(struct buf *line, size_t room)
{
	struct buf kept = BUF_INIT;
	size_t from = line->len - (room - strlen(CUT));

	while (((unsigned char)line->ptr[from] & 0xc0) == 0x80)
		from++;
	buf_adds(&kept, CUT);
	buf_add(&kept, line->ptr + from, line->len - from);
	buf_reset(line);
	buf_add(line, kept.ptr, kept.len);
	buf_release(&kept);
}

/* Where the line begins that ends before `end`. */
static size_t
line_start(const struct buf *text, size_t end)
{
	while (end && text->ptr[end - 1] != '\n')
		end--;
	return end;
}

cJSON *
log_tail_read(const char *path)
{
	cJSON *lines = cJSON_CreateArray();
	struct buf text = BUF_INIT, line = BUF_INIT;
	bool is_cut = false, is_full = false;
	size_t end, room = LOG_TAIL_BYTES;

	if (!read_end(path, &text, &is_cut))
		goto out;
	end = text.len - (text.ptr[text.len - 1] == '\n');
	for (int i = 0; i < LOG_TAIL_LINES && !is_full; i++) {
		size_t from = line_start(&text, end);
		bool is_part = from == 0 && is_cut;

		if (is_part && i > 0)
			break;
		buf_reset(&line);
		if (is_part)
			buf_adds(&line, CUT);
		escape(text.ptr + from, end - from, &line);
		is_full = line.len > room;
		if (is_full && i > 0)
			break;
		if (is_full)
			shorten(&line, room);
		room -= line.len;
		cJSON_InsertItemInArray(lines, 0, cJSON_CreateString(line.ptr));
		if (!from)
			break;
		end = from - 1;
	}
out:
	buf_release(&text);
	buf_release(&line);
	return lines;
}
