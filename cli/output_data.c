/*
 * component_output_data: the answer is a tar.gz that is unpacked into a
 * folder of its own below output_path. Entries are files by their base names
 * only; anything else in the archive is refused.
 */
#include "cli/call.h"
#include "cli/print.h"
#include "lib/base/path.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define BLOCK 65536

/* Ctrl-C must not leave the archive behind. */
static struct {
	const char *archive;
} state;

static void
remove_and_end(int signo)
{
	unlink(state.archive);
	signal(signo, SIG_DFL);
	raise(signo);
}

static void
guard(const char *archive)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};

	state.archive = archive;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		signal(ends[i], archive ? remove_and_end : SIG_DFL);
}

static enum err
copy_entry(struct archive *in, const char *path, struct buf *err)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	enum err rc = ERR_OK;

	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot write %s", path);
	if (archive_read_data_into_fd(in, fd) != ARCHIVE_OK)
		rc = err_set(err, ERR_IO, "cannot unpack %s", path);
	if (close(fd) < 0 && !rc)
		rc = err_set_errno(err, ERR_IO, "cannot write %s", path);
	return rc;
}

static enum err
unpack(const char *file, const char *folder, struct buf *err)
{
	struct archive *in = archive_read_new();
	struct archive_entry *entry;
	struct buf path = BUF_INIT;
	enum err rc = ERR_OK;
	int n = 0, got = ARCHIVE_OK;

	archive_read_support_format_tar(in);
	archive_read_support_filter_gzip(in);
	if (archive_read_open_filename(in, file, BLOCK) != ARCHIVE_OK)
		rc = ERR_INVALID;
	while (
	    !rc && (got = archive_read_next_header(in, &entry)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);

		if (!name || !path_is_component(name)) {
			rc = err_set(err, ERR_INVALID,
			    "the archive holds an unexpected name");
			break;
		}
		path_set(&path, "%s/%s", folder, name);
		rc = copy_entry(in, path.ptr, err);
		n++;
	}
	if (!rc && (got != ARCHIVE_EOF || !n))
		rc = ERR_INVALID;
	archive_read_free(in);
	buf_release(&path);
	return rc;
}

static enum cli_exit
print_unpacked(const char *archive, const char *folder)
{
	struct buf err = BUF_INIT, text = BUF_INIT;
	enum err rc = path_mkdirs(folder, &err);
	enum cli_exit code;
	cJSON *object;

	if (!rc)
		rc = unpack(archive, folder, &err);
	if (rc) {
		if (!err.len)
			buf_adds(&err,
			    "download failed, please check if the parameters "
			    "are correct");
		code = print_failure(CLI_REFUSED, err.ptr);
		goto out;
	}
	buf_addf(
	    &text, "download successfully, please check %s directory", folder);
	object = cJSON_CreateObject();
	json_add_int(object, "retcode", 0);
	json_add_str(object, "directory", folder);
	json_add_str(object, "retmsg", text.ptr);
	code = print_object(CLI_OK, object);
out:
	buf_release(&err);
	buf_release(&text);
	return code;
}

static void
name_folder(const cJSON *request, struct buf *folder)
{
	struct buf party = BUF_INIT;
	const cJSON *id = json_get(request, "party_id");

	if (cJSON_IsString(id))
		buf_adds(&party, id->valuestring);
	else
		json_print(id, JSON_COMPACT, &party);
	path_set(folder, "%s/job_%s_%s_%s_%s_output_data",
	    json_str(request, "output_path", "."),
	    json_str(request, "job_id", ""),
	    json_str(request, "component_name", ""),
	    json_str(request, "role", ""), party.ptr);
	buf_release(&party);
}

enum cli_exit
call_output_data(struct call *call)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	struct buf url = BUF_INIT, text = BUF_INIT, folder = BUF_INIT;
	struct buf err = BUF_INIT, archive = BUF_INIT;
	struct http_request request = {.method = call->command->method};
	enum cli_exit code;
	enum err rc;

	name_folder(call->request, &folder);
	path_parent(folder.ptr, &archive);
	rc = path_mkdirs(archive.ptr, &err);
	if (rc) {
		code = print_failure(CLI_USAGE, err.ptr);
		goto out;
	}
	buf_addf(&archive, "/.fateflow-%d.tar.gz", (int)getpid());
	buf_addf(&url, "%s/%s", call->base, call->command->path);
	json_print(call->request, JSON_COMPACT, &text);
	request.url = url.ptr;
	request.json = text.ptr;
	request.save_path = archive.ptr;
	guard(archive.ptr);
	rc = http_perform(&request, &response, &err);
	if (rc)
		code = call_failed(rc, err.ptr);
	else if (response.saved)
		code = print_unpacked(archive.ptr, folder.ptr);
	else
		code = print_answer(&response, NULL);
	unlink(archive.ptr);
	guard(NULL);
out:
	http_response_release(&response);
	buf_release(&url);
	buf_release(&text);
	buf_release(&folder);
	buf_release(&archive);
	buf_release(&err);
	return code;
}
