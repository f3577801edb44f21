/*
 * One step after the other: what is sent next follows from what the server
 * said last. After a break it is asked how far it came, because what arrived
 * of a broken part counts.
 */
#include "cli/session.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/request.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/num.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH	       "data/upload/session"
#define BLOCK	       65536
#define PART_SIZE      ((int64_t)8 << 20)
#define TIMEOUT_MS     300000
#define FIRST_PAUSE_MS 200
#define LAST_PAUSE_MS  10000

struct session {
	struct call *call;
	const char *path;
	int fd;
	struct stat st; /* of the file when it was digested */
	char digest[DIGEST_HEX_LEN];
	struct buf id;
	int64_t offset;	   /* how far the server is */
	int64_t part_size; /* of one request */
	int64_t stuck_ms;  /* since when nothing moves; 0: it does */
	unsigned pause_ms; /* before the next try */
	bool is_synced;	   /* the offset is what the server said last */
	bool is_finished;  /* the response is that of finish */
	struct progress progress;
	struct http_response response; /* to the last request */
};

enum step {
	STEP_ON,      /* go on at once */
	STEP_AGAIN,   /* after a pause */
	STEP_ANSWERED /* the response is what the user is to see */
};

static enum err
open_file(struct session *s, struct buf *err)
{
	s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0 || fstat(s->fd, &s->st))
		return err_set_errno(
		    err, ERR_NOTFOUND, "cannot read %s", s->path);
	if (!S_ISREG(s->st.st_mode))
		return err_set(err, ERR_NOTFOUND,
		    "%s is no regular file, which --resume needs", s->path);
	return ERR_OK;
}

static enum err
digest_file(struct session *s, struct buf *err)
{
	struct progress progress = {
	    .is_shown = s->call->is_terminal, .verb = "digested"};
	uint8_t sum[DIGEST_SHA256_LEN];
	struct digest *d = digest_new();
	enum err rc = ERR_OK;
	char block[BLOCK];
	int64_t at = 0;
	ssize_t n;

	while ((n = pread(s->fd, block, sizeof(block), at)) > 0) {
		digest_update(d, block, (size_t)n);
		at += n;
		progress_show(at, s->st.st_size, &progress);
	}
	if (n < 0)
		rc =
		    err_set_errno(err, ERR_NOTFOUND, "cannot read %s", s->path);
	progress_end(&progress);
	digest_final(d, sum);
	digest_hex(sum, sizeof(sum), s->digest);
	return rc;
}

/* Nothing but the file as it was digested may become the table. */
static enum err
check_unchanged(const struct session *s, struct buf *err)
{
	struct stat now;

	if (!fstat(s->fd, &now) && now.st_size == s->st.st_size &&
	    now.st_mtim.tv_sec == s->st.st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == s->st.st_mtim.tv_nsec)
		return ERR_OK;
	return err_set(
	    err, ERR_CONFLICT, "%s changed while it was sent", s->path);
}

static void
forget_response(struct session *s)
{
	http_response_release(&s->response);
	s->response = (struct http_response)HTTP_RESPONSE_INIT;
}

static enum err
post(struct session *s, const char *word, const cJSON *body, struct buf *err)
{
	struct http_request request = {
	    .method = "POST", .timeout_ms = CALL_SLOW_MS};
	struct buf url = BUF_INIT, text = BUF_INIT;
	enum err rc;

	forget_response(s);
	buf_addf(&url, "%s/" PATH "/%s", s->call->base, word);
	json_print(body, JSON_COMPACT, &text);
	request.url = url.ptr;
	request.json = text.ptr;
	rc = http_perform(&request, &s->response, err);
	buf_release(&url);
	buf_release(&text);
	return rc;
}

static enum err
post_id(struct session *s, const char *word, struct buf *err)
{
	cJSON *body = cJSON_CreateObject();
	enum err rc;

	json_add_str(body, "session_id", s->id.ptr);
	rc = post(s, word, body, err);
	cJSON_Delete(body);
	return rc;
}

static enum err
create(struct session *s, struct buf *err)
{
	cJSON *body = cJSON_Duplicate(s->call->request, 1);
	enum err rc;

	cJSON_DeleteItemFromObjectCaseSensitive(body, "file");
	json_add_int(body, "file_bytes", s->st.st_size);
	json_add_str(body, "file_sha256", s->digest);
	json_add_str(body, "file_name", request_file_name(s->path));
	rc = post(s, "create", body, err);
	cJSON_Delete(body);
	return rc;
}

static enum err
put(struct session *s, struct buf *err)
{
	struct http_range range = {.fd = s->fd, .offset = s->offset};
	struct http_request request = {
	    .method = "POST",
	    .range = &range,
	    .progress = progress_show,
	    .arg = &s->progress,
	};
	struct buf url = BUF_INIT, offset = BUF_INIT;
	enum err rc;

	forget_response(s);
	range.len = s->st.st_size - s->offset;
	if (range.len > s->part_size)
		range.len = s->part_size;
	buf_addf(&offset, "%lld", (long long)s->offset);
	buf_addf(&url, "%s/" PATH "/put", s->call->base);
	http_add_query(&url, "session_id", s->id.ptr);
	http_add_query(&url, "offset", offset.ptr);
	request.url = url.ptr;
	s->progress.base = s->offset;
	rc = http_perform(&request, &s->response, err);
	buf_release(&url);
	buf_release(&offset);
	return rc;
}

/* The session's id and offset out of the last answer; false: it has none. */
static bool
take_state(struct session *s)
{
	const struct buf *body = &s->response.body;
	cJSON *answer = NULL;
	const cJSON *data;
	const char *id;
	int64_t offset;

	if (json_parse(body->ptr, body->len, "answer", &answer, NULL))
		return false;
	data = json_get(answer, "data");
	id = json_str(data, "session_id", NULL);
	offset = json_int(data, "offset", -1);
	if (id && !s->id.len)
		buf_adds(&s->id, id);
	cJSON_Delete(answer);
	if (!s->id.len || offset < 0 || offset > s->st.st_size)
		return false;
	if (offset > s->offset) {
		s->stuck_ms = 0;
		s->pause_ms = FIRST_PAUSE_MS;
	}
	s->offset = offset;
	s->is_synced = true;
	return true;
}

/* The server may be able to do it the next time. */
static bool
is_passing(int status)
{
	return status == 408 || status == 429 ||
	       (status >= 500 && status != 501);
}

static enum step
step(struct session *s, struct buf *err)
{
	bool is_whole = s->is_synced && s->offset == s->st.st_size;
	bool is_put = s->is_synced && !is_whole;
	int64_t before = s->offset;
	enum err rc;

	buf_reset(err);
	if (is_whole)
		rc = post_id(s, "finish", err);
	else if (is_put)
		rc = put(s, err);
	else
		rc = post_id(s, "query", err);
	if (rc || is_passing(s->response.status)) {
		if (!rc)
			buf_addf(err, "HTTP status %d", s->response.status);
		s->is_synced = is_whole;
		return STEP_AGAIN;
	}
	s->is_finished = is_whole;
	if (is_whole || !take_state(s))
		return STEP_ANSWERED;
	return is_put && s->offset == before ? STEP_AGAIN : STEP_ON;
}

static int64_t
timeout_ms(const struct session *s)
{
	int64_t seconds = TIMEOUT_MS / 1000;

	if (s->call->flags->timeout)
		num_parse_int(s->call->flags->timeout, "--timeout", 0,
		    1000000000, &seconds, NULL);
	return seconds * 1000;
}

/*
 * False when nothing has moved for too long. That counts from the first break:
 * a part on a slow line may be on its way for longer, and move.
 */
static bool
pause_for_next(struct session *s)
{
	int64_t now_ms = clock_mono_ms();

	if (!s->stuck_ms)
		s->stuck_ms = now_ms;
	if (now_ms + s->pause_ms - s->stuck_ms > timeout_ms(s))
		return false;
	usleep(s->pause_ms * 1000);
	s->pause_ms *= 2;
	if (s->pause_ms > LAST_PAUSE_MS)
		s->pause_ms = LAST_PAUSE_MS;
	return true;
}

/*
 * What the server answered when the parts ended. Only finish can be a success:
 * a retcode 0 before it, without a session's state, is none.
 */
static enum cli_exit
print_end(const struct session *s)
{
	const struct buf *body = &s->response.body;
	cJSON *answer = NULL;
	bool is_success;

	if (s->is_finished)
		return print_reply(s->call, &s->response);
	json_parse(body->ptr, body->len, "answer", &answer, NULL);
	is_success = json_int(answer, "retcode", 1) == 0;
	cJSON_Delete(answer);
	if (!is_success)
		return print_answer(&s->response, NULL);
	return print_failure(CLI_REFUSED,
	    "the server's answer tells no session_id with an offset within "
	    "the file");
}

/* What to do next, since the session stays where it is. */
static enum cli_exit
print_broken(const struct session *s, const char *why)
{
	cJSON *object = cJSON_CreateObject();
	struct buf text = BUF_INIT;

	buf_addf(&text,
	    "%s; %lld of %lld bytes have arrived, and the same command with "
	    "--resume goes on from there",
	    why, (long long)s->offset, (long long)s->st.st_size);
	json_add_int(object, "retcode", 100);
	json_add_str(object, "retmsg", text.ptr);
	json_add_str(object, "session_id", s->id.ptr);
	json_add_int(object, "offset", s->offset);
	json_add_int(object, "file_bytes", s->st.st_size);
	buf_release(&text);
	return print_object(CLI_UNREACHABLE, object);
}

static enum cli_exit
send_parts(struct session *s)
{
	struct buf err = BUF_INIT;
	enum cli_exit code;
	enum step next;

	s->pause_ms = FIRST_PAUSE_MS;
	do {
		if (check_unchanged(s, &err)) {
			post_id(s, "cancel", NULL);
			progress_end(&s->progress);
			code = print_failure(CLI_USAGE, err.ptr);
			goto out;
		}
		next = step(s, &err);
	} while (next == STEP_ON || (next == STEP_AGAIN && pause_for_next(s)));
	progress_end(&s->progress);
	code = next == STEP_ANSWERED
		   ? print_end(s)
		   : print_broken(s, err.len ? err.ptr : "nothing moves");
out:
	buf_release(&err);
	return code;
}

/* A server that does not know the path: FATE's, or an older one. */
static bool
is_unknown_path(int status)
{
	return status == 404 || status == 405 || status == 501;
}

static bool
upload(struct session *s, enum cli_exit *code_out)
{
	const struct flags *flags = s->call->flags;
	struct buf err = BUF_INIT;
	bool is_done = true;
	enum err rc = open_file(s, &err);

	if (flags->part_size && !rc)
		rc = num_parse_size(
		    flags->part_size, "--part-size", &s->part_size, &err);
	if (!rc && s->part_size <= 0)
		rc = err_set(&err, ERR_NOTFOUND, "--part-size is 0");
	if (!rc)
		rc = digest_file(s, &err);
	if (rc) {
		*code_out = print_failure(CLI_USAGE, err.ptr);
		goto out;
	}
	rc = create(s, &err);
	s->progress.whole = s->st.st_size;
	if (rc)
		*code_out = call_failed(rc, err.ptr);
	else if (is_unknown_path(s->response.status) && !flags->resume)
		is_done = false;
	else if (take_state(s))
		*code_out = send_parts(s);
	else
		*code_out = print_end(s);
out:
	buf_release(&err);
	return is_done;
}

bool
session_upload(struct call *call, const char *path, enum cli_exit *code_out)
{
	struct session s = {
	    .call = call,
	    .path = path,
	    .fd = -1,
	    .id = BUF_INIT,
	    .part_size = PART_SIZE,
	    .progress = {.is_shown = call->is_terminal, .verb = "uploaded"},
	    .response = HTTP_RESPONSE_INIT,
	};
	bool is_done = upload(&s, code_out);

	if (s.fd >= 0)
		close(s.fd);
	http_response_release(&s.response);
	buf_release(&s.id);
	return is_done;
}
