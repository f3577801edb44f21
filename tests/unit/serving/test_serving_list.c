#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/http/grpc.h"
#include "lib/serving/serving.h"

static void
test_addresses_are_host_and_port(void **state)
{
	static const char *const good[] = {
	    "127.0.0.1:8000", "serving-1.example:1", "[::1]:65535"};
	static const char *const bad[] = {"", "x", "x:", "x:0", "x:65536",
	    ":80", "a/b:80", "a@b:80", "[::1:80", "[::1]80", "x:80/y", "x :80"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(grpc_is_address(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (grpc_is_address(bad[i]))
			fail_msg("%s", bad[i]);
}

static void
test_a_list_is_parted_by_commas_and_blanks(void **state)
{
	struct serving_list list;
	struct buf err = BUF_INIT;

	(void)state;
	assert_int_equal(
	    serving_list_parse(" a:1,b:2,\n c:3 ", &list, &err), ERR_OK);
	assert_int_equal(list.n, 3);
	assert_string_equal(list.addresses[1], "b:2");
	serving_list_release(&list);
	assert_int_equal(serving_list_parse("", &list, &err), ERR_OK);
	assert_int_equal(list.n, 0);
	assert_int_equal(
	    serving_list_parse("a:1, b", &list, &err), ERR_INVALID);
	assert_string_equal(
	    err.ptr, "serving.addresses: \"b\" is not host:port");
	assert_int_equal(list.n, 0);
	buf_release(&err);
}

static void
test_only_configured_servers_can_be_chosen(void **state)
{
	struct serving_list configured, chosen;
	struct buf err = BUF_INIT;
	cJSON *wanted = cJSON_Parse("[\"b:2\"]");

	(void)state;
	assert_int_equal(
	    serving_list_parse("a:1, b:2", &configured, &err), ERR_OK);
	assert_int_equal(
	    serving_list_choose(&configured, wanted, &chosen, &err), ERR_OK);
	assert_int_equal(chosen.n, 1);
	serving_list_release(&chosen);
	cJSON_AddItemToArray(wanted, cJSON_CreateString("c:3"));
	assert_int_equal(
	    serving_list_choose(&configured, wanted, &chosen, &err),
	    ERR_DENIED);
	assert_non_null(strstr(err.ptr, "\"c:3\""));
	assert_int_equal(chosen.n, 0);
	serving_list_release(&configured);
	cJSON_Delete(wanted);
	buf_release(&err);
}

static void
test_a_server_that_is_not_there_is_named(void **state)
{
	struct serving_party local = {"guest", "1"};
	struct serving_publish p = {
	    local, &local, 1, &local, 1, "m", "1", "", "", ""};
	struct serving_verdict v = {.text = BUF_INIT};
	struct serving_list list;

	(void)state;
	assert_int_equal(
	    serving_list_parse("127.0.0.1:1", &list, NULL), ERR_OK);
	serving_call(&list, SERVING_LOAD, &p, INT64_MAX / 2, &v);
	assert_int_equal(v.code, 100);
	assert_non_null(strstr(v.text.ptr, "127.0.0.1:1: UNAVAILABLE"));
	buf_reset(&v.text);
	serving_call(&list, SERVING_LOAD, &p, 0, &v);
	assert_int_equal(v.code, 100);
	assert_non_null(strstr(v.text.ptr, "DEADLINE_EXCEEDED"));
	serving_list_release(&list);
	buf_release(&v.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses_are_host_and_port),
	    cmocka_unit_test(test_a_list_is_parted_by_commas_and_blanks),
	    cmocka_unit_test(test_only_configured_servers_can_be_chosen),
	    cmocka_unit_test(test_a_server_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
