/* What is a token, and which requests it takes for the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi-app/token.h"
#include "lib/base/mem.h"

static cJSON *
parsed(const char *text)
{
	cJSON *value = NULL;

	assert_int_equal(
	    json_parse(text, strlen(text), "test", &value, NULL), ERR_OK);
	return value;
}

static void
test_token_comes_from_the_header_or_the_field(void **state)
{
	static const struct {
		const char *header, *body, *expected; /* or the fault's word */
	} rows[] = {
	    {NULL, "{}", NULL},
	    {"", "{}", NULL},
	    {"", "{\"submit_token\":null}", NULL},
	    {"a", "{}", "a"},
	    {"\"a\"", "{}", "\"a\""},
	    {NULL, "{\"submit_token\":\"!~\"}", "!~"},
	    {"a", "{\"submit_token\":\"a\"}", "a"},
	    {"a", "{\"submit_token\":\"A\"}", "'Idempotency-Key' differ"},
	    {"a b", "{}", "'Idempotency-Key' must have"},
	    {"a\x7f", "{}", "'Idempotency-Key' must have"},
	    {"\xc3\xa9", "{}", "'Idempotency-Key' must have"},
	    {"", "{\"submit_token\":\"\"}", "'submit_token' must have"},
	    {"", "{\"submit_token\":\"a\\u0001\"}", "'submit_token' must have"},
	    {"", "{\"submit_token\":7}", "'submit_token'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cJSON *body = parsed(rows[i].body);
		struct json_in in = {.obj = body};
		struct request rq = {.token = rows[i].header};
		struct buf err = BUF_INIT;
		struct token t;

		token_read(&t, &rq, &in);
		if (json_in_done(&in, &err))
			assert_non_null(strstr(err.ptr, rows[i].expected));
		else if (!rows[i].expected)
			assert_null(t.value);
		else
			assert_string_equal(t.value, rows[i].expected);
		buf_release(&err);
		cJSON_Delete(body);
	}
}

static void
test_token_has_128_bytes_at_most(void **state)
{
	char text[TOKEN_MAX + 2];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = TOKEN_MAX; len < sizeof(text); len++) {
		cJSON *body = cJSON_CreateObject();
		struct json_in in = {.obj = body};
		struct request rq = {.token = text};
		struct token t;

		text[len] = '\0';
		token_read(&t, &rq, &in);
		assert_int_equal(json_in_done(&in, NULL),
		    len > TOKEN_MAX ? ERR_INVALID : ERR_OK);
		text[len] = 'x';
		cJSON_Delete(body);
	}
}

static void
digest_of(const char *endpoint, const char *text, const char *file,
    char out[DIGEST_HEX_LEN])
{
	cJSON *content = text ? parsed(text) : NULL;
	struct token t = {.value = "a"};

	token_digest(&t, endpoint, content, file);
	memcpy(out, t.digest, DIGEST_HEX_LEN);
	cJSON_Delete(content);
}

static void
test_content_is_the_request_without_its_token(void **state)
{
	static const struct {
		const char *endpoint, *text, *file;
		bool is_same;
	} rows[] = {
	    {"e", "{\"b\":{\"d\":1,\"c\":[1,2]},\"a\":\"x\"}", "", true},
	    {"e", " {\"a\":\"x\", \"b\":{\"c\":[1,2],\"d\":1.0}}", "", true},
	    {"e",
		"{\"a\":\"x\",\"submit_token\":\"a\","
		"\"b\":{\"c\":[1,2],\"d\":1}}",
		"", true},
	    {"f", "{\"a\":\"x\",\"b\":{\"c\":[1,2],\"d\":1}}", "", false},
	    {"e", "{\"a\":\"x\",\"b\":{\"c\":[1,2],\"d\":1}}", "0f", false},
	    {"e", "{\"a\":\"x\",\"b\":{\"c\":[2,1],\"d\":1}}", "", false},
	    {"e", "{\"a\":\"x\",\"b\":{\"c\":[1,2],\"d\":\"1\"}}", "", false},
	    {"e", "{\"a\":\"x\"}", "", false},
	    {"e", NULL, "", false},
	};
	char first[DIGEST_HEX_LEN], other[DIGEST_HEX_LEN];

	(void)state;
	digest_of(rows[0].endpoint, rows[0].text, rows[0].file, first);
	assert_int_equal(strlen(first), DIGEST_HEX_LEN - 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		digest_of(rows[i].endpoint, rows[i].text, rows[i].file, other);
		assert_int_equal(!strcmp(first, other), rows[i].is_same);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_token_comes_from_the_header_or_the_field),
	    cmocka_unit_test(test_token_has_128_bytes_at_most),
	    cmocka_unit_test(test_content_is_the_request_without_its_token),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
