/*
 * An HTTP client over libcurl: one request, one answer. Plain requests carry
 * JSON (GET too, as FATE-Flow expects); files are streamed both ways.
 */
#ifndef FF_HTTP_HTTP_H
#define FF_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/json.h"

/* Bytes done and bytes in all (0: unknown). */
typedef void http_progress(int64_t done, int64_t total, void *arg);

struct http_request {
	const char *method; /* "GET", "POST" */
	const char *url;
	const cJSON *json;	 /* the body, or NULL */
	const char *upload_path; /* sent as multipart part `file`, or NULL */
	const char *save_path;	 /* the answer goes here, or NULL: body */
	int64_t timeout_ms;	 /* for all of it; 0: none */
	http_progress *progress; /* of the upload or download, or NULL */
	void *progress_arg;
};

struct http_answer {
	long status;
	struct buf body;	 /* empty with save_path */
	struct buf content_type; /* "application/json" */
	struct buf disposition;	 /* Content-Disposition, or empty */
};

void http_answer_init(struct http_answer *a);
void http_answer_release(struct http_answer *a);

/*
 * ERR_OK for any answer, whatever its status. ERR_BUSY when nobody listens
 * (the text holds "Connection refused"), ERR_NOTFOUND when a file to upload
 * is absent, ERR_IO for the rest. A body over 64 MiB without save_path is an
 * error.
 */
enum err http_perform(const struct http_request *request,
    struct http_answer *answer, struct buf *err);

/*
 * Appends "key=value" pairs of an object's strings, numbers and booleans,
 * percent-encoded, '&' between them.
 */
void http_query(const cJSON *object, struct buf *out);

#endif
