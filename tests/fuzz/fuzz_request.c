/*
 * libFuzzer target: a URI, a NUL, and a JSON body. Stands for what a request
 * goes through before any handler.
 */
#include "fcgi-app/query_string.h"
#include "fcgi-app/request.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rest {
	const uint8_t *at;
	size_t len;
};

static ssize_t
read_some(void *arg, void *bytes, size_t len)
{
	struct rest *r = arg;
	size_t n = r->len < len ? r->len : len;

	memcpy(bytes, r->at, n);
	r->at += n;
	r->len -= n;
	return (ssize_t)n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = memchr(data, '\0', size);
	size_t uri_len = nul ? (size_t)(nul - data) : size;
	struct rest rest = {data + uri_len, size - uri_len};
	struct buf uri = BUF_INIT;
	struct request rq = {.method_name = "POST",
	    .content_type = "application/json",
	    .client = "",
	    .read = read_some,
	    .arg = &rest};
	cJSON *query = NULL;

	if (nul) {
		rest.at++;
		rest.len--;
	}
	buf_add(&uri, data, uri_len);
	rq.uri = uri.ptr;
	request_parse(&rq, "/ff");
	(void)query_string_parse(rq.query, &query, NULL);
	(void)request_read_json(&rq, 65536, NULL);
	cJSON_Delete(query);
	request_release(&rq);
	buf_release(&uri);
	return 0;
}
