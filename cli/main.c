/*
 * fateflow: FATE-Flow's command line over HTTP.
 */
#include "cli/print.h"
#include "cli/profile.h"
#include "cli/request.h"
#include "cli/select.h"

#include <unistd.h>

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

static enum cli_exit
run(const struct command *command, const struct flags *flags)
{
	struct call call = {.command = command, .flags = flags};
	struct profile profile = PROFILE_INIT;
	struct buf base = BUF_INIT, err = BUF_INIT;
	enum cli_exit code;
	enum err rc = request_make(flags, &call.request, &err);

	if (!rc)
		rc = request_check(command, call.request, &err);
	if (!rc && command->path)
		rc = profile_choose(flags, &profile, &err);
	if (rc) {
		code = print_failure(CLI_USAGE, err.ptr);
		goto out;
	}
	profile_base(&profile, &base);
	call.base = base.ptr;
	call.is_terminal =
	    isatty(STDERR_FILENO) || json_int(call.request, "verbose", 0) == 1;
	code = command->run(&call);
out:
	cJSON_Delete(call.request);
	profile_release(&profile);
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
