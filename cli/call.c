#include "cli/call.h"
#include "cli/print.h"

static enum err
send_json(const struct call *call, const char *method, const char *path,
    const cJSON *body, struct http_response *response, struct buf *err)
{
	struct buf url = BUF_INIT, text = BUF_INIT;
	struct http_request request = {.method = method};
	enum err rc;

	buf_addf(&url, "%s/%s", call->base, path);
	json_print(body, JSON_COMPACT, &text);
	request.url = url.ptr;
	request.json = text.ptr;
	rc = http_perform(&request, response, err);
	buf_release(&url);
	buf_release(&text);
	return rc;
}

enum err
call_send(
    const struct call *call, struct http_response *response, struct buf *err)
{
	return send_json(call, call->command->method, call->command->path,
	    call->request, response, err);
}

enum err
call_post(const struct call *call, const char *path, const cJSON *body,
    struct http_response *response, struct buf *err)
{
	return send_json(call, "POST", path, body, response, err);
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

static enum cli_exit
send_and_print(struct call *call, const char *const *drop)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	struct buf err = BUF_INIT;
	enum err rc = call_send(call, &response, &err);
	enum cli_exit code =
	    rc ? call_failed(rc, err.ptr) : print_answer(&response, drop);

	http_response_release(&response);
	buf_release(&err);
	return code;
}

enum cli_exit
call_plain(struct call *call)
{
	return send_and_print(call, NULL);
}

enum cli_exit
call_query_job(struct call *call)
{
	static const char *const big[] = {"f_runtime_conf", "f_dsl", NULL};

	return send_and_print(call, big);
}
