/* What can be seen without a server; the rest is in the integration tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/http/http.h"

static void
test_add_query_when_special_signs_then_encoded(void **state)
{
	struct buf url = BUF_INIT;

	(void)state;
	buf_adds(&url, "http://h/p");
	http_add_query(&url, "a", "x&y=/\xc3\xa4 z");
	http_add_query(&url, "n", "5");
	assert_string_equal(url.ptr, "http://h/p?a=x%26y%3D%2F%C3%A4%20z&n=5");
	buf_release(&url);
}

static void
test_perform_when_nobody_listens_then_busy_and_says_so(void **state)
{
	struct http_request r = {
	    .method = "POST", .url = "http://127.0.0.1:1/v1/job/query"};
	struct http_response a = HTTP_RESPONSE_INIT;
	struct buf err = BUF_INIT;

	(void)state;
	assert_int_equal(http_perform(&r, &a, &err), ERR_BUSY);
	assert_non_null(strstr(err.ptr, "Connection refused"));
	http_response_release(&a);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_add_query_when_special_signs_then_encoded),
	    cmocka_unit_test(
		test_perform_when_nobody_listens_then_busy_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
