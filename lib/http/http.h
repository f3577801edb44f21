/*
 * HTTP requests to a fateflow site (libcurl): JSON bodies, a file uploaded as
 * multipart/form-data with fields beside it, a piece of a file as the body, an
 * answer kept in memory or streamed to a file.
 * Nothing is followed, retried or kept alive; a file is never held in memory.
 */
#ifndef FF_HTTP_HTTP_H
#define FF_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

/*
 * Bytes moved so far and in all (0: unknown), in the direction that counts.
 * False breaks the transfer off.
 */
typedef bool http_progress(int64_t done, int64_t total, void *arg);

struct http_response;

/*
 * Looks at status and headers before the first byte goes to save_path. An
 * error breaks the transfer off and is what http_perform() returns.
 */
typedef enum err
http_admit(const struct http_response *response, void *arg, struct buf *err);

struct http_field {
	const char *name, *value;
};

/* A piece of an open file; its offset is not used or moved. */
struct http_range {
	int fd;
	int64_t offset, len;
};

struct http_request {
	const char *method; /* "GET", "POST"; a body may go with either */
	const char *url;
	const char *json;		 /* request body, or NULL */
	const char *upload_path;	 /* file sent as multipart, or NULL */
	const char *upload_name;	 /* file name shown to the server */
	const struct http_field *fields; /* form fields before the file */
	size_t n_fields;
	const struct http_range *range; /* an octet-stream body, or NULL */
	int64_t timeout_ms;		/* without any byte moving; 0: 60 s */
	http_progress *progress;	/* may be NULL */
	http_admit *admit;		/* may be NULL */
	void *arg;			/* of both */
	/*
	 * NULL, or where the body goes when its type is not JSON. The file
	 * is created by the first byte and removed if the transfer fails.
	 */
	const char *save_path;
};

struct http_response {
	int status;
	struct buf body;	 /* empty when it went to save_path */
	struct buf content_type; /* "" if absent */
	struct buf disposition;	 /* Content-Disposition, "" if absent */
	bool saved;		 /* the body is in save_path */
};

#define HTTP_RESPONSE_INIT                                  \
	{                                                   \
		.body = BUF_INIT, .content_type = BUF_INIT, \
		.disposition = BUF_INIT                     \
	}

/*
 * One exchange. Any HTTP status is a success here. ERR_BUSY: nobody listens
 * there; ERR_IO: the transfer failed or was broken off.
 */
enum err http_perform(const struct http_request *request,
    struct http_response *response, struct buf *err);
void http_response_release(struct http_response *response);

/* Appends "key=value" to a URL ("?" or "&" before it), percent-encoded. */
void http_add_query(struct buf *url, const char *key, const char *value);

#endif
