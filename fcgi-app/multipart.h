/*
 * multipart/form-data (RFC 7578) as a state machine over chunks: whatever the
 * cuts between them, the same parts come out. It keeps at most a boundary
 * and one part's header lines.
 */
#ifndef FF_FCGI_MULTIPART_H
#define FF_FCGI_MULTIPART_H

#include <stdbool.h>

#include "fcgi-app/request.h"

#define MULTIPART_BOUNDARY_MAX 70
#define MULTIPART_HEADERS_MAX  8192

/* What the parser calls; an error from one ends the parse with it. */
struct multipart_sink {
	/* A part begins. file_name is NULL for a plain field. */
	enum err (*begin)(void *arg, const char *name, const char *file_name,
	    struct buf *err);
	enum err (*data)(
	    void *arg, const void *bytes, size_t len, struct buf *err);
	enum err (*end)(void *arg, struct buf *err);
	void *arg;
};

enum multipart_state {
	MULTIPART_PREAMBLE,
	MULTIPART_AFTER_BOUNDARY, /* CRLF or -- */
	MULTIPART_HEADERS,
	MULTIPART_BODY,
	MULTIPART_EPILOGUE,
};

struct multipart {
	enum multipart_state state;
	struct multipart_sink sink;
	char delimiter[MULTIPART_BOUNDARY_MAX + 5]; /* CRLF "--" boundary */
	size_t delimiter_len;
	size_t matched;	 /* of the delimiter, at the end of what was fed */
	struct buf head; /* header lines; after a boundary: its line end */
};

/*
 * Takes the boundary out of the Content-Type. ERR_INVALID when the type is
 * not multipart/form-data with a legal boundary.
 */
enum err multipart_init(struct multipart *m, const char *content_type,
    const struct multipart_sink *sink, struct buf *err);
enum err multipart_feed(
    struct multipart *m, const char *bytes, size_t len, struct buf *err);
/* After the last chunk: ERR_INVALID unless the closing boundary was seen. */
enum err multipart_finish(struct multipart *m, struct buf *err);
/* A request's whole body, and the finish. */
enum err
multipart_receive(struct multipart *m, struct request *rq, struct buf *err);
void multipart_release(struct multipart *m);

#endif
