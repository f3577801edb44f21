#include "cli/fetch.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "lib/base/path.h"

#include <unistd.h>

/* What http_perform() calls back with. */
struct receiving {
	const struct fetch *fetch;
	const struct http_response *response;
	struct progress progress;
};

/* What a refusal weighs is nothing to show. */
static bool
show(int64_t done, int64_t total, void *arg)
{
	struct receiving *r = arg;

	return progress_show(
	    r->response->saved ? done : 0, total, &r->progress);
}

static enum err
admit(const struct http_response *response, void *arg, struct buf *err)
{
	const struct fetch *f = ((struct receiving *)arg)->fetch;

	if (!f->admit || response->status != 200)
		return ERR_OK;
	return f->admit(response, (void *)(uintptr_t)f->call, err);
}

static enum err
receive(const struct fetch *f, const char *path, struct http_response *response,
    struct buf *err)
{
	struct receiving r = {
	    .fetch = f,
	    .response = response,
	    .progress = {.is_shown = f->call->is_terminal,
		.verb = "downloaded"},
	};
	struct http_request request = {
	    .save_path = path,
	    .progress = show,
	    .admit = admit,
	    .arg = &r,
	    .timeout_ms = CALL_SLOW_MS,
	};
	enum err rc = call_perform(f->call, &request, response, err);

	progress_end(&r.progress);
	return rc;
}

static enum cli_exit
judge(const struct fetch *f, enum err rc, const struct http_response *response,
    const char *path, const char *why)
{
	struct buf text = BUF_INIT;
	enum cli_exit code;

	if (rc == ERR_CONFLICT)
		return print_failure(CLI_REFUSED, why);
	if (rc)
		return call_failed(rc, why);
	if (!response->saved)
		return print_answer(response, NULL);
	if (response->status == 200)
		return f->use(f->call, response, path);
	buf_addf(&text, "no file came, but HTTP status %d (%s)",
	    response->status, response->content_type.ptr);
	code = print_failure(CLI_REFUSED, text.ptr);
	buf_release(&text);
	return code;
}

enum cli_exit
fetch(const struct fetch *f)
{
	struct http_response response = HTTP_RESPONSE_INIT;
	struct buf path = BUF_INIT, err = BUF_INIT;
	enum cli_exit code = CLI_UNREACHABLE;
	enum err rc = path_mkdirs(f->folder, &err);

	if (rc) {
		code = print_failure(CLI_USAGE, err.ptr);
		goto out;
	}
	buf_addf(&path, "%s/.fateflow-%d.part", f->folder, (int)getpid());
	unlink(path.ptr); /* of a run that was killed, long ago */
	interrupt_catch();
	rc = receive(f, path.ptr, &response, &err);
	if (!interrupt_seen())
		code = judge(f, rc, &response, path.ptr, err.ptr);
	unlink(path.ptr);
	interrupt_release();
out:
	http_response_release(&response);
	buf_release(&path);
	buf_release(&err);
	return code;
}
