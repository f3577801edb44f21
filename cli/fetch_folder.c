/*
 * component_output_data and job_log: the answer is a tar.gz that is unpacked
 * into a folder of its own below output_path.
 */
#include "cli/fetch.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/unpack.h"
#include "lib/base/path.h"

#define NO_ARCHIVE "download failed, please check if the parameters are correct"

static void
add_member(const struct call *call, const char *key, struct buf *out)
{
	buf_addc(out, '_');
	request_text(json_get(call->request, key), out);
}

static void
name_folder(const struct call *call, struct buf *folder)
{
	static const char *const keys[] = {
	    "component_name", "role", "party_id"};
	bool is_log = call->command->run == call_job_log;
	struct buf name = BUF_INIT;

	buf_adds(&name, "job");
	add_member(call, "job_id", &name);
	for (size_t i = 0; !is_log && i < 3; i++)
		add_member(call, keys[i], &name);
	buf_adds(&name, is_log ? "_log" : "_output_data");
	path_set(folder, "%s/%s", json_str(call->request, "output_path", "."),
	    name.ptr);
	buf_release(&name);
}

static enum cli_exit
unpack_answer(const struct call *call, const struct http_response *response,
    const char *path)
{
	bool is_log = call->command->run == call_job_log;
	struct buf folder = BUF_INIT, err = BUF_INIT;
	enum cli_exit code = CLI_REFUSED;
	enum err rc;
	int n = 0;

	(void)response;
	name_folder(call, &folder);
	rc = unpack(path, folder.ptr, &n, &err);
	if (interrupt_seen())
		goto out;
	/* A job that never ran has no logs: FATE makes the folder. */
	if (rc == ERR_NOTFOUND && is_log)
		rc = path_mkdirs(folder.ptr, &err);
	if (!rc)
		code = print_downloaded("directory", folder.ptr);
	else if (rc == ERR_IO || rc == ERR_FULL)
		code = print_failure(CLI_UNREACHABLE, err.ptr);
	else
		print_failure(
		    code, rc == ERR_DENIED || n ? err.ptr : NO_ARCHIVE);
out:
	buf_release(&folder);
	buf_release(&err);
	return code;
}

static enum cli_exit
fetch_folder(struct call *call)
{
	struct buf folder = BUF_INIT;
	struct fetch f = {.call = call, .use = unpack_answer};
	enum cli_exit code;

	f.folder = json_str(call->request, "output_path", ".");
	name_folder(call, &folder);
	if (!path_is_component(folder.ptr + strlen(f.folder) + 1))
		code = print_failure(
		    CLI_USAGE, "the ids given cannot be the name of a folder");
	else
		code = fetch(&f);
	buf_release(&folder);
	return code;
}

enum cli_exit
call_output_data(struct call *call)
{
	return fetch_folder(call);
}

enum cli_exit
call_job_log(struct call *call)
{
	return fetch_folder(call);
}
