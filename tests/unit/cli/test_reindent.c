#include "cli/reindent.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
test_reindent_of_answers_keeps_numbers_and_order(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
	    {"{\"b\":1.0,\"a\":[]}", "{\n    \"b\": 1.0,\n    \"a\": []\n}"},
	    {"[1e-05,9007199254740993]",
		"[\n    1e-05,\n    9007199254740993\n]"},
	    {"\"\\u00e9\\\"\"", "\"\xc3\xa9\\\"\""},
	    {"{\"drop\":{\"x\":[1]},\"k\":null}", "{\n    \"k\": null\n}"},
	    {"{\"k\":true,\"drop\":1}", "{\n    \"k\": true\n}"},
	    {"{\"drop\":1}", "{}"},
	    {" { \"a\" : \"x, ]\" } ", "{\n    \"a\": \"x, ]\"\n}"},
	};
	static const char *const drop[] = {"drop", NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT;

		reindent(rows[i].text, drop, &out);
		assert_string_equal(out.ptr, rows[i].expected);
		buf_release(&out);
	}
}

static void
test_reindent_of_cut_text_ends(void **state)
{
	static const char text[] = "{\"a\":[1,{\"b\":\"\\u00e9\"}]}";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct buf cut = BUF_INIT, out = BUF_INIT;

		buf_add(&cut, text, n);
		reindent(cut.ptr, NULL, &out);
		buf_release(&cut);
		buf_release(&out);
	}
}

static void
test_member_of_an_object_is_found_as_it_is_written(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
	    {"{\"a\":[1,{\"k\":2}],\"k\" : 1.0 ,\"b\":{}}", "1.0"},
	    {" { \"k\":1,\"k\":2}", "2"},
	    {"{\"s\":\"k\",\"x\":{\"k\":1}}", ""},
	    {"{}", ""},
	    {"{\"k\"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *at = reindent_member(rows[i].text, "k");
		struct buf out = BUF_INIT;

		if (at)
			reindent(at, NULL, &out);
		assert_string_equal(out.ptr, rows[i].expected);
		buf_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reindent_of_answers_keeps_numbers_and_order),
	    cmocka_unit_test(test_reindent_of_cut_text_ends),
	    cmocka_unit_test(
		test_member_of_an_object_is_found_as_it_is_written),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
