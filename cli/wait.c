/*
 * Polling starts fast, because small jobs take milliseconds, and slows down
 * to one look a second.
 */
#include "cli/wait.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#include <stdlib.h>
#include <unistd.h>

#define FIRST_PAUSE_MS 10
#define LAST_PAUSE_MS  1000
#define TRIES_MAX      5 /* looks in a row that may go unanswered */

static const cJSON *
initiator_row(const cJSON *answer)
{
	const cJSON *row, *rows = json_get(answer, "data");

	cJSON_ArrayForEach(
	    row, rows) if (json_int(row, "f_is_initiator", 0)) return row;
	return cJSON_GetArrayItem(rows, 0);
}

/* One wait: what it asks, and what was seen last. */
struct waiting {
	const struct call *call;
	const char *job_id;
	cJSON *body;
	int tries; /* looks in a row that went unanswered */
	char *status;
	char *pending; /* why it waits, "" when it does not */
	int64_t retries;
};

/* True when it is another text than before; keeps it. */
static bool
has_changed(char **kept, const char *now)
{
	if (*kept && !strcmp(*kept, now))
		return false;
	free(*kept);
	*kept = xstrdup(now);
	return true;
}

/* What came to pass since the last look stays on the screen as a line. */
static void
show_changes(struct waiting *w, const cJSON *row)
{
	const char *pending = json_str(row, "f_pending_reason", "");
	int64_t retries = json_int(row, "f_retries", 0);

	if (has_changed(&w->pending, pending) && *pending &&
	    w->call->is_terminal)
		fprintf(stderr, "\r\033[K%s waits: %s\n", w->job_id, pending);
	if (retries > w->retries && w->call->is_terminal)
		fprintf(stderr,
		    "\r\033[K%s is tried again, %lld of %lld times\n",
		    w->job_id, (long long)retries,
		    (long long)json_int(row, "f_auto_retries", retries));
	w->retries = retries;
	has_changed(&w->status, json_str(row, "f_status", ""));
}

static void
show_progress(const struct waiting *w, const cJSON *row)
{
	struct buf head = BUF_INIT;

	if (!w->call->is_terminal)
		return;
	buf_addf(&head, "%s ", w->job_id);
	progress_bar(head.ptr, (int)json_int(row, "f_progress", 0));
	fprintf(stderr, " %s %s", json_str(row, "f_status", ""),
	    json_str(row, "f_current_tasks", ""));
	buf_release(&head);
}

static bool
is_final(const char *status)
{
	static const char *const ends[] = {
	    "success", "failed", "canceled", "timeout"};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (!strcmp(status, ends[i]))
			return true;
	return false;
}

static cJSON *
summary(const char *job_id, const cJSON *row)
{
	cJSON *job = cJSON_CreateObject();

	json_add_str(job, "job_id", job_id);
	json_add_str(job, "status", json_str(row, "f_status", NULL));
	json_add_int(job, "progress", json_int(row, "f_progress", 0));
	json_add_int(job, "elapsed", json_int(row, "f_elapsed", 0));
	if (json_int(row, "f_retries", 0))
		json_add_int(job, "retries", json_int(row, "f_retries", 0));
	if (json_str(row, "f_reason", NULL))
		json_add_str(job, "reason", json_str(row, "f_reason", NULL));
	return job;
}

/* One look: ERR_OK and *answer_out, or why there was none. */
static enum err
look(const struct call *call, const cJSON *body, cJSON **answer_out,
    struct buf *err)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	enum err rc = call_post(call, "job/query", body, &response, err);

	if (!rc)
		rc = json_parse(response.body.ptr, response.body.len,
		    "answer of job/query", answer_out, err);
	if (!rc && response.status >= 500) {
		rc = err_set(err, ERR_BUSY, "%s",
		    json_str(*answer_out, "retmsg", "no database"));
		cJSON_Delete(*answer_out);
		*answer_out = NULL;
	}
	http_response_release(&response);
	return rc;
}

static enum cli_exit
poll_once(struct waiting *w, cJSON **job_out, struct buf *err)
{
	cJSON *answer = NULL;
	const cJSON *row;
	enum cli_exit code = CLI_TIMEOUT; /* stands for: not yet */
	enum err rc;

	buf_reset(err);
	rc = look(w->call, w->body, &answer, err);
	if (rc)
		return ++w->tries < TRIES_MAX ? CLI_TIMEOUT : CLI_UNREACHABLE;
	w->tries = 0;
	row = initiator_row(answer);
	if (!row) {
		buf_adds(err, json_str(answer, "retmsg", "no such job"));
		code = CLI_REFUSED;
		goto out;
	}
	show_changes(w, row);
	show_progress(w, row);
	if (is_final(w->status)) {
		code = strcmp(w->status, "success") ? CLI_JOB_FAILED : CLI_OK;
		*job_out = summary(w->job_id, row);
	}
out:
	cJSON_Delete(answer);
	return code;
}

/* Of a job that goes on: as it was seen last. */
static cJSON *
unfinished(const struct waiting *w)
{
	cJSON *job = cJSON_CreateObject();

	json_add_str(job, "job_id", w->job_id);
	if (w->status)
		json_add_str(job, "status", w->status);
	if (w->pending && *w->pending)
		json_add_str(job, "pending_reason", w->pending);
	return job;
}

enum cli_exit
wait_for_job(const struct call *call, const char *job_id, cJSON **job_out,
    struct buf *err)
{
	struct waiting w = {
	    .call = call, .job_id = job_id, .body = cJSON_CreateObject()};
	int64_t limit_s = 0, start = clock_mono_ms();
	unsigned pause_ms = FIRST_PAUSE_MS;
	enum cli_exit code = CLI_TIMEOUT;

	if (call->flags->timeout)
		num_parse_int(call->flags->timeout, "--timeout", 0, 1000000000,
		    &limit_s, NULL);
	json_add_str(w.body, "job_id", job_id);
	for (;;) {
		code = poll_once(&w, job_out, err);
		if (code != CLI_TIMEOUT)
			break;
		if (call->flags->timeout &&
		    clock_mono_ms() - start >= limit_s * 1000) {
			*job_out = unfinished(&w);
			break;
		}
		usleep(pause_ms * 1000);
		pause_ms = pause_ms * 3 / 2 < LAST_PAUSE_MS ? pause_ms * 3 / 2
							    : LAST_PAUSE_MS;
	}
	if (call->is_terminal)
		fputc('\n', stderr);
	cJSON_Delete(w.body);
	free(w.status);
	free(w.pending);
	return code;
}
