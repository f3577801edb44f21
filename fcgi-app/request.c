/*
 * Web servers disagree about SCRIPT_NAME, PATH_INFO and CONTENT_LENGTH, so
 * only REQUEST_URI is believed, and the body is what comes until its end.
 */
#include "fcgi-app/request.h"
#include "lib/base/mem.h"

#include <strings.h>

#define CHUNK	   16384
#define PUMP_CHUNK 65536

void
request_parse(struct request *rq, const char *prefix)
{
	static const struct {
		const char *name;
		enum request_method method;
	} methods[] = {{"GET", REQUEST_GET}, {"POST", REQUEST_POST}};
	size_t prefix_len = strlen(prefix);
	const char *path = rq->uri;
	size_t len = strcspn(path, "?#");

	rq->query = path[len] == '?' ? path + len + 1 : "";
	if (len >= prefix_len && !strncmp(path, prefix, prefix_len)) {
		path += prefix_len;
		len -= prefix_len;
	}
	buf_init(&rq->path);
	buf_add(&rq->path, path, len);
	rq->method = REQUEST_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (!strcmp(rq->method_name, methods[i].name))
			rq->method = methods[i].method;
}

void
request_release(struct request *rq)
{
	buf_release(&rq->path);
	while (rq->n_args)
		free(rq->args[--rq->n_args]);
	cJSON_Delete(rq->body);
	rq->body = NULL;
}

bool
request_is_json(const struct request *rq)
{
	const char *type = rq->content_type;
	size_t len = strcspn(type, "; \t");

	return (len == 16 && !strncasecmp(type, "application/json", 16)) ||
	       (len > 17 && !strncasecmp(type, "application/", 12) &&
		   !strncasecmp(type + len - 5, "+json", 5));
}

enum err
request_read_text(
    struct request *rq, size_t limit, struct buf *out, struct buf *err)
{
	char chunk[CHUNK];
	ssize_t n;

	do {
		n = rq->read(rq->arg, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		rq->is_too_large = out->len > limit;
	} while (n > 0 && !rq->is_too_large);
	if (n < 0)
		return err_set(
		    err, ERR_IO, "the request's body did not arrive whole");
	if (rq->is_too_large)
		return err_set(err, ERR_INVALID,
		    "the request's body has more than %zu bytes "
		    "(api.body_limit)",
		    limit);
	return ERR_OK;
}

enum err
request_read_json(struct request *rq, size_t limit, struct buf *err)
{
	struct buf text = BUF_INIT;
	enum err rc = request_read_text(rq, limit, &text, err);

	if (!rc && request_is_json(rq))
		rc = json_parse(
		    text.ptr, text.len, "the request body", &rq->body, err);
	buf_release(&text);
	return rc;
}

enum err
request_pump(struct request *rq, request_sink *sink, void *arg, struct buf *err)
{
	char *chunk = xmalloc(PUMP_CHUNK);
	ssize_t n = 0;
	enum err rc = ERR_OK;

	while (!rc && (n = rq->read(rq->arg, chunk, PUMP_CHUNK)) > 0)
		rc = sink(arg, chunk, (size_t)n, err);
	if (!rc && n < 0)
		rc = err_set(err, ERR_INVALID, "the file did not arrive whole");
	free(chunk);
	return rc;
}
