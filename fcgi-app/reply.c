/*
 * One table turns an enum err into HTTP status and retcode; all else is the
 * envelope. A list that fits its buffer gets a Content-Length; a longer one
 * starts to go out, and since "data" sorts first the rest of the envelope
 * follows it.
 */
#include "fcgi-app/reply.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <assert.h>

#define ROWS_MAX ((size_t)256 << 10)

#define NOT_KNOWN                                                              \
	"the database's answer got lost, so it is not known whether this was " \
	"done: look first, or repeat it with the same submit token: "

static const struct {
	int status;
	int retcode;
	const char *advice; /* before the text */
} of_err[] = {
    [ERR_OK] = {200, 0, ""},
    [ERR_INVALID] = {200, 100, ""},
    [ERR_NOTFOUND] = {200, 101, ""},
    [ERR_CONFLICT] = {200, 100, ""},
    [ERR_DENIED] = {200, 100, ""},
    [ERR_BUSY] = {503, 100, "not now, try again: "},
    [ERR_DB] = {503, 100,
	"the database cannot be reached or did not do it, try again: "},
    [ERR_UNCERTAIN] = {503, 100, NOT_KNOWN},
    [ERR_IO] = {500, 100, ""},
    [ERR_INTERNAL] = {500, 100, ""},
    [ERR_FULL] = {507, 100, ""},
};
static_assert(ARRAY_LEN(of_err) == ERR__MAX, "an answer for each error");

static const struct {
	int status;
	const char *text;
} reasons[] = {
    {200, "OK"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {413, "Payload Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
};

void
reply_init(struct reply *r, const struct reply_out *out)
{
	memset(r, 0, sizeof(*r));
	r->status = 200;
	r->out = *out;
	buf_init(&r->retmsg);
	buf_init(&r->pending);
}

void
reply_release(struct reply *r)
{
	buf_release(&r->retmsg);
	buf_release(&r->pending);
	cJSON_Delete(r->data);
	cJSON_Delete(r->meta);
	free(r->job_id);
}

enum err
reply_say(struct reply *r, int retcode, const char *fmt, ...)
{
	va_list ap;

	r->status = 200;
	r->retcode = retcode;
	buf_reset(&r->retmsg);
	va_start(ap, fmt);
	buf_vaddf(&r->retmsg, fmt, ap);
	va_end(ap);
	return ERR_OK;
}

enum err
reply_ok(struct reply *r, cJSON *data)
{
	cJSON_Delete(r->data);
	r->data = data;
	return reply_say(r, 0, "success");
}

void
reply_http(struct reply *r, int status, int retcode, const char *text)
{
	cJSON_Delete(r->data);
	cJSON_Delete(r->meta);
	r->data = r->meta = NULL;
	reply_say(r, retcode, "%s", text);
	r->status = status;
}

void
reply_error(struct reply *r, enum err code, const char *text)
{
	if (code >= ERR__MAX)
		code = ERR_INTERNAL;
	reply_http(r, of_err[code].status, of_err[code].retcode, "");
	buf_addf(&r->retmsg, "%s%s", of_err[code].advice,
	    *text ? text : err_name(code));
}

static bool
is_falsy(const cJSON *v)
{
	if (!v || cJSON_IsNull(v) || cJSON_IsFalse(v))
		return true;
	if (cJSON_IsString(v))
		return !*v->valuestring;
	if (cJSON_IsNumber(v))
		return v->valuedouble == 0;
	return (cJSON_IsArray(v) || cJSON_IsObject(v)) && !v->child;
}

static void
add_key(struct buf *body, const char *key)
{
	buf_addc(body, body->len ? ',' : '{');
	json_print_str(key, true, body);
	buf_addc(body, ':');
}

/* The envelope behind `data`, which the caller wrote. */
static void
print_rest(const struct reply *r, struct buf *body)
{
	if (r->job_id && *r->job_id) {
		add_key(body, "jobId");
		json_print_str(r->job_id, true, body);
	}
	if (!is_falsy(r->meta)) {
		add_key(body, "meta");
		json_print(r->meta, JSON_REPLY, body);
	}
	add_key(body, "retcode");
	buf_addf(body, "%d", r->retcode);
	if (r->retmsg.len) {
		add_key(body, "retmsg");
		json_print_str(r->retmsg.ptr, true, body);
	}
	buf_adds(body, "}\n");
}

static void
write_out(struct reply *r, const void *bytes, size_t len)
{
	if (!r->is_broken && len && !r->out.write(r->out.arg, bytes, len))
		r->is_broken = true;
}

static void
add_head(const struct reply *r, const char *type, struct buf *head)
{
	const char *reason = "";

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == r->status)
			reason = reasons[i].text;
	buf_addf(head, "Status: %d %s\r\nContent-Type: %s\r\n", r->status,
	    reason, type);
	if (r->allow)
		buf_addf(head, "Allow: %s\r\n", r->allow);
	if (r->status == 503)
		buf_adds(head, "Retry-After: 1\r\n");
}

void
reply_head(struct reply *r, const char *content_type, const char *disposition)
{
	struct buf head = BUF_INIT;

	add_head(r, content_type, &head);
	if (disposition)
		buf_addf(&head, "Content-Disposition: %s\r\n", disposition);
	buf_adds(&head, "\r\n");
	write_out(r, head.ptr, head.len);
	r->is_head_sent = true;
	buf_release(&head);
}

void
reply_bytes(struct reply *r, const void *bytes, size_t len)
{
	write_out(r, bytes, len);
}

void
reply_row(struct reply *r, cJSON *row)
{
	buf_adds(&r->pending, r->n_rows++ ? "," : "{\"data\":[");
	json_print(row, JSON_REPLY, &r->pending);
	cJSON_Delete(row);
	if (r->pending.len < ROWS_MAX)
		return;
	if (!r->is_head_sent)
		reply_head(r, "application/json", NULL);
	write_out(r, r->pending.ptr, r->pending.len);
	buf_reset(&r->pending);
}

enum err
reply_rows_end(struct reply *r)
{
	return reply_say(r, 0, "success");
}

void
reply_open(struct reply *r)
{
	reply_head(r, "application/json", NULL);
	write_out(r, "{\"data\":{", 9);
}

enum err
reply_close(struct reply *r)
{
	struct buf body = BUF_INIT;
	enum err rc = reply_say(r, 0, "success");

	buf_addc(&body, '}');
	print_rest(r, &body);
	write_out(r, body.ptr, body.len);
	buf_release(&body);
	return rc;
}

static void
send_whole(struct reply *r, struct buf *body)
{
	struct buf head = BUF_INIT;

	add_head(r, "application/json", &head);
	buf_addf(&head, "Content-Length: %zu\r\n\r\n", body->len);
	write_out(r, head.ptr, head.len);
	write_out(r, body->ptr, body->len);
	buf_release(&head);
}

void
reply_send(struct reply *r)
{
	struct buf body = BUF_INIT;

	if (r->n_rows && (r->retcode == 0 || r->is_head_sent)) {
		buf_add(&body, r->pending.ptr, r->pending.len);
		/* After a failure in mid-list the text stays open on purpose:
		 * no client must take half a list for a whole one. */
		if (r->retcode == 0) {
			buf_addc(&body, ']');
			print_rest(r, &body);
		} else
			log_error("list broken off rows=%zu: %s", r->n_rows,
			    r->retmsg.ptr);
	} else if (!r->is_head_sent) {
		if (!is_falsy(r->data)) {
			add_key(&body, "data");
			json_print(r->data, JSON_REPLY, &body);
		}
		print_rest(r, &body);
	}
	if (r->is_head_sent)
		write_out(r, body.ptr, body.len);
	else
		send_whole(r, &body);
	r->is_head_sent = true;
	buf_release(&body);
}
