/*
 * A request, whatever carries it: the FastCGI worker and the tests fill in
 * `read` and the texts.
 */
#ifndef FF_FCGI_REQUEST_H
#define FF_FCGI_REQUEST_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/json.h"

#define REQUEST_ARGS_MAX 5

enum request_method {
	REQUEST_OTHER = 0,
	REQUEST_GET = 1 << 0,
	REQUEST_POST = 1 << 1,
};

struct request {
	const char *method_name;
	const char *uri;	  /* REQUEST_URI, undecoded */
	const char *content_type; /* "" when absent */
	const char *client;	  /* address, for the log */
	const char *token;	  /* Idempotency-Key; "" or NULL: absent */
	int64_t body_len;	  /* as announced, 0 when it was not */
	/* Up to `len` bytes of the body; 0 at its end, -1 on failure. */
	ssize_t (*read)(void *arg, void *bytes, size_t len);
	void *arg;

	/* Filled in by request_parse() and request_read_json(). */
	enum request_method method;
	struct buf path;	      /* without prefix and query */
	char *args[REQUEST_ARGS_MAX]; /* of a route with "{name}", in order */
	size_t n_args;
	const char *query; /* behind '?', or "" */
	cJSON *body;	   /* NULL when absent or no JSON by its type */
	bool is_too_large;
};

/* Splits the URI; `prefix` is what the web server puts before /v1. */
void request_parse(struct request *rq, const char *prefix);
void request_release(struct request *rq);

bool request_is_json(const struct request *rq);

/*
 * Reads the body to its end, whatever its announced length; request_read_json
 * parses it if its type is JSON. ERR_INVALID: no JSON, or (is_too_large) over
 * the limit; ERR_IO: the client went away or stayed silent for too long.
 */
enum err request_read_text(
    struct request *rq, size_t limit, struct buf *out, struct buf *err);
enum err request_read_json(struct request *rq, size_t limit, struct buf *err);

/*
 * Gives the body out piece by piece. The sink's error ends it; ERR_INVALID
 * when the body broke off.
 */
typedef enum err
request_sink(void *arg, const void *bytes, size_t len, struct buf *err);
enum err request_pump(
    struct request *rq, request_sink *sink, void *arg, struct buf *err);

#endif
