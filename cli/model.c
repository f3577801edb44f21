/* export and import: a model as a zip file. */
#include "cli/fetch.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/request.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/*
 * <output_path>/<the name that the server gives>. FATE's servers do not quote
 * it, and it holds "#".
 */
static enum err
name_file(const struct call *call, const struct http_response *response,
    struct buf *path, struct buf *err)
{
	static const char key[] = "filename=";
	const char *name = strstr(response->disposition.ptr, key);
	struct buf plain = BUF_INIT;
	enum err rc = ERR_OK;

	if (name)
		buf_adds(&plain, name + sizeof(key) - 1);
	if (plain.len > 1 && plain.ptr[0] == '"' &&
	    plain.ptr[plain.len - 1] == '"') {
		buf_truncate(&plain, plain.len - 1);
		memmove(plain.ptr, plain.ptr + 1, plain.len);
		buf_truncate(&plain, plain.len - 1);
	}
	if (path_is_component(plain.ptr))
		path_set(path, "%s/%s",
		    json_str(call->request, "output_path", "."), plain.ptr);
	else
		rc = err_set(err, ERR_CONFLICT,
		    "the server gives no file name that can be used "
		    "(Content-Disposition: %s)",
		    response->disposition.ptr);
	buf_release(&plain);
	return rc;
}

/* Before the model is transferred: there is nothing that it would replace. */
static enum err
admit(const struct http_response *response, void *arg, struct buf *err)
{
	const struct call *call = arg;
	struct buf path = BUF_INIT;
	enum err rc = name_file(call, response, &path, err);

	if (!rc && !call->flags->force && path_exists(path.ptr))
		rc = err_set(err, ERR_CONFLICT,
		    "%s is there already; --force replaces it", path.ptr);
	buf_release(&path);
	return rc;
}

static int
move(const char *from, const char *to, bool replace)
{
	if (replace)
		return rename(from, to);
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* Some file systems know no RENAME_NOREPLACE. */
	return errno == EINVAL && !path_exists(to) ? rename(from, to) : -1;
}

static enum cli_exit
keep(const struct call *call, const struct http_response *response,
    const char *path)
{
	struct buf final = BUF_INIT, err = BUF_INIT;
	enum cli_exit code;

	if (name_file(call, response, &final, &err)) {
		code = print_failure(CLI_REFUSED, err.ptr);
	} else if (move(path, final.ptr, call->flags->force)) {
		err_set_errno(&err, ERR_IO, "cannot write %s", final.ptr);
		code = print_failure(CLI_UNREACHABLE, err.ptr);
	} else {
		code = print_downloaded("file", final.ptr);
	}
	buf_release(&final);
	buf_release(&err);
	return code;
}

enum cli_exit
call_export(struct call *call)
{
	struct fetch f = {.call = call, .use = keep, .admit = admit};

	f.folder = json_str(call->request, "output_path", ".");
	return fetch(&f);
}

struct form {
	struct http_field *fields;
	struct buf *values;
	size_t n;
};

/* Every member but the path of the file becomes a form field. */
static void
form_fill(struct form *form, const cJSON *request)
{
	size_t n = (size_t)cJSON_GetArraySize(request);
	const cJSON *it;

	form->fields = xcalloc(n + 1, sizeof(*form->fields));
	form->values = xcalloc(n + 1, sizeof(*form->values));
	form->n = 0;
	cJSON_ArrayForEach(it, request)
	{
		struct buf *value = &form->values[form->n];

		if (cJSON_IsNull(it) || !strcmp(it->string, "file"))
			continue;
		buf_init(value);
		request_text(it, value);
		form->fields[form->n].name = it->string;
		form->fields[form->n++].value = value->ptr;
	}
}

static void
form_release(struct form *form)
{
	for (size_t i = 0; i < form->n; i++)
		buf_release(&form->values[i]);
	free(form->values);
	free(form->fields);
}

static enum err
send_model(const struct call *call, const char *path,
    struct http_response *response, struct buf *err)
{
	struct progress progress = {
	    .is_shown = call->is_terminal, .verb = "sent"};
	struct http_request request = {
	    .upload_path = path, .timeout_ms = CALL_SLOW_MS};
	struct form form;
	enum err rc;

	form_fill(&form, call->request);
	request.upload_name = request_file_name(path);
	request.fields = form.fields;
	request.n_fields = form.n;
	request.progress = progress_show;
	request.arg = &progress;
	rc = call_perform(call, &request, response, err);
	progress_end(&progress);
	form_release(&form);
	return rc;
}

enum cli_exit
call_import(struct call *call)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	struct buf path = BUF_INIT, err = BUF_INIT;
	enum cli_exit code;
	enum err rc;

	if (request_find_file(call, &path, &err)) {
		code = print_failure(CLI_USAGE, err.ptr);
		goto out;
	}
	rc = send_model(call, path.ptr, &response, &err);
	code = rc ? call_failed(rc, err.ptr) : print_answer(&response, NULL);
out:
	http_response_release(&response);
	buf_release(&path);
	buf_release(&err);
	return code;
}
