/* What --help prints, out of the tables of commands and flags. */
#include "cli/commands.h"
#include "lib/base/mem.h"

static void
print_exits(bool waits, struct buf *out)
{
	static const struct {
		enum cli_exit code;
		bool is_of_waiting;
		const char *meaning;
	} rows[] = {
	    {CLI_OK, false, "retcode 0; of a job waited for: it succeeded"},
	    {CLI_REFUSED, false, "the server answered another retcode"},
	    {CLI_USAGE, false, "wrong arguments"},
	    {CLI_UNREACHABLE, false,
		"no answer, or it could not be written (stdout, a file)"},
	    {CLI_JOB_FAILED, true, "the job failed, was canceled or timed out"},
	    {CLI_TIMEOUT, true, "the job was not at its end in time"},
	};

	buf_adds(out, "\nexit status:\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (waits || !rows[i].is_of_waiting)
			buf_addf(
			    out, "  %d  %s\n", rows[i].code, rows[i].meaning);
}

static void
print_command(const struct command *c, struct buf *out)
{
	struct buf words = BUF_INIT;

	buf_addf(&words, "%s %s", c->noun, c->verb);
	buf_addf(out, "  %-28s %s\n", words.ptr, c->help);
	buf_release(&words);
}

void
help_all(struct buf *out)
{
	const struct command *c = NULL;

	buf_adds(out, "usage: fateflow NOUN VERB [flags]\n"
		      "       fateflow -f NAME [flags]      (FATE's names)\n\n"
		      "commands:\n");
	while ((c = command_next(c)))
		print_command(c, out);
	buf_adds(out, "\nthe same by FATE's names:\n");
	while ((c = command_next(c)))
		buf_addf(out, "  -f %-25s %s %s\n", c->name, c->noun, c->verb);
	buf_adds(out, "\nflags (fateflow NOUN VERB --help lists those of one "
		      "command):\n");
	flags_print_help(out);
	print_exits(true, out);
}

void
help_noun(const char *noun, struct buf *out)
{
	const struct command *c = NULL;

	buf_addf(out, "usage: fateflow %s VERB [flags]\n\ncommands:\n", noun);
	while ((c = command_next(c)))
		if (!strcmp(c->noun, noun))
			print_command(c, out);
	buf_addf(out, "\nfateflow %s VERB --help tells about one.\n", noun);
}

/* The flags of a command; -c is required when a required member is. */
static void
print_flags(const struct command *c, struct buf *out)
{
	static const char *const common[] = {
	    "config", "server", "profile", "help"};
	bool wants_file = false;
	struct command_key key;

	buf_adds(out, "\nflags:\n");
	for (const char *at = c->keys; command_next_key(&at, &key);)
		if (!key.is_member)
			flags_print_one(key.name,
			    key.is_required ? " (required)" : "", out);
		else
			wants_file |= key.is_required;
	for (size_t i = !c->path; i < ARRAY_LEN(common); i++)
		if (!command_reads(c, common[i]))
			flags_print_one(common[i],
			    !i && wants_file ? " (required)" : "", out);
}

/* What no flag gives, and that -c may give the rest too. */
static void
print_members(const struct command *c, struct buf *out)
{
	const char *separator = "\nmembers of the -c file: ";
	bool may_be_member = false;
	struct command_key key;

	for (const char *at = c->keys; command_next_key(&at, &key);) {
		may_be_member |= key.is_checked && !key.is_member;
		if (!key.is_member)
			continue;
		buf_addf(out, "%s%s%s", separator, key.name,
		    key.is_required ? " (required)" : "");
		separator = ", ";
	}
	if (*separator == ',')
		buf_adds(out, "\n");
	if (may_be_member)
		buf_adds(out, "\nWhat is required may stand in the -c file "
			      "too, under the flag's word.\n");
}

void
help_command(const struct command *c, struct buf *out)
{
	bool waits = command_reads(c, "timeout");

	buf_addf(out, "fateflow %s %s: %s\n\n", c->noun, c->verb, c->help);
	buf_addf(out,
	    "usage: fateflow %s %s %s[flags]\n       fateflow -f %s "
	    "[flags]\n",
	    c->noun, c->verb, command_reads(c, "job_id") ? "[JOB] " : "",
	    c->name);
	if (c->path)
		buf_addf(out, "sends: %s /v1/%s\n", c->method, c->path);
	print_flags(c, out);
	print_members(c, out);
	buf_addf(out, "\nexample:\n  fateflow %s %s%s%s\n", c->noun, c->verb,
	    *c->example ? " " : "", c->example);
	print_exits(waits, out);
}
