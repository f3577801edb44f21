#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi-app/route.h"
#include "lib/base/mem.h"

static bool
keep(void *arg, const void *bytes, size_t len)
{
	buf_add(arg, bytes, len);
	return true;
}

static ssize_t
read_text(void *arg, void *bytes, size_t len)
{
	const char **rest = arg;
	size_t n = strlen(*rest) < len ? strlen(*rest) : len;

	memcpy(bytes, *rest, n);
	*rest += n;
	return (ssize_t)n;
}

static const struct {
	const char *method, *uri, *body;
	int status;
	const char *words;
} cases[] = {
    {"POST", "/v1/nosuch", "", 404, "/v1/nosuch"},
    {"POST", "/v1/job/query/", "", 404, "/v1/job/query/"},
    {"POST", "/", "", 404, "/"},
    {"GET", "/v1/job/query", "", 405, "Allow: POST"},
    {"DELETE", "/v1/job/query", "", 405, "DELETE"},
    {"POST", "/v1/version/set", "{}", 501, "FATE-Manager"},
    {"GET", "/v1/version/set", "", 501, "FATE-Manager"},
    {"POST", "/v1/schedule/1/guest/2/create", "{}", 501, "job/submit"},
    {"POST", "/v1/forward/host", "{}", 501, "proxy"},
    {"POST", "/v1/forward/", "{}", 404, "/v1/forward/"},
    {"POST", "/v1/tracking/1/c/t/r//metric_data/save", "{}", 404, "save"},
    {"POST", "/v1/tracking/1/c/t/r/p/q/metric_data/save", "{}", 404, "save"},
    {"GET", "/v1/tracking/1/c/t/r/p/metric_meta/save", "", 405, "POST"},
    {"POST", "/v1/tracking/1/c/t/r/p/metric_meta/save", "{}", 200,
	"'metric_meta' is required"},
    {"POST", "/v1/version/get", "{", 400, "JSON"},
    {"POST", "/v1/version/get", "{} {}", 400, "after"},
    {"POST", "/v1/version/get", "[1]", 200, "must be a JSON object"},
    {"POST", "/v1/version/get", "{\"module\":[]}", 200, "'module'"},
    {"POST", "/v1/version/get?x=1", "{\"module\":\"JDK\"}", 200,
	"{\"data\":{\"JDK\":\"8\"}"},
    {"POST", "/ff/v1/version/get", "{}", 200, "\"null\":\"1.4.6\""},
    {"POST", "/v1/version/get",
	"{\"a\":\"012345678901234567890123456789012345678901234567890\"}", 413,
	"more than 50 bytes"},
};

static void
test_serve_of_each_request_gives_its_answer(void **state)
{
	struct cfg cfg;
	struct app app = {.cfg = &cfg};

	(void)state;
	memset(&cfg, 0, sizeof(cfg));
	cfg.api.body_limit = 50;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf sent = BUF_INIT, head = BUF_INIT;
		struct reply_out out = {keep, &sent};
		const char *rest = cases[i].body;
		struct request rq = {.method_name = cases[i].method,
		    .uri = cases[i].uri,
		    .content_type = "application/json; charset=utf-8",
		    .client = "",
		    .read = read_text,
		    .arg = &rest};
		struct reply rp;

		request_parse(&rq, "/ff");
		reply_init(&rp, &out);
		route_serve(&app, &rq, &rp);
		buf_addf(&head, "Status: %d ", cases[i].status);
		assert_ptr_equal(strstr(sent.ptr, head.ptr), sent.ptr);
		assert_non_null(strstr(sent.ptr, cases[i].words));
		reply_release(&rp);
		request_release(&rq);
		buf_release(&sent);
		buf_release(&head);
	}
}

static void
test_table_has_each_path_once(void **state)
{
	size_t n;
	const struct route *all = route_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(route_find(all[i].path), &all[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_serve_of_each_request_gives_its_answer),
	    cmocka_unit_test(test_table_has_each_path_once),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
