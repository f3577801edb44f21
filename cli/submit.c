/* submit_job, wait_job, and waiting for the job of any answer. */
#include "cli/call.h"
#include "cli/print.h"
#include "cli/repeat.h"
#include "cli/request.h"
#include "cli/wait.h"

static const char required[] = "the following arguments are required: ";

/* {"job_dsl": ..., "job_runtime_conf": <merged>, "submit_token": ...} */
static enum err
make_body(const struct call *call, const char *token, cJSON **body_out,
    struct buf *err)
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
	json_add_str(body, "submit_token", token);
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

/* Nobody knows whether there is a job: the token must not be lost. */
static enum cli_exit
print_open(enum err rc, const struct http_response *response, const char *why,
    const char *token)
{
	cJSON *answer = NULL;
	struct buf text = BUF_INIT;
	enum cli_exit code;

	if (rc)
		buf_adds(&text, why);
	else if (json_parse(response->body.ptr, response->body.len, "answer",
		     &answer, NULL) ||
		 !json_str(answer, "retmsg", NULL))
		buf_addf(&text, "HTTP status %d", response->status);
	else
		buf_adds(&text, json_str(answer, "retmsg", ""));
	buf_addf(&text,
	    "; whether there is a job is not known: submit the same again "
	    "with --token %s",
	    token);
	code = print_failure(rc ? CLI_UNREACHABLE : CLI_REFUSED, text.ptr);
	cJSON_Delete(answer);
	buf_release(&text);
	return code;
}

static enum cli_exit
submit(const struct call *call, const cJSON *body, const char *token)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	struct buf err = BUF_INIT;
	enum err rc = repeat_post(call, body, token, &response, &err);
	enum cli_exit code;

	if (repeat_is_open(rc, &response))
		code = print_open(rc, &response, err.ptr, token);
	else if (rc)
		code = call_failed(rc, err.ptr);
	else
		code = print_reply(call, &response);
	http_response_release(&response);
	buf_release(&err);
	return code;
}

enum cli_exit
call_submit_job(struct call *call)
{
	char own[REPEAT_TOKEN_LEN];
	const char *token = call->flags->token;
	struct buf err = BUF_INIT;
	enum cli_exit code;
	cJSON *body = NULL;

	if (!token) {
		repeat_token(own);
		token = own;
	}
	if (make_body(call, token, &body, &err))
		code = print_failure(CLI_USAGE, err.ptr);
	else
		code = submit(call, body, token);
	cJSON_Delete(body);
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
