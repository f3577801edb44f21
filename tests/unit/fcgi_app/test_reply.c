#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi-app/reply.h"
#include "lib/base/mem.h"

static bool
keep(void *arg, const void *bytes, size_t len)
{
	buf_add(arg, bytes, len);
	return true;
}

static const char *
body_of(const struct buf *sent)
{
	return strstr(sent->ptr, "\r\n\r\n") + 4;
}

static void
test_envelope_leaves_out_what_is_falsy(void **state)
{
	static const struct {
		const char *data;
		const char *body;
	} cases[] = {
	    {"null", "{\"retcode\":0,\"retmsg\":\"success\"}\n"},
	    {"[]", "{\"retcode\":0,\"retmsg\":\"success\"}\n"},
	    {"0", "{\"retcode\":0,\"retmsg\":\"success\"}\n"},
	    {"{\"b\":[],\"a\":\"\\u00e9\"}",
		"{\"data\":{\"a\":\"\\u00e9\",\"b\":[]},\"retcode\":0,"
		"\"retmsg\":\"success\"}\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf sent = BUF_INIT;
		struct reply_out out = {keep, &sent};
		struct reply r;

		reply_init(&r, &out);
		reply_ok(&r, cJSON_Parse(cases[i].data));
		reply_send(&r);
		assert_string_equal(body_of(&sent), cases[i].body);
		reply_release(&r);
		buf_release(&sent);
	}
}

static void
test_error_of_each_kind_has_its_status(void **state)
{
	static const struct {
		enum err code;
		const char *status;
		const char *says; /* before the text */
		bool is_for_later;
	} cases[] = {
	    {ERR_INVALID, "Status: 200 OK", "", false},
	    {ERR_NOTFOUND, "Status: 200 OK", "", false},
	    {ERR_CONFLICT, "Status: 200 OK", "", false},
	    {ERR_DENIED, "Status: 200 OK", "", false},
	    {ERR_BUSY, "Status: 503 Service Unavailable", "not now, try again",
		true},
	    {ERR_DB, "Status: 503 Service Unavailable",
		"the database cannot be reached or did not do it, try again",
		true},
	    {ERR_UNCERTAIN, "Status: 503 Service Unavailable",
		"the database's answer got lost, so it is not known", true},
	    {ERR_IO, "Status: 500 Internal Server Error", "", false},
	    {ERR_INTERNAL, "Status: 500 Internal Server Error", "", false},
	    {ERR_FULL, "Status: 507 Insufficient Storage", "", false},
	};

	(void)state;
	assert_int_equal(ARRAY_LEN(cases), ERR__MAX - 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf sent = BUF_INIT;
		struct reply_out out = {keep, &sent};
		struct reply r;
		const char *text;
		cJSON *body;

		reply_init(&r, &out);
		reply_error(&r, cases[i].code, "why");
		reply_send(&r);
		assert_ptr_equal(strstr(sent.ptr, cases[i].status), sent.ptr);
		body = cJSON_Parse(body_of(&sent));
		text = json_str(body, "retmsg", "");
		assert_ptr_equal(strstr(text, cases[i].says), text);
		assert_string_equal(text + strlen(text) - 3, "why");
		assert_int_equal(
		    strstr(sent.ptr, "\r\nRetry-After: 1\r\n") != NULL,
		    cases[i].is_for_later);
		assert_int_equal(json_get(body, "retcode")->valuedouble,
		    cases[i].code == ERR_NOTFOUND ? 101 : 100);
		cJSON_Delete(body);
		reply_release(&r);
		buf_release(&sent);
	}
}

static void
test_rows_when_many_then_they_are_streamed_whole(void **state)
{
	struct buf sent = BUF_INIT;
	struct reply_out out = {keep, &sent};
	struct reply r;
	cJSON *back;

	(void)state;
	reply_init(&r, &out);
	for (int i = 0; i < 100000; i++)
		reply_row(&r, cJSON_CreateNumber(i));
	assert_true(r.is_head_sent);
	reply_rows_end(&r);
	reply_send(&r);
	back = cJSON_Parse(body_of(&sent));
	assert_int_equal(cJSON_GetArraySize(json_get(back, "data")), 100000);
	assert_string_equal(json_str(back, "retmsg", ""), "success");
	cJSON_Delete(back);
	reply_release(&r);
	buf_release(&sent);
}

static void
test_rows_when_they_break_off_then_the_error_is_told(void **state)
{
	struct buf sent = BUF_INIT;
	struct reply_out out = {keep, &sent};
	struct reply r;

	(void)state;
	reply_init(&r, &out);
	reply_row(&r, cJSON_CreateNumber(1));
	reply_error(&r, ERR_IO, "gone");
	reply_send(&r);
	assert_string_equal(
	    body_of(&sent), "{\"retcode\":100,\"retmsg\":\"gone\"}\n");
	reply_release(&r);
	buf_release(&sent);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_envelope_leaves_out_what_is_falsy),
	    cmocka_unit_test(test_error_of_each_kind_has_its_status),
	    cmocka_unit_test(test_rows_when_many_then_they_are_streamed_whole),
	    cmocka_unit_test(
		test_rows_when_they_break_off_then_the_error_is_told),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
