#include "cli/select.h"
#include "cli/nearest.h"

#define WORDS_MAX 2

static bool
is_noun(const char *word)
{
	const struct command *c = NULL;

	while ((c = command_next(c)))
		if (!strcmp(c->noun, word))
			return true;
	return false;
}

/* "submit_job", FATE's name, and a verb alone lead to "job submit" too. */
static const struct command *
nearest_command(const char *word)
{
	struct nearest near = {.word = word};
	const struct command *c = NULL, *found = command_find(word);

	while (!found && (c = command_next(c)))
		if (!strcmp(c->verb, word))
			found = c;
	if (found)
		return found;
	while ((c = command_next(c))) {
		nearest_try(&near, c->name);
		if (near.best == c->name)
			found = c;
	}
	return found;
}

static enum err
unknown_noun(const char *word, struct buf *err)
{
	struct nearest near = {.word = word};
	const struct command *c = NULL;

	err_set(err, ERR_INVALID, "unknown command: '%s'", word);
	while ((c = command_next(c)))
		nearest_try(&near, c->noun);
	nearest_tell(&near, err);
	c = near.best ? NULL : nearest_command(word);
	if (c)
		buf_addf(err, " (did you mean '%s %s'?)", c->noun, c->verb);
	return ERR_INVALID;
}

static enum err
unknown_verb(const char *noun, const char *verb, struct buf *err)
{
	struct nearest near = {.word = verb};
	const struct command *c = NULL;
	bool is_first = true;

	while ((c = command_next(c)))
		if (!strcmp(c->noun, noun))
			nearest_try(&near, c->verb);
	if (verb[0])
		buf_addf(err, "unknown command: '%s %s'", noun, verb);
	else
		buf_addf(err, "%s needs a second word", noun);
	nearest_tell(&near, err);
	buf_addf(err, "; %s takes ", noun);
	while ((c = command_next(c)))
		if (!strcmp(c->noun, noun)) {
			buf_addf(err, "%s%s", is_first ? "" : ", ", c->verb);
			is_first = false;
		}
	return ERR_INVALID;
}

static enum err
unknown_function(const char *name, struct buf *err)
{
	const struct command *c = NULL;
	struct nearest near = {.word = name};

	while ((c = command_next(c)))
		nearest_try(&near, c->name);
	buf_addf(err, "argument -f/--function: invalid choice: '%s'", name);
	nearest_tell(&near, err);
	buf_adds(err, "; fateflow --help lists the commands");
	return ERR_INVALID;
}

static enum err
select_words(int n, char *const *words, struct selection *out, struct buf *err)
{
	const char *verb = n > 1 ? words[1] : "";

	if (!n)
		return ERR_OK;
	if (!is_noun(words[0]))
		return unknown_noun(words[0], err);
	out->noun = words[0];
	if (n == 1 && out->flags.help)
		return ERR_OK;
	out->command = command_find_words(words[0], verb);
	return out->command ? ERR_OK : unknown_verb(words[0], verb, err);
}

static enum err
select_function(struct selection *out, struct buf *err)
{
	const char *name = out->flags.function;

	if (!name)
		return ERR_OK;
	if (out->noun)
		return err_set(err, ERR_INVALID, "two commands: '%s' and -f %s",
		    out->noun, name);
	out->command = command_find(name);
	return out->command ? ERR_OK : unknown_function(name, err);
}

/* "job explain JOB": a job's id may stand behind the two words. */
static enum err
take_job_id(const char *word, struct selection *out, struct buf *err)
{
	if (!out->command || !command_reads(out->command, "job_id"))
		return err_set(
		    err, ERR_INVALID, "unrecognized arguments: %s", word);
	if (out->flags.job_id)
		return err_set(err, ERR_INVALID,
		    "two jobs: '%s' and --job_id %s", word, out->flags.job_id);
	out->flags.job_id = word;
	return ERR_OK;
}

static bool
reads(const char *name, const void *arg)
{
	return command_reads(arg, name);
}

/* FATE's scripts may give more of FATE's flags than a command reads. */
static enum err
check_read(const struct selection *s, struct buf *err)
{
	const struct command *c = s->command;
	bool is_fates = s->flags.function != NULL;
	const char *word = flags_unread(&s->flags, is_fates, reads, c);

	if (!word)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "%s %s does not take %s; fateflow %s %s --help lists its flags",
	    c->noun, c->verb, word, c->noun, c->verb);
}

enum err
select_command(
    int argc, char *const *argv, struct selection *out, struct buf *err)
{
	int n = 0, first = 1;
	bool is_help = argc > 1 && !strcmp(argv[1], "help");
	const char *job_id = NULL;
	enum err rc;

	memset(out, 0, sizeof(*out));
	first += is_help;
	while (n < WORDS_MAX && first + n < argc && *argv[first + n] != '-')
		n++;
	if (n == WORDS_MAX && first + n < argc && *argv[first + n] != '-')
		job_id = argv[first + n++];
	rc = flags_parse(
	    argc - first - n + 1, argv + first + n - 1, &out->flags, err);
	if (rc)
		return rc;
	out->flags.help |= is_help || argc == 1;
	rc = select_words(n, argv + first, out, err);
	if (!rc)
		rc = select_function(out, err);
	if (!rc && job_id)
		rc = take_job_id(job_id, out, err);
	if (rc || out->flags.help)
		return rc;
	if (!out->command)
		return err_set(err, ERR_INVALID,
		    "the following arguments are required: -f/--function");
	return check_read(out, err);
}
