/* submit_job, wait_job, and waiting for the job of any answer. */
#include "cli/call.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/wait.h"

static const char required[] = "the following arguments are required: ";

/* {"job_dsl": ..., "job_runtime_conf": <the merged object>} */
static enum err
make_body(const struct call *call, cJSON **body_out, struct buf *err)
{
	const cJSON *parameters = json_get(call->request, "job_parameters");
	bool is_predict =
	    !strcmp(json_str(parameters, "job_type", "train"), "predict");
	cJSON *dsl = NULL, *body;
	enum err rc = ERR_OK;

	if (!call->flags->config)
		return err_set(
		    err, ERR_INVALID, "%sruntime conf path", required);
	if (!call->flags->dsl && !is_predict)
		return err_set(err, ERR_INVALID, "%sdsl path", required);
	if (call->flags->dsl)
		rc = request_read_json(call->flags->dsl, &dsl, err);
	if (rc)
		return rc;
	body = cJSON_CreateObject();
	json_add(body, "job_dsl", dsl ? dsl : cJSON_CreateObject());
	json_add(body, "job_runtime_conf", cJSON_Duplicate(call->request, 1));
	*body_out = body;
	return ERR_OK;
}

/* Waits for the job of an answer and prints the answer with its end. */
static enum cli_exit
print_waited(const struct call *call, const struct http_response *response)
{
	cJSON *answer = NULL, *job = NULL;
	struct buf err = BUF_INIT;
	const char *job_id;
	enum cli_exit code;

	if (json_parse(response->body.ptr, response->body.len, "answer",
		&answer, NULL))
		return print_answer(response, NULL);
	job_id = json_str(answer, "jobId", NULL);
	if (json_int(answer, "retcode", 1) || !job_id) {
		cJSON_Delete(answer);
		return print_answer(response, NULL);
	}
	code = wait_for_job(call, job_id, &job, &err);
	if (!job) { /* it goes on: its id must not be lost */
		job = cJSON_CreateObject();
		json_add_str(job, "job_id", job_id);
		json_add_str(job, "error", err.ptr);
	}
	json_add(answer, "job", job);
	buf_release(&err);
	return print_object(code, answer);
}

enum cli_exit
print_reply(const struct call *call, const struct http_response *response)
{
	return call->flags->wait ? print_waited(call, response)
				 : print_answer(response, NULL);
}

enum cli_exit
call_submit_job(struct call *call)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	struct buf err = BUF_INIT;
	enum cli_exit code;
	cJSON *body = NULL;
	enum err rc;

	if (make_body(call, &body, &err)) {
		code = print_failure(CLI_USAGE, err.ptr);
		goto out;
	}
	rc = call_post(call, call->command->path, body, &response, &err);
	code = rc ? call_failed(rc, err.ptr) : print_reply(call, &response);
out:
	cJSON_Delete(body);
	http_response_release(&response);
	buf_release(&err);
	return code;
}

enum cli_exit
call_wait_job(struct call *call)
{
	cJSON *job = NULL, *answer;
	struct buf err = BUF_INIT;
	enum cli_exit code = wait_for_job(
	    call, json_str(call->request, "job_id", ""), &job, &err);

	if (!job)
		print_failure(code, err.ptr);
	buf_release(&err);
	if (!job)
		return code;
	answer = cJSON_CreateObject();
	json_add_int(answer, "retcode", 0);
	json_add_str(answer, "retmsg",
	    code == CLI_TIMEOUT ? "the job has not ended yet" : "success");
	json_add(answer, "job", job);
	return print_object(code, answer);
}
