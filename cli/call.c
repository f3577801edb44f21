#include "cli/call.h"
#include "cli/print.h"

static enum err
perform(const struct call *call, const char *path, struct http_request *request,
    struct http_response *response, struct buf *err)
{
	struct buf url = BUF_INIT;
	enum err rc;

	buf_addf(&url, "%s/%s", call->base, path);
	request->url = url.ptr;
	rc = http_perform(request, response, err);
	request->url = NULL;
	buf_release(&url);
	return rc;
}

enum err
call_perform(const struct call *call, struct http_request *request,
    struct http_response *response, struct buf *err)
{
	struct buf text = BUF_INIT;
	enum err rc;

	json_print(call->request, JSON_COMPACT, &text);
	request->method = call->command->method;
	request->json = text.ptr;
	rc = perform(call, call->command->path, request, response, err);
	request->json = NULL;
	buf_release(&text);
	return rc;
}

enum err
call_send(
    const struct call *call, struct http_response *response, struct buf *err)
{
	struct http_request request = {0};

	return call_perform(call, &request, response, err);
}

enum err
call_post(const struct call *call, const char *path, const cJSON *body,
    struct http_response *response, struct buf *err)
{
	struct http_request request = {.method = "POST"};
	struct buf text = BUF_INIT;
	enum err rc;

	json_print(body, JSON_COMPACT, &text);
	request.json = text.ptr;
	rc = perform(call, path, &request, response, err);
	buf_release(&text);
	return rc;
}

enum cli_exit
call_failed(enum err rc, const char *why)
{
	if (rc == ERR_BUSY)
		return print_failure(CLI_UNREACHABLE,
		    "Connection refused, Please check if the fate flow "
		    "service is started");
	return print_failure(CLI_UNREACHABLE, why);
}

typedef enum cli_exit
print_how(const struct call *call, const struct http_response *response);

static enum cli_exit
send_and_print(struct call *call, print_how *print)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	struct buf err = BUF_INIT;
	enum err rc = call_send(call, &response, &err);
	enum cli_exit code =
	    rc ? call_failed(rc, err.ptr) : print(call, &response);

	http_response_release(&response);
	buf_release(&err);
	return code;
}

static enum cli_exit
print_whole(const struct call *call, const struct http_response *response)
{
	(void)call;
	return print_answer(response, NULL);
}

static enum cli_exit
print_without_big(const struct call *call, const struct http_response *response)
{
	static const char *const big[] = {"f_runtime_conf", "f_dsl", NULL};

	(void)call;
	return print_answer(response, big);
}

enum cli_exit
call_plain(struct call *call)
{
	return send_and_print(call, print_whole);
}

enum cli_exit
call_started(struct call *call)
{
	return send_and_print(call, print_reply);
}

enum cli_exit
call_query_job(struct call *call)
{
	return send_and_print(call, print_without_big);
}
