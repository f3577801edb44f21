#include "cli/nearest.h"
#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
test_nearest_of_names_is_near_or_none(void **state)
{
	static const char *const names[] = {
	    "query", "submit", "stop", "store", "clean-queue"};
	static const struct {
		const char *word, *expected;
	} rows[] = {
	    {"query", "query"},
	    {"qeury", "query"},	      /* swapped */
	    {"quer", "query"},	      /* left out */
	    {"submmit", "submit"},    /* one too many */
	    {"submot", "submit"},     /* another */
	    {"clean", "clean-queue"}, /* its beginning */
	    {"stpo", "stop"},
	    {"xyz", NULL},
	    {"", NULL},
	    {"a-word-that-is-longer-than-any-name-of-a-command-may-be", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nearest n = {.word = rows[i].word};

		for (size_t j = 0; j < ARRAY_LEN(names); j++)
			nearest_try(&n, names[j]);
		if (rows[i].expected)
			assert_string_equal(n.best, rows[i].expected);
		else
			assert_null(n.best);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nearest_of_names_is_near_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
