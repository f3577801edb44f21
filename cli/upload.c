/*
 * upload: the file goes as a multipart part, every other field in the query
 * string, as FATE's client sends it. With use_local_data 0 the path is the
 * server's and the request is plain JSON.
 */
#include "cli/call.h"
#include "cli/print.h"
#include "lib/base/path.h"

#include <sys/stat.h>
#include <unistd.h>

#define BAR_WIDTH 30

/* The path itself, or beside the configuration file that names it. */
static enum err
find_file(const struct call *call, struct buf *path, struct buf *err)
{
	const char *file = json_str(call->request, "file", "");
	struct buf folder = BUF_INIT;
	struct stat st;

	buf_adds(path, file);
	if (access(path->ptr, F_OK) && *file != '/' && call->flags->config &&
	    !call->flags->file)
		path_set(path, "%s/%s",
		    path_parent(call->flags->config, &folder), file);
	buf_release(&folder);
	if (stat(path->ptr, &st))
		return err_set(err, ERR_NOTFOUND,
		    "The file is obtained from the fate flow client machine, "
		    "but it does not exist, please check the path: %s",
		    file);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_NOTFOUND,
		    "%s is a folder, expected a file", path->ptr);
	if (access(path->ptr, R_OK))
		return err_set_errno(
		    err, ERR_NOTFOUND, "cannot read %s", path->ptr);
	return ERR_OK;
}

static void
add_fields(const cJSON *request, struct buf *url)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, request)
	{
		struct buf text = BUF_INIT;

		if (cJSON_IsString(it))
			buf_adds(&text, it->valuestring);
		else
			json_print(it, JSON_COMPACT, &text);
		if (!cJSON_IsNull(it))
			http_add_query(url, it->string, text.ptr);
		buf_release(&text);
	}
}

static void
show_progress(int64_t done, int64_t total, void *arg)
{
	int *last = arg;
	int percent = total > 0 ? (int)(done * 100 / total) : 0;

	if (percent == *last || total <= 0)
		return;
	*last = percent;
	fprintf(stderr, "\r\033[K[");
	for (int i = 0; i < BAR_WIDTH; i++)
		fputc(i < percent * BAR_WIDTH / 100 ? '#' : '.', stderr);
	fprintf(
	    stderr, "] %3d%% uploaded%s", percent, percent == 100 ? "\n" : "");
}

static enum err
send_file(struct call *call, struct http_response *response, struct buf *err)
{
	struct buf path = BUF_INIT, url = BUF_INIT;
	struct http_request request = {.method = "POST"};
	int percent = -1;
	enum err rc = find_file(call, &path, err);

	if (rc)
		goto out;
	buf_addf(&url, "%s/%s", call->base, call->command->path);
	add_fields(call->request, &url);
	request.url = url.ptr;
	request.upload_path = path.ptr;
	request.upload_name =
	    strrchr(path.ptr, '/') ? strrchr(path.ptr, '/') + 1 : path.ptr;
	if (call->is_terminal) {
		request.progress = show_progress;
		request.arg = &percent;
	}
	rc = http_perform(&request, response, err);
out:
	buf_release(&path);
	buf_release(&url);
	return rc;
}

enum cli_exit
call_upload(struct call *call)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	const cJSON *local = json_get(call->request, "use_local_data");
	bool is_server_path = cJSON_IsNumber(local) && local->valuedouble == 0;
	struct buf err = BUF_INIT;
	enum cli_exit code;
	enum err rc;

	rc = is_server_path ? call_send(call, &response, &err)
			    : send_file(call, &response, &err);
	if (rc == ERR_NOTFOUND)
		code = print_failure(CLI_USAGE, err.ptr);
	else if (rc)
		code = call_failed(rc, err.ptr);
	else if (call->flags->wait)
		code = print_waited(call, &response);
	else
		code = print_answer(&response, NULL);
	http_response_release(&response);
	buf_release(&err);
	return code;
}
