#include "lib/base/mem.h"
#include "lib/base/num.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
test_format_of_doubles_is_python_repr(void **state)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
	    {0, "0.0"},
	    {-0.0, "-0.0"},
	    {1, "1.0"},
	    {0.1, "0.1"},
	    {0.1 + 0.2, "0.30000000000000004"},
	    {1e-4, "0.0001"},
	    {1e-5, "1e-05"},
	    {1.5e-7, "1.5e-07"},
	    {123456789.25, "123456789.25"},
	    {1e15, "1000000000000000.0"},
	    {1e16, "1e+16"},
	    {1.7976931348623157e308, "1.7976931348623157e+308"},
	    {0.001761618559355046, "0.001761618559355046"},
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		num_format_double(rows[i].v, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
test_format_when_plain_then_integers_have_no_point(void **state)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {{5, "5"}, {-3, "-3"}, {0.5, "0.5"},
	    {1e15, "1000000000000000.0"}, {INFINITY, "Infinity"}, {NAN, "NaN"}};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		num_format_plain(rows[i].v, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
test_format_of_random_doubles_reads_back(void **state)
{
	uint64_t bits = 88172645463325252u;
	char text[32];
	double v;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&v, &bits, sizeof(v));
		if (!isfinite(v))
			continue;
		num_format_double(v, text);
		assert_true(strtod(text, NULL) == v);
	}
}

static void
test_parse_of_integers_is_strict(void **state)
{
	static const struct {
		const char *text;
		enum err rc;
		int64_t v;
	} rows[] = {
	    {"0", ERR_OK, 0},
	    {"-5", ERR_OK, -5},
	    {"100", ERR_OK, 100},
	    {"101", ERR_INVALID, 0},
	    {"", ERR_INVALID, 0},
	    {" 1", ERR_INVALID, 0},
	    {"1 ", ERR_INVALID, 0},
	    {"1x", ERR_INVALID, 0},
	    {"1.0", ERR_INVALID, 0},
	    {"99999999999999999999", ERR_INVALID, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t v = 0;

		assert_int_equal(
		    num_parse_int(rows[i].text, "n", -5, 100, &v, NULL),
		    rows[i].rc);
		assert_int_equal(v, rows[i].v);
	}
}

static void
test_parse_of_units_scales_or_refuses(void **state)
{
	int64_t v = 0;

	(void)state;
	assert_int_equal(num_parse_size("64M", "s", &v, NULL), ERR_OK);
	assert_int_equal(v, 64 << 20);
	assert_int_equal(num_parse_size("7", "s", &v, NULL), ERR_OK);
	assert_int_equal(v, 7);
	assert_int_equal(num_parse_size("7Q", "s", &v, NULL), ERR_INVALID);
	assert_int_equal(
	    num_parse_size("9999999999T", "s", &v, NULL), ERR_INVALID);
	assert_int_equal(num_parse_duration("2h", "d", &v, NULL), ERR_OK);
	assert_int_equal(v, 7200000);
	assert_int_equal(num_parse_duration("2", "d", &v, NULL), ERR_INVALID);
	assert_int_equal(num_parse_duration("0", "d", &v, NULL), ERR_OK);
	assert_int_equal(v, 0);
}

static void
test_parse_of_doubles_refuses_words(void **state)
{
	double v = 0;

	(void)state;
	assert_true(num_parse_double("-1.5e3", &v));
	assert_true(v == -1500);
	assert_false(num_parse_double("nan", &v));
	assert_false(num_parse_double("0x10", &v));
	assert_false(num_parse_double("1e999", &v));
	assert_false(num_parse_double("", &v));
	assert_false(num_parse_double("1 2", &v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_format_of_doubles_is_python_repr),
	    cmocka_unit_test(
		test_format_when_plain_then_integers_have_no_point),
	    cmocka_unit_test(test_format_of_random_doubles_reads_back),
	    cmocka_unit_test(test_parse_of_integers_is_strict),
	    cmocka_unit_test(test_parse_of_units_scales_or_refuses),
	    cmocka_unit_test(test_parse_of_doubles_refuses_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
