/*
 * fateflow: FATE-Flow's command line over HTTP.
 */
#include "cli/commands.h"
#include "cli/print.h"

#include <unistd.h>

#define DEFAULT_SERVER "127.0.0.1:9380"

static enum cli_exit
usage(const char *complaint)
{
	fprintf(stderr,
	    "usage: fateflow -f COMMAND [flags]   (--help lists them)\n"
	    "fateflow: error: %s\n",
	    complaint);
	return CLI_USAGE;
}

static enum cli_exit
help(const struct command *command)
{
	struct buf out = BUF_INIT;

	if (command)
		command_print_help(command, &out);
	else
		commands_print_help(&out);
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

static enum err
make_request(const struct flags *flags, cJSON **out, struct buf *err)
{
	cJSON *request = NULL;
	enum err rc = ERR_OK;

	if (flags->config)
		rc = json_read_file(flags->config, &request, err);
	else
		request = cJSON_CreateObject();
	if (!rc && !cJSON_IsObject(request))
		rc = err_set(err, ERR_INVALID, "%s must hold a JSON object",
		    flags->config);
	if (rc) {
		cJSON_Delete(request);
		return rc;
	}
	flags_merge(flags, request);
	*out = request;
	return ERR_OK;
}

/* FATE's text: "the following arguments are required: a,b " */
static enum err
check_required(const struct command *c, const cJSON *request, struct buf *err)
{
	struct buf missing = BUF_INIT, name = BUF_INIT;
	enum err rc = ERR_OK;

	for (const char *p = c->required; *p;) {
		size_t n = strcspn(p, ",");

		buf_reset(&name);
		buf_add(&name, p, n);
		if (!json_get(request, name.ptr))
			buf_addf(
			    &missing, "%s%s", missing.len ? "," : "", name.ptr);
		p += n + (p[n] == ',');
	}
	if (missing.len)
		rc = err_set(err, ERR_INVALID,
		    "the following arguments are required: %s ", missing.ptr);
	buf_release(&missing);
	buf_release(&name);
	return rc;
}

static enum cli_exit
run(const struct command *command, const struct flags *flags)
{
	struct call call = {.command = command, .flags = flags};
	struct buf base = BUF_INIT, err = BUF_INIT;
	enum cli_exit code;
	enum err rc = make_request(flags, &call.request, &err);

	if (!rc)
		rc = check_required(command, call.request, &err);
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
	const struct command *command = NULL;
	struct buf err = BUF_INIT;
	struct flags flags;
	enum cli_exit code;

	json_init();
	if (flags_parse(argc, argv, &flags, &err)) {
		code = usage(err.ptr);
		goto out;
	}
	if (flags.function)
		command = command_find(flags.function);
	if (flags.function && !command) {
		buf_addf(&err,
		    "argument -f/--function: invalid choice: '%s' (fateflow "
		    "--help lists the commands)",
		    flags.function);
		code = usage(err.ptr);
	} else if (flags.help || argc == 1) {
		code = help(command);
	} else if (!command) {
		code = usage("the following arguments are required: "
			     "-f/--function");
	} else if (!command->run) {
		buf_addf(&err, "%s is not offered yet", command->name);
		code = print_failure(CLI_USAGE, err.ptr);
	} else {
		code = run(command, &flags);
	}
out:
	buf_release(&err);
	if (fflush(stdout) || ferror(stdout)) {
		perror("fateflow: stdout");
		code = CLI_UNREACHABLE;
	}
	return code;
}
