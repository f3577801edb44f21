/* How a job wants to be run: what is read, and what is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/core/conf_run.h"

static cJSON *
parse(const char *text)
{
	cJSON *v = NULL;

	assert_int_equal(
	    json_parse(text, strlen(text), "test", &v, NULL), ERR_OK);
	return v;
}

static void
test_read_when_nothing_is_given_then_defaults(void **state)
{
	cJSON *v = parse("{}");
	struct conf_run r;

	(void)state;
	assert_int_equal(conf_run_read(v, &r, NULL), ERR_OK);
	assert_int_equal(r.priority, 0);
	assert_int_equal(r.auto_retries, 0);
	assert_int_equal(r.retry_delay_ms, -1);
	assert_int_equal(conf_run_component_timeout(&r, "a_0"), 0);
	cJSON_Delete(v);
}

static void
test_read_when_all_is_given_then_all_is_read(void **state)
{
	cJSON *v = parse("{\"priority\":-5,\"task_cores\":2,\"task_memory\":"
			 "\"1G\",\"auto_retries\":3,\"auto_retry_delay\":0.5,"
			 "\"progress_timeout\":60,\"component_timeout\":"
			 "{\"a_0\":1.5}}");
	struct conf_run r;

	(void)state;
	assert_int_equal(conf_run_read(v, &r, NULL), ERR_OK);
	assert_int_equal(r.priority, -5);
	assert_int_equal(r.task_cores, 2);
	assert_int_equal(r.task_memory, 1 << 30);
	assert_int_equal(r.auto_retries, 3);
	assert_int_equal(r.retry_delay_ms, 500);
	assert_int_equal(r.progress_timeout_ms, 60000);
	assert_int_equal(conf_run_component_timeout(&r, "a_0"), 1500);
	assert_int_equal(conf_run_component_timeout(&r, "b_0"), 0);
	cJSON_Delete(v);
}

static void
test_read_when_a_value_is_wrong_then_it_is_named(void **state)
{
	static const char *const cases[][2] = {
	    {"{\"priority\":101}", "job_parameters.priority"},
	    {"{\"priority\":\"high\"}", "job_parameters.priority"},
	    {"{\"task_cores\":1.5}", "job_parameters.task_cores"},
	    {"{\"task_memory\":\"1X\"}", "job_parameters.task_memory"},
	    {"{\"task_memory\":-1}", "job_parameters.task_memory"},
	    {"{\"auto_retries\":-1}", "job_parameters.auto_retries"},
	    {"{\"auto_retry_delay\":\"5s\"}",
		"job_parameters.auto_retry_delay"},
	    {"{\"progress_timeout\":-1}", "job_parameters.progress_timeout"},
	    {"{\"component_timeout\":true}",
		"job_parameters.component_timeout"},
	    {"{\"component_timeout\":{\"a_0\":\"x\"}}",
		"job_parameters.component_timeout.a_0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cJSON *v = parse(cases[i][0]);
		struct buf err = BUF_INIT;
		struct conf_run r;

		assert_int_equal(conf_run_read(v, &r, &err), ERR_INVALID);
		assert_non_null(strstr(err.ptr, cases[i][1]));
		buf_release(&err);
		cJSON_Delete(v);
	}
}

static void
test_check_when_a_component_is_unknown_then_it_is_named(void **state)
{
	cJSON *v = parse("{\"component_timeout\":{\"nobody_0\":1}}");
	cJSON *text =
	    parse("{\"components\":{\"a_0\":{\"module\":\"DataIO\"}}}");
	struct buf err = BUF_INIT;
	struct conf_run r;
	struct dsl d;

	(void)state;
	assert_int_equal(dsl_parse(text, DSL_TRAIN, &d, &err), ERR_OK);
	assert_int_equal(conf_run_read(v, &r, &err), ERR_OK);
	assert_int_equal(conf_run_check(&r, &d, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "nobody_0"));
	dsl_release(&d);
	buf_release(&err);
	cJSON_Delete(text);
	cJSON_Delete(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read_when_nothing_is_given_then_defaults),
	    cmocka_unit_test(test_read_when_all_is_given_then_all_is_read),
	    cmocka_unit_test(test_read_when_a_value_is_wrong_then_it_is_named),
	    cmocka_unit_test(
		test_check_when_a_component_is_unknown_then_it_is_named),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
