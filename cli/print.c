#include "cli/print.h"
#include "cli/reindent.h"
#include "lib/http/http.h"

enum cli_exit
print_object(enum cli_exit code, cJSON *object)
{
	struct buf out = BUF_INIT;

	json_print(object, JSON_PRETTY, &out);
	printf("%s\n\n", out.ptr);
	buf_release(&out);
	cJSON_Delete(object);
	return code;
}

enum cli_exit
print_failure(enum cli_exit code, const char *message)
{
	cJSON *object = cJSON_CreateObject();

	json_add_int(object, "retcode", 100);
	json_add_str(object, "retmsg", message);
	return print_object(code, object);
}

enum cli_exit
print_downloaded(const char *kind, const char *path)
{
	bool is_file = !strcmp(kind, "file");
	cJSON *object = cJSON_CreateObject();
	struct buf text = BUF_INIT;

	buf_addf(&text, "download successfully, please check %s%s", path,
	    is_file ? "" : " directory");
	json_add_int(object, "retcode", 0);
	json_add_str(object, kind, path);
	json_add_str(object, "retmsg", text.ptr);
	buf_release(&text);
	return print_object(CLI_OK, object);
}

enum cli_exit
print_answer(const struct http_response *response, const char *const *drop)
{
	struct buf out = BUF_INIT, err = BUF_INIT;
	cJSON *answer = NULL;
	enum cli_exit code;

	if (json_parse(response->body.ptr, response->body.len, "answer",
		&answer, &err) ||
	    !cJSON_IsObject(answer)) {
		buf_addf(&err, " (HTTP status %d)", response->status);
		code = print_failure(CLI_REFUSED, err.ptr);
		goto out;
	}
	code = json_int(answer, "retcode", 1) == 0 ? CLI_OK : CLI_REFUSED;
	reindent(response->body.ptr, drop, &out);
	printf("%s\n\n", out.ptr);
out:
	cJSON_Delete(answer);
	buf_release(&out);
	buf_release(&err);
	return code;
}
