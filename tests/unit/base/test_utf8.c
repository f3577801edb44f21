/* Which texts are UTF-8, what is next in one, and where it may be cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/base/utf8.h"

static void
test_valid_when_forms_are_overlong_or_cut_then_refuses(void **state)
{
	static const char *const bad[] = {
	    "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"};

	(void)state;
	assert_true(utf8_is_valid("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(utf8_is_valid(bad[i], strlen(bad[i])));
}

static void
test_next_when_bytes_are_malformed_then_takes_them_one_by_one(void **state)
{
	const char *s = "\xe2\x82\xac\xe2\x82z";

	(void)state;
	assert_int_equal(utf8_next(&s), 0x20ac);
	assert_int_equal(utf8_next(&s), 0xfffd);
	assert_int_equal(utf8_next(&s), 0xfffd);
	assert_int_equal(utf8_next(&s), 'z');
}

static void
test_cut_when_it_would_part_a_character_then_cuts_before(void **state)
{
	static const struct {
		size_t max, len;
	} rows[] = {{0, 0}, {1, 1}, {2, 1}, {3, 3}, {4, 3}, {5, 3}, {6, 6},
	    {7, 7}, {8, 7}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
		    utf8_cut("a\xc3\xa9\xe2\x82\xacz", rows[i].max),
		    rows[i].len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_valid_when_forms_are_overlong_or_cut_then_refuses),
	    cmocka_unit_test(
		test_next_when_bytes_are_malformed_then_takes_them_one_by_one),
	    cmocka_unit_test(
		test_cut_when_it_would_part_a_character_then_cuts_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
