/* What can be seen without a server; the rest is in the integration tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/http/http.h"

static void
test_query_when_special_signs_then_encoded(void **state)
{
	static const char text[] =
	    "{\"a b\":\"x&y=/\\u00e4\",\"n\":5,\"z\":null,"
	    "\"t\":true}";
	struct buf out = BUF_INIT;
	cJSON *v = NULL;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), "t", &v, NULL), 0);
	http_query(v, &out);
	assert_string_equal(out.ptr, "a%20b=x%26y%3D%2F%C3%A4&n=5&t=true");
	buf_release(&out);
	cJSON_Delete(v);
}

static void
test_perform_when_nobody_listens_then_says_so(void **state)
{
	struct http_request r = {
	    .method = "POST", .url = "http://127.0.0.1:1/v1/job/query"};
	struct http_answer a;
	struct buf err = BUF_INIT;

	(void)state;
	http_answer_init(&a);
	assert_int_equal(http_perform(&r, &a, &err), ERR_BUSY);
	assert_non_null(strstr(err.ptr, "Connection refused"));
	http_answer_release(&a);
	buf_release(&err);
}

static void
test_perform_when_file_is_absent_then_not_found(void **state)
{
	struct http_request r = {.method = "POST",
	    .url = "http://127.0.0.1:1/",
	    .upload_path = "/nonexistent/file"};
	struct http_answer a;

	(void)state;
	http_answer_init(&a);
	assert_int_equal(http_perform(&r, &a, NULL), ERR_NOTFOUND);
	http_answer_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_query_when_special_signs_then_encoded),
	    cmocka_unit_test(test_perform_when_nobody_listens_then_says_so),
	    cmocka_unit_test(test_perform_when_file_is_absent_then_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
