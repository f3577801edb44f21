/*
 * The delimiter is CRLF "--" boundary; the body begins as if a CRLF had gone
 * before it. Its first byte, CR, does not occur in the rest, so after a
 * mismatch the match restarts at the current byte alone, and runs without a
 * CR go to the sink in one piece.
 */
#include "fcgi-app/multipart.h"
#include "lib/base/mem.h"
#include "lib/base/utf8.h"

#include <strings.h>

/* Finds `; key=value` or `; key="value"` in a header's value. */
static bool
get_parameter(const char *s, const char *key, struct buf *out)
{
	size_t key_len = strlen(key);

	s += strcspn(s, ";");
	while (*s) {
		bool is_it, is_quoted;

		s += strspn(s, "; \t");
		is_it = !strncasecmp(s, key, key_len) && s[key_len] == '=';
		s += strcspn(s, "=;");
		if (*s == '=')
			s++;
		is_quoted = *s == '"';
		s += is_quoted;
		while (*s && (is_quoted ? *s != '"' : *s != ';')) {
			if (is_quoted && *s == '\\' &&
			    (s[1] == '"' || s[1] == '\\'))
				s++;
			if (is_it)
				buf_addc(out, *s);
			s++;
		}
		if (is_it)
			return true;
		s += strcspn(s, ";");
	}
	return false;
}

enum err
multipart_init(struct multipart *m, const char *content_type,
    const struct multipart_sink *sink, struct buf *err)
{
	static const char type[] = "multipart/form-data";
	struct buf boundary = BUF_INIT;
	enum err rc = ERR_OK;

	memset(m, 0, sizeof(*m));
	buf_init(&m->head);
	m->sink = *sink;
	if (strncasecmp(content_type, type, sizeof(type) - 1) ||
	    !get_parameter(content_type, "boundary", &boundary))
		rc = err_set(err, ERR_INVALID,
		    "the request must be multipart/form-data with a "
		    "boundary and a part named 'file'");
	else if (!boundary.len || boundary.len > MULTIPART_BOUNDARY_MAX ||
		 strpbrk(boundary.ptr, "\r\n"))
		rc = err_set(err, ERR_INVALID,
		    "the multipart boundary must have 1..%d characters",
		    MULTIPART_BOUNDARY_MAX);
	else
		m->delimiter_len = (size_t)snprintf(m->delimiter,
		    sizeof(m->delimiter), "\r\n--%s", boundary.ptr);
	m->matched = 2;
	buf_release(&boundary);
	return rc;
}

void
multipart_release(struct multipart *m)
{
	buf_release(&m->head);
}

static enum err
emit(struct multipart *m, const char *bytes, size_t len, struct buf *err)
{
	if (m->state != MULTIPART_BODY || !len)
		return ERR_OK;
	return m->sink.data(m->sink.arg, bytes, len, err);
}

/* Preamble and body: all up to the delimiter. Moves *at. */
static enum err
scan(struct multipart *m, const char **at, const char *end, struct buf *err)
{
	const char *p = *at;
	enum err rc = ERR_OK;

	while (!rc && p < end && m->matched < m->delimiter_len) {
		if (*p == m->delimiter[m->matched]) {
			m->matched++;
			p++;
		} else if (m->matched) {
			size_t n = m->matched;

			m->matched = 0;
			rc = emit(m, m->delimiter, n, err);
		} else {
			const char *cr = memchr(p, '\r', (size_t)(end - p));
			const char *stop = cr ? cr : end;

			rc = emit(m, p, (size_t)(stop - p), err);
			p = stop;
		}
	}
	*at = p;
	if (rc || m->matched < m->delimiter_len)
		return rc;
	m->matched = 0;
	if (m->state == MULTIPART_BODY)
		rc = m->sink.end(m->sink.arg, err);
	m->state = MULTIPART_AFTER_BOUNDARY;
	buf_reset(&m->head);
	return rc;
}

/* Behind a boundary: "--" ends it all, blanks and CRLF begin a part. */
static enum err
after_boundary(
    struct multipart *m, const char **at, const char *end, struct buf *err)
{
	while (*at < end && m->state == MULTIPART_AFTER_BOUNDARY) {
		char c = *(*at)++;

		if (!m->head.len && (c == ' ' || c == '\t'))
			continue;
		buf_addc(&m->head, c);
		if (m->head.len < 2)
			continue;
		if (!strcmp(m->head.ptr, "--"))
			m->state = MULTIPART_EPILOGUE;
		else if (!strcmp(m->head.ptr, "\r\n"))
			m->state = MULTIPART_HEADERS;
		else
			return err_set(err, ERR_INVALID,
			    "the multipart body has a boundary that is "
			    "followed by neither a line end nor '--'");
		buf_reset(&m->head);
	}
	return ERR_OK;
}

static const char *
find_header(const char *lines, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = lines; p && *p;) {
		if (!strncasecmp(p, name, len) && p[len] == ':')
			return p + len + 1;
		p = strstr(p, "\r\n");
		p = p ? p + 2 : NULL;
	}
	return NULL;
}

static enum err
begin_part(struct multipart *m, struct buf *err)
{
	const char *found;
	struct buf line = BUF_INIT, name = BUF_INIT, file = BUF_INIT;
	bool has_file;
	enum err rc;

	found = find_header(m->head.ptr, "Content-Disposition");
	if (found)
		buf_add(&line, found, strcspn(found, "\r"));
	has_file = get_parameter(line.ptr, "filename", &file);
	if (!get_parameter(line.ptr, "name", &name) ||
	    strlen(m->head.ptr) != m->head.len ||
	    !utf8_is_valid(m->head.ptr, m->head.len))
		rc = err_set(err, ERR_INVALID,
		    "a multipart part has no readable Content-Disposition "
		    "with a name");
	else
		rc = m->sink.begin(
		    m->sink.arg, name.ptr, has_file ? file.ptr : NULL, err);
	m->state = MULTIPART_BODY;
	buf_reset(&m->head);
	buf_release(&line);
	buf_release(&name);
	buf_release(&file);
	return rc;
}

static enum err
headers(struct multipart *m, const char **at, const char *end, struct buf *err)
{
	while (*at < end) {
		buf_addc(&m->head, *(*at)++);
		if (m->head.len > MULTIPART_HEADERS_MAX)
			return err_set(err, ERR_INVALID,
			    "the headers of a multipart part have more than "
			    "%d bytes",
			    MULTIPART_HEADERS_MAX);
		if ((m->head.len >= 4 && !memcmp(m->head.ptr + m->head.len - 4,
					     "\r\n\r\n", 4)) ||
		    (m->head.len == 2 && !memcmp(m->head.ptr, "\r\n", 2)))
			return begin_part(m, err);
	}
	return ERR_OK;
}

static enum err
epilogue(struct multipart *m, const char **at, const char *end, struct buf *err)
{
	(void)m;
	(void)err;
	*at = end;
	return ERR_OK;
}

enum err
multipart_feed(
    struct multipart *m, const char *bytes, size_t len, struct buf *err)
{
	typedef enum err step(
	    struct multipart *, const char **, const char *, struct buf *);
	static step *const steps[] = {
	    [MULTIPART_PREAMBLE] = scan,
	    [MULTIPART_AFTER_BOUNDARY] = after_boundary,
	    [MULTIPART_HEADERS] = headers,
	    [MULTIPART_BODY] = scan,
	    [MULTIPART_EPILOGUE] = epilogue,
	};
	const char *at = bytes, *end = bytes + len;
	enum err rc = ERR_OK;

	while (!rc && at < end)
		rc = steps[m->state](m, &at, end, err);
	return rc;
}

enum err
multipart_finish(struct multipart *m, struct buf *err)
{
	if (m->state == MULTIPART_EPILOGUE)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "the multipart body ends before its closing boundary");
}

static enum err
feed(void *m, const void *bytes, size_t len, struct buf *err)
{
	return multipart_feed(m, bytes, len, err);
}

enum err
multipart_receive(struct multipart *m, struct request *rq, struct buf *err)
{
	enum err rc = request_pump(rq, feed, m, err);

	return rc ? rc : multipart_finish(m, err);
}
