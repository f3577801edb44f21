/*
 * A message goes behind five bytes: a zero (not compressed) and its length.
 * The verdict comes in the trailers, which libcurl hands over like headers;
 * an error without a message comes as headers alone.
 */
#include "lib/http/grpc.h"
#include "lib/http/header.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#define PREFIX_LEN 5
#define ANSWER_MAX ((size_t)4 << 20)

struct exchange {
	struct buf body;
	struct buf status;  /* grpc-status */
	struct buf message; /* grpc-message, decoded */
	bool is_grpc;	    /* by its content type */
	bool is_too_large;
};

static const char *const status_names[] = {"OK", "CANCELLED", "UNKNOWN",
    "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
    "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
    "UNAUTHENTICATED"};

bool
grpc_is_address(const char *text)
{
	static const char host[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	size_t n = strspn(text, host);
	int64_t port;

	if (*text == '[') { /* an IPv6 address */
		n = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		if (text[n++] != ']')
			return false;
	}
	return n > 0 && n <= 255 && text[n] == ':' &&
	       !num_parse_int(text + n + 1, "port", 1, 65535, &port, NULL);
}

static size_t
take_body(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	x->is_too_large = x->body.len + size * n > ANSWER_MAX;
	if (x->is_too_large)
		return 0;
	buf_add(&x->body, data, size * n);
	return size * n;
}

static int
hex(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static void
decode(const char *s, size_t len, struct buf *out)
{
	buf_reset(out);
	for (size_t i = 0; i < len; i++)
		if (s[i] == '%' && i + 2 < len && hex(s[i + 1]) >= 0 &&
		    hex(s[i + 2]) >= 0) {
			buf_addc(
			    out, (char)(hex(s[i + 1]) * 16 + hex(s[i + 2])));
			i += 2;
		} else {
			buf_addc(out, s[i]);
		}
}

static size_t
take_header(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	size_t len = size * n, k = len;
	const char *v = header_value(data, &k, "content-type");

	if (v)
		x->is_grpc = k >= 16 && !strncasecmp(v, "application/grpc", 16);
	k = len;
	if ((v = header_value(data, &k, "grpc-status"))) {
		buf_reset(&x->status);
		buf_add(&x->status, v, k);
	}
	k = len;
	if ((v = header_value(data, &k, "grpc-message")))
		decode(v, k, &x->message);
	return len;
}

static struct curl_slist *
set_options(CURL *curl, const struct grpc_call *c, const struct buf *frame,
    struct exchange *x)
{
	struct curl_slist *headers = NULL;
	struct buf url = BUF_INIT;

	headers = curl_slist_append(headers, "Content-Type: application/grpc");
	headers = curl_slist_append(headers, "TE: trailers");
	headers = curl_slist_append(headers, "Expect:");
	buf_addf(&url, "http://%s%s", c->address, c->method);
	curl_easy_setopt(curl, CURLOPT_URL, url.ptr);
	buf_release(&url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, frame->ptr);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)frame->len);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
	return headers;
}

static enum err
judge_transfer(const struct grpc_call *c, CURLcode code, long http,
    const struct exchange *x, struct buf *err)
{
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		return err_set(err, ERR_BUSY,
		    "%s: UNAVAILABLE: failed to connect: Connection refused",
		    c->address);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, ERR_BUSY,
		    "%s: DEADLINE_EXCEEDED: no answer within %lld ms",
		    c->address, (long long)c->timeout_ms);
	if (x->is_too_large)
		return err_set(err, ERR_IO,
		    "%s: the answer has more than %zu bytes", c->address,
		    ANSWER_MAX);
	if (code)
		return err_set(err, ERR_IO, "%s: UNAVAILABLE: %s", c->address,
		    curl_easy_strerror(code));
	if (http != 200 || !x->is_grpc)
		return err_set(err, ERR_IO,
		    "%s: HTTP %ld, not an answer of a gRPC server", c->address,
		    http);
	return ERR_OK;
}

/* The trailers' word, then the frame. */
static enum err
judge_call(const struct grpc_call *c, const struct exchange *x,
    struct buf *answer, struct buf *err)
{
	const unsigned char *p = (const unsigned char *)x->body.ptr;
	int64_t status = -1;
	size_t len;

	if (!x->status.len || num_parse_int(x->status.ptr, "grpc-status", 0,
				  INT32_MAX, &status, NULL))
		return err_set(err, ERR_IO,
		    "%s: the call ended without a status", c->address);
	if (status)
		return err_set(err, ERR_IO, "%s: %s: %s", c->address,
		    (size_t)status < ARRAY_LEN(status_names)
			? status_names[status]
			: x->status.ptr,
		    x->message.len ? x->message.ptr : "no message");
	if (x->body.len < PREFIX_LEN || p[0] != 0)
		return err_set(err, ERR_IO,
		    "%s: the answer is no plain gRPC message", c->address);
	len =
	    (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
	if (len != x->body.len - PREFIX_LEN)
		return err_set(err, ERR_IO,
		    "%s: the answer has %zu bytes instead of %zu", c->address,
		    x->body.len - PREFIX_LEN, len);
	buf_add(answer, x->body.ptr + PREFIX_LEN, len);
	return ERR_OK;
}

enum err
grpc_unary(const struct grpc_call *c, struct buf *answer, struct buf *err)
{
	struct exchange x = {
	    .body = BUF_INIT, .status = BUF_INIT, .message = BUF_INIT};
	const char prefix[PREFIX_LEN] = {0, (char)(c->len >> 24),
	    (char)(c->len >> 16), (char)(c->len >> 8), (char)c->len};
	struct buf frame = BUF_INIT;
	struct curl_slist *headers;
	CURL *curl;
	CURLcode code;
	long http = 0;
	enum err rc;

	if (c->timeout_ms <= 0)
		return err_set(err, ERR_BUSY,
		    "%s: DEADLINE_EXCEEDED: no time was left for it",
		    c->address);
	curl = curl_easy_init();
	if (!curl)
		return err_set(err, ERR_INTERNAL, "libcurl does not start");
	buf_add(&frame, prefix, PREFIX_LEN);
	buf_add(&frame, c->message, c->len);
	headers = set_options(curl, c, &frame, &x);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http);
	rc = judge_transfer(c, code, http, &x, err);
	if (!rc)
		rc = judge_call(c, &x, answer, err);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	buf_release(&frame);
	buf_release(&x.body);
	buf_release(&x.status);
	buf_release(&x.message);
	return rc;
}
