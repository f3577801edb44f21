/*
 * fateflow: FATE-Flow's command line over HTTP.
 */
#include "cli/print.h"
#include "cli/request.h"
#include "cli/select.h"

#include <unistd.h>

#define DEFAULT_SERVER "127.0.0.1:9380"

static enum cli_exit
usage(const char *complaint)
{
	fprintf(stderr,
	    "usage: fateflow NOUN VERB [flags], or fateflow -f NAME [flags]   "
	    "(--help lists them)\n"
	    "fateflow: error: %s\n",
	    complaint);
	return CLI_USAGE;
}

static enum cli_exit
help(const struct selection *selected)
{
	struct buf out = BUF_INIT;

	if (selected->command)
		help_command(selected->command, &out);
	else if (selected->noun)
		help_noun(selected->noun, &out);
	else
		help_all(&out);
	fputs(out.ptr, stdout);
	buf_release(&out);
	return CLI_OK;
}

/* "HOST:PORT" or a whole URL -> "http://HOST:PORT/v1" */
static void
make_base(const struct flags *flags, struct buf *base)
{
	const char *server = flags->server;

	if (!server)
		server = getenv("FATEFLOW_SERVER");
	if (!server || !*server)
		server = DEFAULT_SERVER;
	if (strncmp(server, "http://", 7) && strncmp(server, "https://", 8))
		buf_adds(base, "http://");
	buf_adds(base, server);
	while (base->len && base->ptr[base->len - 1] == '/')
		buf_truncate(base, base->len - 1);
	buf_adds(base, "/v1");
}

static enum cli_exit
run(const struct command *command, const struct flags *flags)
{
	struct call call = {.command = command, .flags = flags};
	struct buf base = BUF_INIT, err = BUF_INIT;
	enum cli_exit code;
	enum err rc = request_make(flags, &call.request, &err);

	if (!rc)
		rc = request_check(command, call.request, &err);
	if (rc) {
		code = print_failure(CLI_USAGE, err.ptr);
		goto out;
	}
	make_base(flags, &base);
	call.base = base.ptr;
	call.is_terminal =
	    isatty(STDERR_FILENO) || json_int(call.request, "verbose", 0) == 1;
	code = command->run(&call);
out:
	cJSON_Delete(call.request);
	buf_release(&base);
	buf_release(&err);
	return code;
}

int
main(int argc, char **argv)
{
	struct buf err = BUF_INIT;
	struct selection selected;
	enum cli_exit code;

	json_init();
	if (select_command(argc, argv, &selected, &err))
		code = usage(err.ptr);
	else if (selected.flags.help)
		code = help(&selected);
	else
		code = run(selected.command, &selected.flags);
	buf_release(&err);
	if (fflush(stdout) || ferror(stdout)) {
		perror("fateflow: stdout");
		code = CLI_UNREACHABLE;
	}
	return code;
}
