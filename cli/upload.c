/*
 * upload: the file goes as a multipart part, every other field in the query
 * string, as FATE's client sends it; a large one by parts (cli/session.h).
 * With use_local_data 0 the path is the server's and the request plain JSON.
 */
#include "cli/call.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/request.h"
#include "cli/session.h"

#include <sys/stat.h>

#define BY_PARTS_FROM ((off_t)64 << 20)

static void
add_fields(const cJSON *request, struct buf *url)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, request)
	{
		struct buf text = BUF_INIT;

		request_text(it, &text);
		if (!cJSON_IsNull(it))
			http_add_query(url, it->string, text.ptr);
		buf_release(&text);
	}
}

static enum cli_exit
send_whole(struct call *call, const char *path)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	struct buf url = BUF_INIT, err = BUF_INIT;
	struct progress progress = {
	    .is_shown = call->is_terminal, .verb = "uploaded"};
	struct http_request request = {
	    .method = "POST",
	    .upload_path = path,
	    .progress = progress_show,
	    .arg = &progress,
	};
	enum cli_exit code;
	enum err rc;

	buf_addf(&url, "%s/%s", call->base, call->command->path);
	add_fields(call->request, &url);
	request.url = url.ptr;
	request.upload_name = request_file_name(path);
	rc = http_perform(&request, &response, &err);
	progress_end(&progress);
	code = rc ? call_failed(rc, err.ptr) : print_reply(call, &response);
	http_response_release(&response);
	buf_release(&url);
	buf_release(&err);
	return code;
}

static bool
is_large(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size >= BY_PARTS_FROM;
}

static enum cli_exit
send_file(struct call *call, const char *path)
{
	const struct flags *flags = call->flags;
	enum cli_exit code;

	if (flags->resume ||
	    (!flags->no_resume && !flags->token && is_large(path)))
		if (session_upload(call, path, &code))
			return code;
	return send_whole(call, path);
}

enum cli_exit
call_upload(struct call *call)
{
	const cJSON *local = json_get(call->request, "use_local_data");
	bool is_server_path = cJSON_IsNumber(local) && local->valuedouble == 0;
	struct buf path = BUF_INIT, err = BUF_INIT;
	enum cli_exit code;

	if (call->flags->token) {
		cJSON_DeleteItemFromObjectCaseSensitive(
		    call->request, "submit_token");
		json_add_str(call->request, "submit_token", call->flags->token);
	}
	if (call->flags->resume && call->flags->token)
		code = print_failure(CLI_USAGE,
		    "--resume and --token exclude each other: an upload by "
		    "parts is known by its file");
	else if (call->flags->resume &&
		 (is_server_path || call->flags->no_resume))
		code = print_failure(CLI_USAGE,
		    is_server_path
			? "--resume: with use_local_data 0 nothing is sent"
			: "--resume and --no-resume exclude each other");
	else if (is_server_path)
		code = call_started(call);
	else if (request_find_file(call, &path, &err))
		code = print_failure(CLI_USAGE, err.ptr);
	else
		code = send_file(call, path.ptr);
	buf_release(&path);
	buf_release(&err);
	return code;
}
