/*
 * job_config: what a job was submitted with, as four files. They are what the
 * server sent, number for number, since they may be submitted again. A file
 * that is there with other content may have been edited: it is not replaced
 * without --force.
 */
#include "cli/call.h"
#include "cli/print.h"
#include "cli/reindent.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

static const char *const files[] = {
    "dsl", "runtime_conf", "train_runtime_conf", "model_info"};

/* The content of a file: its member of the data, laid out. */
static void
lay_out(const char *data, const char *name, struct buf *out)
{
	const char *value = reindent_member(data, name);

	buf_reset(out);
	if (value)
		reindent(value, NULL, out);
	else
		buf_adds(out, "{}");
}

static enum err
check_same(const char *path, const struct buf *text, struct buf *err)
{
	struct buf old = BUF_INIT;
	enum err rc = ERR_OK;

	if (!path_exists(path))
		return ERR_OK;
	if (path_read_file(path, JSON_SIZE_MAX, &old, NULL) ||
	    old.len != text->len || memcmp(old.ptr, text->ptr, old.len))
		rc = err_set(err, ERR_CONFLICT,
		    "%s is there with another content; --force replaces it",
		    path);
	buf_release(&old);
	return rc;
}

typedef enum err
each_file(const char *path, const struct buf *text, struct buf *err);

static enum err
write_one(const char *path, const struct buf *text, struct buf *err)
{
	return path_write_file(path, text->ptr, text->len, PATH_SCRATCH, err);
}

static enum err
for_each_file(
    const char *folder, const char *data, each_file *act, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < ARRAY_LEN(files); i++) {
		path_set(&path, "%s/%s.json", folder, files[i]);
		lay_out(data, files[i], &text);
		rc = act(path.ptr, &text, err);
	}
	buf_release(&path);
	buf_release(&text);
	return rc;
}

/* The reply without the two big members, and where the files are. */
static enum cli_exit
print_written(cJSON *answer, const char *folder)
{
	cJSON *data = cJSON_GetObjectItemCaseSensitive(answer, "data");
	struct buf text = BUF_INIT;

	buf_addf(
	    &text, "download successfully, please check %s directory", folder);
	cJSON_DeleteItemFromObjectCaseSensitive(data, "dsl");
	cJSON_DeleteItemFromObjectCaseSensitive(data, "runtime_conf");
	cJSON_DeleteItemFromObjectCaseSensitive(answer, "retmsg");
	json_add_str(answer, "retmsg", text.ptr);
	json_add_str(answer, "directory", folder);
	buf_release(&text);
	return print_object(CLI_OK, answer);
}

/* Takes the answer. */
static enum cli_exit
write_files(const struct call *call, cJSON *answer, const char *body)
{
	struct buf folder = BUF_INIT, err = BUF_INIT;
	const char *data = reindent_member(body, "data");
	enum cli_exit code = CLI_REFUSED;
	enum err rc = ERR_OK;

	path_set(&folder, "%s/job_%s_config",
	    json_str(call->request, "output_path", "."),
	    json_str(call->request, "job_id", ""));
	if (!call->flags->force)
		rc = for_each_file(folder.ptr, data, check_same, &err);
	if (!rc) {
		code = CLI_UNREACHABLE;
		rc = path_mkdirs(folder.ptr, &err);
	}
	if (!rc)
		rc = for_each_file(folder.ptr, data, write_one, &err);
	if (rc) {
		cJSON_Delete(answer);
		print_failure(code, err.ptr);
	} else {
		code = print_written(answer, folder.ptr);
	}
	buf_release(&folder);
	buf_release(&err);
	return code;
}

enum cli_exit
call_job_config(struct call *call)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	struct buf err = BUF_INIT;
	cJSON *answer = NULL;
	enum cli_exit code;
	enum err rc;

	if (!path_is_component(json_str(call->request, "job_id", "")))
		return print_failure(CLI_USAGE, "job_id is no job id");
	rc = call_send(call, &response, &err);
	if (rc)
		code = call_failed(rc, err.ptr);
	else if (json_parse(response.body.ptr, response.body.len, "answer",
		     &answer, NULL) ||
		 json_int(answer, "retcode", 1) ||
		 !cJSON_IsObject(json_get(answer, "data")))
		code = print_answer(&response, NULL);
	else {
		code = write_files(call, answer, response.body.ptr);
		answer = NULL; /* taken */
	}
	cJSON_Delete(answer);
	http_response_release(&response);
	buf_release(&err);
	return code;
}
