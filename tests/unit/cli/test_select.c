/* Which command the words or -f mean, and what the tables promise. */
#include "cli/select.h"
#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ARGV_MAX 8

/* "job submit", "all", "job" for help, or the complaint. */
static void
choose(const char *const *words, struct buf *out)
{
	struct selection selected;
	char *argv[ARGV_MAX + 2] = {xstrdup("fateflow")};
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = xstrdup(words[argc - 1]);
	if (!select_command(argc, argv, &selected, out)) {
		buf_adds(out, selected.flags.help ? "help of " : "");
		if (selected.command)
			buf_addf(out, "%s %s", selected.command->noun,
			    selected.command->verb);
		else
			buf_adds(out, selected.noun ? selected.noun : "all");
	}
	while (argc)
		free(argv[--argc]);
}

static void
test_words_or_name_give_the_command_or_a_complaint(void **state)
{
	static const struct {
		const char *words[ARGV_MAX];
		const char *expected;
	} rows[] = {
	    {{"-f", "submit_job", "-c", "x"}, "job submit"},
	    {{"job", "submit", "-c", "x"}, "job submit"},
	    {{"-j", "1", "-f", "query_job"}, "job query"},
	    {{"-f", "query_job", "-o", "x"}, "job query"},
	    {{NULL}, "help of all"},
	    {{"--help"}, "help of all"},
	    {{"help"}, "help of all"},
	    {{"job", "--help"}, "help of job"},
	    {{"help", "job"}, "help of job"},
	    {{"job", "submit", "-h"}, "help of job submit"},
	    {{"help", "job", "submit"}, "help of job submit"},
	    {{"-f", "submit_job", "--help"}, "help of job submit"},
	    {{"jbo", "submit"}, "unknown command: 'jbo' (did you mean 'job'?)"},
	    {{"wxyz"}, "unknown command: 'wxyz'"},
	    {{"submit"}, "unknown command: 'submit' (did you mean 'job "
			 "submit'?)"},
	    {{"sumbit_job"}, "unknown command: 'sumbit_job' (did you mean "
			     "'job submit'?)"},
	    {{"submit_job"},
		"unknown command: 'submit_job' (did you mean 'job submit'?)"},
	    {{"task", "qeury"}, "unknown command: 'task qeury' (did you mean "
				"'query'?); task takes query"},
	    {{"task"}, "task needs a second word; task takes query"},
	    {{"task", "-j", "1"}, "task needs a second word; task takes query"},
	    {{"-f", "sumbit_job"},
		"argument -f/--function: invalid choice: 'sumbit_job' (did "
		"you mean 'submit_job'?); fateflow --help lists the commands"},
	    {{"task", "query", "-f", "query_task"},
		"two commands: 'task' and -f query_task"},
	    {{"job", "submit", "more"}, "unrecognized arguments: more"},
	    {{"job", "explain", "7"}, "job explain"},
	    {{"job", "rerun", "7", "--component", "x"}, "job rerun"},
	    {{"help", "job", "explain", "7"}, "help of job explain"},
	    {{"job", "explain", "7", "8"}, "unrecognized arguments: 8"},
	    {{"job", "explain", "7", "-j", "8"},
		"two jobs: '7' and --job_id 8"},
	    {{"-j", "1"},
		"the following arguments are required: -f/--function"},
	    {{"job", "query", "-o", "x"},
		"job query does not take --output_path; fateflow job query "
		"--help lists its flags"},
	    {{"-f", "stop_job", "--wait"},
		"job stop does not take --wait; fateflow job stop --help "
		"lists its flags"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT;

		choose(rows[i].words, &out);
		assert_string_equal(out.ptr, rows[i].expected);
		buf_release(&out);
	}
}

static void
test_every_name_and_pair_of_words_stands_once(void **state)
{
	const struct command *c = NULL;

	(void)state;
	while ((c = command_next(c))) {
		assert_ptr_equal(command_find(c->name), c);
		assert_ptr_equal(command_find_words(c->noun, c->verb), c);
		assert_non_null(c->run);
		assert_true(*c->help);
		/* A noun that were a name would make "-f" doubtful. */
		assert_null(command_find(c->noun));
	}
}

static void
test_every_key_is_a_flag_or_a_member(void **state)
{
	const struct command *c = NULL;
	struct command_key key;

	(void)state;
	while ((c = command_next(c)))
		for (const char *at = c->keys; command_next_key(&at, &key);) {
			struct buf out = BUF_INIT;

			assert_true(key.is_member ||
				    flags_print_one(key.name, "", &out));
			buf_release(&out);
		}
}

static void
test_help_shows_what_the_command_reads(void **state)
{
	const struct command *c = NULL;
	struct command_key key;

	(void)state;
	while ((c = command_next(c))) {
		struct buf out = BUF_INIT, usage = BUF_INIT;

		help_command(c, &out);
		for (const char *at = c->keys; command_next_key(&at, &key);)
			assert_non_null(strstr(out.ptr, key.name));
		buf_addf(&usage, "usage: fateflow %s %s %s[flags]", c->noun,
		    c->verb, command_reads(c, "job_id") ? "[JOB] " : "");
		assert_non_null(strstr(out.ptr, usage.ptr));
		assert_non_null(strstr(out.ptr, "\nexample:\n  fateflow "));
		assert_non_null(strstr(out.ptr, "\nexit status:\n  0  "));
		assert_int_equal(strstr(out.ptr, "\n  5  ") != NULL,
		    command_reads(c, "timeout"));
		buf_release(&out);
		buf_release(&usage);
	}
}

static void
test_help_of_one_command_leaves_the_flags_of_others_out(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	help_command(command_find("stop_job"), &out);
	assert_non_null(strstr(out.ptr, "-j, --job_id TEXT"));
	assert_non_null(strstr(out.ptr, "job id (required)"));
	assert_non_null(strstr(out.ptr, "--server"));
	assert_null(strstr(out.ptr, "--output_path"));
	assert_null(strstr(out.ptr, "--wait"));
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_words_or_name_give_the_command_or_a_complaint),
	    cmocka_unit_test(test_every_name_and_pair_of_words_stands_once),
	    cmocka_unit_test(test_every_key_is_a_flag_or_a_member),
	    cmocka_unit_test(test_help_shows_what_the_command_reads),
	    cmocka_unit_test(
		test_help_of_one_command_leaves_the_flags_of_others_out),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
