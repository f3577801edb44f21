/*
 * One easy handle per exchange. A transfer has no time limit as a whole, only
 * one on silence, because an upload of any size must be able to end.
 */
#include "lib/http/http.h"
#include "lib/http/header.h"
#include "lib/base/mem.h"

#include <curl/curl.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 5000
#define SILENCE_MS	   60000
#define BODY_MAX	   ((size_t)64 << 20)

struct exchange {
	CURL *curl;
	const struct http_request *request;
	struct http_response *response;
	FILE *file;
	bool failed; /* to write: errno says why */
	bool is_too_large;
	int error;
	int64_t sent;	 /* of the range */
	enum err denied; /* by admit(), which said why in `reason` */
	struct buf reason;
};

static bool
is_json(const struct http_response *r)
{
	return strncasecmp(r->content_type.ptr, "application/json", 16) == 0;
}

/* The first byte for the file is there. */
static bool
begin_file(struct exchange *x)
{
	const struct http_request *r = x->request;
	long status = 0;

	curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	x->response->status = (int)status;
	if (r->admit)
		x->denied = r->admit(x->response, r->arg, &x->reason);
	if (x->denied)
		return false;
	x->file = fopen(r->save_path, "wxe");
	return x->file != NULL;
}

static size_t
take_body(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	size_t len = size * n;

	if (!x->request->save_path || is_json(x->response)) {
		x->is_too_large = x->response->body.len + len > BODY_MAX;
		if (x->is_too_large)
			return 0;
		buf_add(&x->response->body, data, len);
		return len;
	}
	if ((x->file || begin_file(x)) &&
	    fwrite(data, 1, len, x->file) == len) {
		x->response->saved = true;
		return len;
	}
	x->failed = !x->denied;
	x->error = errno;
	return 0;
}

static void
keep_header(struct buf *to, const char *line, size_t len, const char *name)
{
	const char *value = header_value(line, &len, name);

	if (!value)
		return;
	buf_reset(to);
	buf_add(to, value, len);
}

static size_t
take_header(char *data, size_t size, size_t n, void *arg)
{
	struct http_response *r = ((struct exchange *)arg)->response;

	keep_header(&r->content_type, data, size * n, "content-type");
	keep_header(&r->disposition, data, size * n, "content-disposition");
	return size * n;
}

static int
tell_progress(void *arg, curl_off_t down_total, curl_off_t down,
    curl_off_t up_total, curl_off_t up)
{
	const struct http_request *r = ((struct exchange *)arg)->request;
	bool sending = r->upload_path || r->range;

	return !r->progress(
	    sending ? up : down, sending ? up_total : down_total, r->arg);
}

static size_t
give_range(char *out, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	const struct http_range *range = x->request->range;
	int64_t left = range->len - x->sent;
	size_t room = size * n;
	ssize_t got;

	if (room > (size_t)left)
		room = (size_t)left;
	do
		got = pread(range->fd, out, room, range->offset + x->sent);
	while (got < 0 && errno == EINTR);
	if (got < 0 || (room && !got))
		return CURL_READFUNC_ABORT;
	x->sent += got;
	return (size_t)got;
}

static void
set_form(CURL *curl, const struct http_request *r, curl_mime *mime)
{
	curl_mimepart *part;

	for (size_t i = 0; i < r->n_fields; i++) {
		part = curl_mime_addpart(mime);
		curl_mime_name(part, r->fields[i].name);
		curl_mime_data(part, r->fields[i].value, CURL_ZERO_TERMINATED);
	}
	part = curl_mime_addpart(mime);
	curl_mime_name(part, "file");
	curl_mime_filedata(part, r->upload_path);
	curl_mime_filename(part, r->upload_name);
	curl_mime_type(part, "application/octet-stream");
	curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
}

static void
set_range(CURL *curl, struct exchange *x)
{
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_range);
	curl_easy_setopt(curl, CURLOPT_READDATA, x);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)x->request->range->len);
}

static struct curl_slist *
set_body(CURL *curl, struct exchange *x, curl_mime **mime_out)
{
	const struct http_request *r = x->request;
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");

	if (r->upload_path) {
		*mime_out = curl_mime_init(curl);
		set_form(curl, r, *mime_out);
	} else if (r->range) {
		headers = curl_slist_append(
		    headers, "Content-Type: application/octet-stream");
		set_range(curl, x);
	} else if (r->json) {
		headers = curl_slist_append(
		    headers, "Content-Type: application/json");
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->json);
		curl_easy_setopt(
		    curl, CURLOPT_POSTFIELDSIZE, (long)strlen(r->json));
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	return headers;
}

static void
set_options(CURL *curl, struct exchange *x)
{
	const struct http_request *r = x->request;
	int64_t silence = r->timeout_ms ? r->timeout_ms : SILENCE_MS;

	curl_easy_setopt(curl, CURLOPT_URL, r->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(
	    curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(
	    curl, CURLOPT_LOW_SPEED_TIME, (long)((silence + 999) / 1000));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
	if (r->progress) {
		curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, tell_progress);
		curl_easy_setopt(curl, CURLOPT_XFERINFODATA, x);
	}
}

static enum err
judge(CURL *curl, CURLcode code, const struct exchange *x, struct buf *err)
{
	long status = 0;

	if (x->denied)
		return err_set(err, x->denied, "%s", x->reason.ptr);
	if (x->failed)
		return err_set(err, ERR_IO, "cannot write %s: %s",
		    x->request->save_path, strerror(x->error));
	if (x->is_too_large)
		return err_set(err, ERR_IO,
		    "%s %s: the answer has more than %zu bytes",
		    x->request->method, x->request->url, BODY_MAX);
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		return err_set(
		    err, ERR_BUSY, "Connection refused (%s)", x->request->url);
	if (code)
		return err_set(err, ERR_IO, "%s %s: %s", x->request->method,
		    x->request->url, curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	x->response->status = (int)status;
	return ERR_OK;
}

enum err
http_perform(const struct http_request *request, struct http_response *response,
    struct buf *err)
{
	struct exchange x = {
	    .request = request, .response = response, .reason = BUF_INIT};
	struct curl_slist *headers = NULL;
	curl_mime *mime = NULL;
	CURL *curl = curl_easy_init();
	enum err rc;

	if (!curl)
		return err_set(err, ERR_INTERNAL, "libcurl does not start");
	x.curl = curl;
	set_options(curl, &x);
	headers = set_body(curl, &x, &mime);
	rc = judge(curl, curl_easy_perform(curl), &x, err);
	if (x.file && fclose(x.file) != 0 && !rc)
		rc = err_set_errno(
		    err, ERR_IO, "cannot write %s", request->save_path);
	if (x.file && rc)
		unlink(request->save_path);
	buf_release(&x.reason);
	curl_mime_free(mime);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return rc;
}

void
http_response_release(struct http_response *r)
{
	buf_release(&r->body);
	buf_release(&r->content_type);
	buf_release(&r->disposition);
}

static void
add_encoded(struct buf *url, const char *s)
{
	for (; *s; s++)
		if (isalnum((unsigned char)*s) || strchr("-._~", *s))
			buf_addc(url, *s);
		else
			buf_addf(url, "%%%02X", (unsigned char)*s);
}

void
http_add_query(struct buf *url, const char *key, const char *value)
{
	buf_addc(url, strchr(url->ptr, '?') ? '&' : '?');
	add_encoded(url, key);
	buf_addc(url, '=');
	add_encoded(url, value);
}
