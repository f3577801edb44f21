#include "lib/base/json.h"
#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
check_parse(const char *text, const char *expected)
{
	struct buf err = BUF_INIT, out = BUF_INIT;
	cJSON *value = NULL;

	if (json_parse(text, strlen(text), "body", &value, &err)) {
		assert_non_null(strstr(err.ptr, expected));
	} else {
		json_print(value, JSON_COMPACT, &out);
		assert_string_equal(out.ptr, expected);
	}
	cJSON_Delete(value);
	buf_release(&err);
	buf_release(&out);
}

static void
test_parse_of_texts_gives_value_or_reason(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
	    {"{\"a\":1}", "{\"a\":1}"},
	    {" [1, 2.5, true, null] \n", "[1,2.5,true,null]"},
	    {"{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2,\"a\":3}"},
	    {"{} x", "text after"},
	    {"{\"a\":", "not valid JSON"},
	    {"", "not valid JSON"},
	    {"\"\\u0000x\"", "escaped NUL"},
	    {"\"\\\\u0000x\"", "\"\\\\u0000x\""},
	    {"\"\xff\"", "not UTF-8"},
	    {"\"\xed\xa0\x80\"", "not UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_parse(rows[i].text, rows[i].expected);
}

/* Numbers of more than 63 characters are more than cJSON reads. */
#define TEN    "1234567890"
#define FORTY  TEN TEN TEN TEN
#define EIGHTY FORTY FORTY
#define LONG   EIGHTY EIGHTY EIGHTY EIGHTY EIGHTY

static void
test_parse_of_long_numbers_keeps_every_digit_of_integers(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
	    {"9007199254740991", "9007199254740991"},
	    {"[9007199254740993,-9007199254740993]",
		"[9007199254740993,-9007199254740993]"},
	    {"{\"n\":" EIGHTY ",\"d\":-" LONG "}",
		"{\"n\":" EIGHTY ",\"d\":-" LONG "}"},
	    {"{\"1" EIGHTY "\":[\"\\\"" EIGHTY "\",1," EIGHTY ",{},2.5]}",
		"{\"1" EIGHTY "\":[\"\\\"" EIGHTY "\",1," EIGHTY ",{},2.5]}"},
	    {"{\"a\":" EIGHTY ",\"b\":3,\"a\":5}", "{\"b\":3,\"a\":5}"},
	    {"[1.5" EIGHTY "," TEN TEN "]", "[1.5123456789012346," TEN TEN "]"},
	    {"[" EIGHTY "e2,1e30]", "[1.2345678901234568e+81,1e+30]"},
	    {"[" EIGHTY "] x", "text after its JSON value (byte 83)"},
	    {"[" EIGHTY, "not valid JSON"},
	    {"[" EIGHTY "-1]", "not valid JSON"},
	    {"[-]", "not valid JSON"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_parse(rows[i].text, rows[i].expected);
}

static void
test_duplicate_of_a_long_number_keeps_its_digits(void **state)
{
	static const char text[] = "{\"n\":" LONG "}";
	struct buf err = BUF_INIT, out = BUF_INIT;
	cJSON *value = NULL, *copy;

	(void)state;
	assert_int_equal(
	    json_parse(text, strlen(text), "body", &value, &err), ERR_OK);
	assert_true(cJSON_IsNumber(json_get(value, "n")));
	copy = cJSON_Duplicate(value, true);
	cJSON_Delete(value);
	json_print(copy, JSON_REPLY, &out);
	assert_string_equal(out.ptr, text);
	cJSON_Delete(copy);
	buf_release(&out);
	buf_release(&err);
}

static void
test_integer_text_of_items_is_their_digits_or_none(void **state)
{
	static const struct {
		const char *text, *expected; /* NULL: it is none */
	} rows[] = {
	    {"5", "5"},
	    {"-7", "-7"},
	    {"1e3", "1000"},
	    {LONG, LONG},
	    {"\"" LONG "\"", LONG},
	    {"\"-12\"", "-12"},
	    {"2.5", NULL},
	    {"1e999", NULL},
	    {"1e30", NULL},
	    {"\"\"", NULL},
	    {"\"-\"", NULL},
	    {"\"0x12\"", NULL},
	    {"\" 12\"", NULL},
	    {"true", NULL},
	    {"null", NULL},
	    {"[5]", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT;
		cJSON *it = NULL;

		json_parse(rows[i].text, strlen(rows[i].text), "x", &it, NULL);
		assert_int_equal(
		    json_integer_text(it, &out), rows[i].expected != NULL);
		assert_string_equal(
		    out.ptr, rows[i].expected ? rows[i].expected : "");
		cJSON_Delete(it);
		buf_release(&out);
	}
	assert_false(json_integer_text(NULL, NULL));
}

static void
test_parse_of_deep_text_is_refused(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	for (int i = 0; i <= JSON_DEPTH_MAX; i++)
		buf_addc(&text, '[');
	check_parse(text.ptr, "nested deeper");
	buf_release(&text);
}

static void
test_print_in_each_style_follows_its_rules(void **state)
{
	static const char text[] =
	    "{\"b\":[],\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\\n\",\"c\":{\"x\":0.1}"
	    "}";
	static const struct {
		enum json_style style;
		const char *expected;
	} rows[] = {
	    {JSON_REPLY, "{\"a\":\"\\u00e9\\ud83d\\ude00\\n\",\"b\":[],"
			 "\"c\":{\"x\":0.1}}"},
	    {JSON_STORE, "{\"b\": [], \"a\": \"\\u00e9\\ud83d\\ude00\\n\", "
			 "\"c\": {\"x\": 0.1}}"},
	    {JSON_COMPACT, "{\"b\":[],\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\\n\","
			   "\"c\":{\"x\":0.1}}"},
	    {JSON_PRETTY, "{\n    \"b\": [],\n    \"a\": "
			  "\"\xc3\xa9\xf0\x9f\x98\x80\\n\",\n    \"c\": {\n"
			  "        \"x\": 0.1\n    }\n}"},
	};
	cJSON *value = NULL;

	(void)state;
	assert_int_equal(
	    json_parse(text, strlen(text), "t", &value, NULL), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT;

		json_print(value, rows[i].style, &out);
		assert_string_equal(out.ptr, rows[i].expected);
		buf_release(&out);
	}
	cJSON_Delete(value);
}

static void
test_strict_getters_with_faults_name_all_of_them(void **state)
{
	static const char text[] = "{\"id\":7,\"n\":\"12\",\"m\":\"x\","
				   "\"long\":\"abcdef\",\"e\":\"\"}";
	struct buf err = BUF_INIT;
	cJSON *value = NULL;
	struct json_in in = {0};

	(void)state;
	json_parse(text, strlen(text), "t", &value, NULL);
	in.obj = value;
	assert_null(json_in_str(&in, "id", JSON_REQUIRED, 25));
	assert_int_equal(json_in_int(&in, "n", JSON_REQUIRED, 0, 100, -1), 12);
	assert_int_equal(json_in_int(&in, "m", JSON_OPTIONAL, 0, 9, 5), 5);
	assert_null(json_in_str(&in, "long", JSON_OPTIONAL, 3));
	assert_null(json_in_str(&in, "e", JSON_REQUIRED, 3));
	assert_null(json_in_object(&in, "absent", JSON_REQUIRED));
	assert_int_equal(json_in_done(&in, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "field 'id' is a number"));
	assert_non_null(strstr(err.ptr, "'m' is a string 'x'"));
	assert_non_null(strstr(err.ptr, "'long' has 6 bytes"));
	assert_non_null(strstr(err.ptr, "'e' is empty"));
	assert_non_null(strstr(err.ptr, "'absent' is required"));
	assert_null(strstr(err.ptr, "'n'"));
	cJSON_Delete(value);
	buf_release(&err);
}

static void
test_strict_getters_on_a_list_say_object_expected(void **state)
{
	cJSON *list = cJSON_CreateArray();
	struct json_in in = {.obj = list};
	struct buf err = BUF_INIT;

	(void)state;
	json_in_str(&in, "a", JSON_REQUIRED, 9);
	json_in_str(&in, "b", JSON_REQUIRED, 9);
	assert_int_equal(json_in_done(&in, &err), ERR_INVALID);
	assert_string_equal(err.ptr, "the request body must be a JSON object");
	cJSON_Delete(list);
	buf_release(&err);
}

static void
test_added_doubles_keep_their_point(void **state)
{
	cJSON *obj = cJSON_CreateObject();
	struct buf out = BUF_INIT;

	(void)state;
	json_add_double(obj, "one", 1);
	json_add_int(obj, "big", INT64_C(9007199254740993));
	json_add_str(obj, "none", NULL);
	json_add_raw(obj, "raw", "[1.0]");
	json_print(obj, JSON_COMPACT, &out);
	assert_string_equal(out.ptr,
	    "{\"one\":1.0,\"big\":9007199254740993,\"none\":null,"
	    "\"raw\":[1.0]}");
	cJSON_Delete(obj);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse_of_texts_gives_value_or_reason),
	    cmocka_unit_test(
		test_parse_of_long_numbers_keeps_every_digit_of_integers),
	    cmocka_unit_test(test_duplicate_of_a_long_number_keeps_its_digits),
	    cmocka_unit_test(
		test_integer_text_of_items_is_their_digits_or_none),
	    cmocka_unit_test(test_parse_of_deep_text_is_refused),
	    cmocka_unit_test(test_print_in_each_style_follows_its_rules),
	    cmocka_unit_test(test_strict_getters_with_faults_name_all_of_them),
	    cmocka_unit_test(test_strict_getters_on_a_list_say_object_expected),
	    cmocka_unit_test(test_added_doubles_keep_their_point),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
