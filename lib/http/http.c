/*
 * The easy interface, one handle per request. What goes wrong inside a
 * callback is kept in `struct transfer`, because libcurl would only say that
 * the write failed. Redirects are followed (FATE-Flow answers 307), but never
 * away from http and https.
 */
#include "lib/http/http.h"
#include "lib/base/mem.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BODY_MAX	   ((size_t)64 << 20)
#define CONNECT_TIMEOUT_MS 10000L

struct transfer {
	const struct http_request *request;
	struct http_answer *answer;
	CURL *curl;
	struct curl_slist *headers;
	curl_mime *mime;
	struct buf body; /* sent */
	FILE *file;	 /* save_path */
	const char *fault;
	char text[CURL_ERROR_SIZE];
};

void
http_answer_init(struct http_answer *a)
{
	a->status = 0;
	buf_init(&a->body);
	buf_init(&a->content_type);
	buf_init(&a->disposition);
}

void
http_answer_release(struct http_answer *a)
{
	buf_release(&a->body);
	buf_release(&a->content_type);
	buf_release(&a->disposition);
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	n *= size;
	if (t->file) {
		if (fwrite(data, 1, n, t->file) == n)
			return n;
		t->fault = strerror(errno);
		return 0;
	}
	if (n > BODY_MAX - t->answer->body.len) {
		t->fault = "the answer is larger than 64 MiB";
		return 0;
	}
	buf_add(&t->answer->body, data, n);
	return n;
}

static void
take_header(const char *line, size_t len, const char *name, struct buf *out)
{
	size_t name_len = strlen(name);

	if (len <= name_len || strncasecmp(line, name, name_len) ||
	    line[name_len] != ':')
		return;
	line += name_len + 1;
	len -= name_len + 1;
	while (len && strchr(" \t", *line))
		line++, len--;
	while (len && strchr("\r\n \t", line[len - 1]))
		len--;
	buf_reset(out);
	buf_add(out, line, len);
}

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	n *= size;
	take_header(line, n, "content-type", &t->answer->content_type);
	take_header(line, n, "content-disposition", &t->answer->disposition);
	return n;
}

static int
on_progress(void *arg, curl_off_t down_total, curl_off_t down,
    curl_off_t up_total, curl_off_t up)
{
	const struct http_request *r = ((struct transfer *)arg)->request;

	if (r->upload_path)
		r->progress(up, up_total, r->progress_arg);
	else
		r->progress(down, down_total, r->progress_arg);
	return 0;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void
set_body(struct transfer *t)
{
	const struct http_request *r = t->request;

	if (r->upload_path) {
		curl_mimepart *part;

		t->mime = curl_mime_init(t->curl);
		part = curl_mime_addpart(t->mime);
		curl_mime_name(part, "file");
		curl_mime_filedata(part, r->upload_path);
		curl_mime_filename(part, base_name(r->upload_path));
		curl_mime_type(part, "application/octet-stream");
		curl_easy_setopt(t->curl, CURLOPT_MIMEPOST, t->mime);
	} else if (r->json) {
		json_print(r->json, JSON_COMPACT, &t->body);
		t->headers = curl_slist_append(
		    t->headers, "Content-Type: application/json");
		curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, t->body.ptr);
		curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)t->body.len);
	}
	t->headers = curl_slist_append(t->headers, "Expect:");
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, r->method);
}

static void
set_options(struct transfer *t)
{
	const struct http_request *r = t->request;
	CURL *c = t->curl;

	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->text);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(c, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	if (r->progress) {
		curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
		curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	}
	set_body(t);
}

static enum err
open_files(struct transfer *t, struct buf *err)
{
	const struct http_request *r = t->request;
	int fd;

	if (r->upload_path && access(r->upload_path, R_OK))
		return err_set_errno(err,
		    errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s",
		    r->upload_path);
	if (!r->save_path)
		return ERR_OK;
	fd = open(r->save_path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "%s", r->save_path);
	t->file = fdopen(fd, "w");
	return ERR_OK;
}

static enum err
verdict(struct transfer *t, CURLcode code, struct buf *err)
{
	const char *text = t->fault	? t->fault
			   : t->text[0] ? t->text
					: curl_easy_strerror(code);

	if (code == CURLE_OK)
		return ERR_OK;
	if (code == CURLE_COULDNT_CONNECT)
		return err_set(err, ERR_BUSY, "%s: Connection refused (%s)",
		    t->request->url, text);
	return err_set(err, ERR_IO, "%s: %s", t->request->url, text);
}

enum err
http_perform(const struct http_request *request, struct http_answer *answer,
    struct buf *err)
{
	struct transfer t = {
	    .request = request, .answer = answer, .body = BUF_INIT};
	enum err rc = open_files(&t, err);

	if (rc)
		return rc;
	t.curl = curl_easy_init();
	if (!t.curl) {
		rc = err_set(err, ERR_INTERNAL, "libcurl does not start");
		goto out;
	}
	set_options(&t);
	rc = verdict(&t, curl_easy_perform(t.curl), err);
	curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &answer->status);
out:
	if (t.file && fclose(t.file) && !rc)
		rc = err_set_errno(err, ERR_IO, "%s", request->save_path);
	curl_easy_cleanup(t.curl);
	curl_mime_free(t.mime);
	curl_slist_free_all(t.headers);
	buf_release(&t.body);
	return rc;
}

static void
add_escaped(const char *s, struct buf *out)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || strchr("-._~", c))
			buf_addc(out, *s);
		else
			buf_addf(out, "%%%02X", c);
	}
}

void
http_query(const cJSON *object, struct buf *out)
{
	const char *separator = "";
	struct buf value = BUF_INIT;
	const cJSON *it;

	cJSON_ArrayForEach(it, object)
	{
		if (cJSON_IsNull(it))
			continue;
		buf_reset(&value);
		if (cJSON_IsString(it))
			buf_adds(&value, it->valuestring);
		else
			json_print(it, JSON_COMPACT, &value);
		buf_adds(out, separator);
		add_escaped(it->string, out);
		buf_addc(out, '=');
		add_escaped(value.ptr, out);
		separator = "&";
	}
	buf_release(&value);
}
