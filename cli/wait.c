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

static void
show_progress(const struct call *call, const char *job_id, const cJSON *row)
{
	struct buf head = BUF_INIT;

	if (!call->is_terminal)
		return;
	buf_addf(&head, "%s ", job_id);
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
poll_once(const struct call *call, const cJSON *body, const char *job_id,
    int *tries, cJSON **job_out, struct buf *err)
{
	cJSON *answer = NULL;
	const cJSON *row;
	enum cli_exit code = CLI_TIMEOUT; /* stands for: not yet */
	enum err rc;

	buf_reset(err);
	rc = look(call, body, &answer, err);
	if (rc)
		return ++*tries < TRIES_MAX ? CLI_TIMEOUT : CLI_UNREACHABLE;
	*tries = 0;
	row = initiator_row(answer);
	if (!row) {
		buf_adds(err, json_str(answer, "retmsg", "no such job"));
		code = CLI_REFUSED;
		goto out;
	}
	show_progress(call, job_id, row);
	if (is_final(json_str(row, "f_status", ""))) {
		code = strcmp(json_str(row, "f_status", ""), "success")
			   ? CLI_JOB_FAILED
			   : CLI_OK;
		*job_out = summary(job_id, row);
	}
out:
	cJSON_Delete(answer);
	return code;
}

enum cli_exit
wait_for_job(const struct call *call, const char *job_id, cJSON **job_out,
    struct buf *err)
{
	int64_t limit_s = 0, start = clock_mono_ms();
	unsigned pause_ms = FIRST_PAUSE_MS;
	cJSON *body = cJSON_CreateObject();
	enum cli_exit code = CLI_TIMEOUT;
	int tries = 0;

	if (call->flags->timeout)
		num_parse_int(call->flags->timeout, "--timeout", 0, 1000000000,
		    &limit_s, NULL);
	json_add_str(body, "job_id", job_id);
	for (;;) {
		code = poll_once(call, body, job_id, &tries, job_out, err);
		if (code != CLI_TIMEOUT)
			break;
		if (call->flags->timeout &&
		    clock_mono_ms() - start >= limit_s * 1000) {
			*job_out = cJSON_CreateObject();
			json_add_str(*job_out, "job_id", job_id);
			break;
		}
		usleep(pause_ms * 1000);
		pause_ms = pause_ms * 3 / 2 < LAST_PAUSE_MS ? pause_ms * 3 / 2
							    : LAST_PAUSE_MS;
	}
	if (call->is_terminal)
		fputc('\n', stderr);
	cJSON_Delete(body);
	return code;
}
