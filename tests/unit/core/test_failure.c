/* Which failures are worth another attempt, by what is known of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/core/failure.h"

static void
test_name_when_parsed_then_gives_the_class_again(void **state)
{
	(void)state;
	for (int i = 1; i < FAILURE__MAX; i++)
		assert_int_equal(
		    failure_parse(failure_name((enum failure)i)), i);
	assert_int_equal(failure_parse(NULL), FAILURE_NONE);
	assert_int_equal(failure_parse("bad luck"), FAILURE_NONE);
}

static void
test_is_transient_when_not_the_jobs_own_then_true(void **state)
{
	(void)state;
	assert_true(failure_is_transient(FAILURE_KILLED));
	assert_true(failure_is_transient(FAILURE_LOST));
	assert_true(failure_is_transient(FAILURE_DISK_FULL));
	assert_true(failure_is_transient(FAILURE_DATABASE));
	assert_true(failure_is_transient(FAILURE_LAUNCH));
	assert_false(failure_is_transient(FAILURE_NONE));
	assert_false(failure_is_transient(FAILURE_ERROR));
	assert_false(failure_is_transient(FAILURE_TIMEOUT));
	assert_false(failure_is_transient(FAILURE_NO_PROGRESS));
	assert_false(failure_is_transient(FAILURE_STOPPED));
	assert_false(failure_is_transient(FAILURE_ENDED));
}

static void
test_of_text_when_the_system_speaks_then_finds_its_words(void **state)
{
	static const struct {
		int number;
		enum failure want;
	} rows[] = {{ENOSPC, FAILURE_DISK_FULL}, {EDQUOT, FAILURE_DISK_FULL},
	    {EFBIG, FAILURE_DISK_FULL}, {ENOMEM, FAILURE_LAUNCH},
	    {EAGAIN, FAILURE_LAUNCH}, {ENOENT, FAILURE_ERROR},
	    {EACCES, FAILURE_ERROR}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf text = BUF_INIT;

		errno = rows[i].number;
		err_set_errno(&text, ERR_IO, "cannot write x");
		assert_int_equal(failure_of_text(text.ptr), rows[i].want);
		buf_release(&text);
	}
	assert_int_equal(failure_of_text(NULL), FAILURE_ERROR);
}

static void
test_of_report_when_word_code_and_text_differ_then_the_word_counts(void **state)
{
	static const struct {
		struct failure_report r;
		enum failure want;
	} rows[] = {
	    {{"disk_full", "invalid", "x", false}, FAILURE_DISK_FULL},
	    {{"stopped", "invalid", "x", false}, FAILURE_ERROR},
	    {{"database", "db", "gone", false}, FAILURE_ERROR},
	    {{"database", "db", "gone", true}, FAILURE_DATABASE},
	    {{NULL, "uncertain", "gone", true}, FAILURE_DATABASE},
	    {{NULL, "busy", "locked", true}, FAILURE_DATABASE},
	    {{NULL, "busy", "locked", false}, FAILURE_ERROR},
	    {{NULL, "io", "x: No space left on device", false},
		FAILURE_DISK_FULL},
	    {{NULL, NULL, "x: No space left on device", false},
		FAILURE_DISK_FULL},
	    {{NULL, "invalid", "the word 'File too large' in a table", false},
		FAILURE_ERROR},
	    {{NULL, NULL, NULL, false}, FAILURE_ERROR},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(failure_of_report(&rows[i].r), rows[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_name_when_parsed_then_gives_the_class_again),
	    cmocka_unit_test(test_is_transient_when_not_the_jobs_own_then_true),
	    cmocka_unit_test(
		test_of_text_when_the_system_speaks_then_finds_its_words),
	    cmocka_unit_test(
		test_of_report_when_word_code_and_text_differ_then_the_word_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
