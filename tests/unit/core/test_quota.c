/* Limits of several dimensions: what fits, what never will, and the words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/core/quota_demand.h"

static struct quota
quota_of(const char *roles, const char *parties, int64_t per_party)
{
	struct cfg cfg = {.scheduler = {.max_jobs = 4,
			      .max_tasks = 6,
			      .cores = 8,
			      .memory = 1000,
			      .max_tasks_per_party = per_party,
			      .role_limits = (char *)(uintptr_t)roles,
			      .party_limits = (char *)(uintptr_t)parties}};
	struct quota q;

	assert_int_equal(quota_init(&q, &cfg, NULL), ERR_OK);
	return q;
}

static struct quota_use
use_of(
    int64_t jobs, int64_t tasks, int64_t cores, int64_t memory, const char *by)
{
	struct quota_use u = {.site = {jobs, tasks, cores, memory}};

	assert_int_equal(quota_list_parse(by, "test", &u.by, NULL), ERR_OK);
	return u;
}

static void
test_ask_when_asked_then_names_the_limit_that_is_in_the_way(void **state)
{
	static const struct {
		int64_t used[4];
		const char *used_by;
		int64_t asked[4];
		const char *asked_by;
		enum quota_answer want;
		const char *says;
	} rows[] = {
	    {{0}, "", {1, 3, 3, 3}, "", QUOTA_YES, ""},
	    {{3, 3, 5, 997}, "", {1, 3, 3, 3}, "", QUOTA_YES, ""},
	    {{4}, "", {1, 1}, "", QUOTA_LATER,
		"scheduler.max_jobs = 4: it needs 1 place among the running "
		"jobs at once; 4 in use when it began to wait for this"},
	    {{1, 4}, "", {1, 3}, "", QUOTA_LATER,
		"scheduler.max_tasks = 6: it needs 3 tasks at once; 4 in use "
		"when it began to wait for this"},
	    {{1, 6}, "", {1, 7}, "", QUOTA_NEVER,
		"scheduler.max_tasks = 6: it needs 7 tasks at once, which "
		"this site never runs"},
	    {{1, 1, 6}, "", {1, 1, 3}, "", QUOTA_LATER,
		"scheduler.cores = 8: it needs 3 cores at once; 6 in use "
		"when it began to wait for this"},
	    {{0}, "", {1, 1, 1, 1001}, "", QUOTA_NEVER,
		"scheduler.memory = 1000: it needs 1001 bytes at once, which "
		"this site never runs"},
	    {{0}, "guest:2", {1, 1}, "guest:1", QUOTA_LATER,
		"scheduler.role_limits \"guest:2\": it needs 1 task of role "
		"guest at once; 2 in use when it began to wait for this"},
	    {{0}, "host:9", {1, 1}, "host:1", QUOTA_YES, ""},
	    {{0}, "5:2", {1, 2}, "5:2", QUOTA_LATER,
		"scheduler.max_tasks_per_party = 3: it needs 2 tasks of party "
		"5 at once; 2 in use when it began to wait for this"},
	    {{0}, "9:3", {1, 2}, "9:2", QUOTA_YES, ""},
	    {{0}, "", {1, 5}, "9:6", QUOTA_NEVER,
		"scheduler.party_limits \"9:5\": it needs 6 tasks of party "
		"9 at once, which this site never runs"},
	    {{0}, "host 7:1", {1, 1}, "7:1,host 7:1", QUOTA_LATER,
		"scheduler.party_limits \"host 7:1\": it needs 1 task of host "
		"7 at once; 1 in use when it began to wait for this"},
	    {{0}, "8:50", {1, 1}, "8:1", QUOTA_YES, ""},
	};
	struct quota q = quota_of("guest:2", "9:5, host 7:1,8:0", 3);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const int64_t *u = rows[i].used, *a = rows[i].asked;
		struct quota_use use =
		    use_of(u[0], u[1], u[2], u[3], rows[i].used_by);
		struct quota_use ask =
		    use_of(a[0], a[1], a[2], a[3], rows[i].asked_by);
		struct buf reason = BUF_INIT;

		assert_int_equal(
		    quota_ask(&q, &use, &ask, "it", &reason), rows[i].want);
		assert_string_equal(reason.ptr, rows[i].says);
		assert_int_equal(
		    quota_ask(&q, &use, &ask, "it", NULL), rows[i].want);
		buf_release(&reason);
		quota_use_release(&use);
		quota_use_release(&ask);
	}
	quota_release(&q);
}

static void
test_init_when_a_list_is_wrong_then_the_key_is_named(void **state)
{
	static const struct {
		const char *roles, *parties, *says;
	} rows[] = {
	    {"boss:1", "", "scheduler.role_limits: 'boss' is not a role"},
	    {"9999:1", "", "scheduler.role_limits: '9999' is not a role"},
	    {"guest", "", "scheduler.role_limits: 'guest' is not"},
	    {"guest:x", "", "scheduler.role_limits"},
	    {"guest:-1", "", "scheduler.role_limits"},
	    {"", "guest:1", "scheduler.party_limits: 'guest' is not a party"},
	    {"", "host x:1", "scheduler.party_limits: 'host x' is not"},
	    {"", "boss 1:1", "scheduler.party_limits: 'boss 1' is not"},
	    {"", "host :1", "scheduler.party_limits: 'host ' is not"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cfg cfg = {
		    .scheduler = {
			.role_limits = (char *)(uintptr_t)rows[i].roles,
			.party_limits = (char *)(uintptr_t)rows[i].parties}};
		struct buf err = BUF_INIT;

		assert_int_equal(quota_check(&cfg, &err), ERR_INVALID);
		assert_non_null(strstr(err.ptr, rows[i].says));
		buf_release(&err);
	}
}

static void
test_use_when_tasks_are_counted_then_by_role_party_and_both(void **state)
{
	struct quota_use u = {0}, copy = {0};
	struct buf text = BUF_INIT;

	(void)state;
	quota_use_task(&u, "host", "10000", 1);
	quota_use_task(&u, "guest", "9999", 1);
	quota_use_task(&u, "arbiter", "10000", 1);
	quota_list_print(&u.by, &text);
	assert_string_equal(text.ptr,
	    "10000:2,9999:1,arbiter:1,arbiter 10000:1,guest:1,guest 9999:1,"
	    "host:1,host 10000:1");
	assert_int_equal(
	    quota_list_parse(text.ptr, "test", &copy.by, NULL), ERR_OK);
	assert_true(quota_none_freed(&u, &copy));
	quota_use_task(&copy, "host", "10000", 1);
	assert_false(quota_none_freed(&u, &copy));
	assert_true(quota_none_freed(&copy, &u));
	quota_use_max(&u, &copy);
	assert_true(quota_none_freed(&u, &copy));
	quota_use_add(&u, &copy);
	quota_use_reset(&copy);
	copy.site[QUOTA_CORES] = 1;
	assert_false(quota_none_freed(&u, &copy));
	buf_release(&text);
	quota_use_release(&u);
	quota_use_release(&copy);
}

static void
test_same_reason_when_only_the_use_differs_then_yes(void **state)
{
	(void)state;
	assert_true(quota_same_reason("a = 1: x; 3 in use", "a = 1: x; 2"));
	assert_false(quota_same_reason("a = 1: x; 3", "a = 2: x; 3"));
	assert_false(quota_same_reason(NULL, "a = 2: x; 3"));
	assert_true(quota_same_reason("a = 1", "a = 1"));
}

#define COMPONENT(in)                                    \
	",\"input\":{\"data\":{\"data\":[\"" in "\"]}}," \
	"\"output\":{\"data\":[\"out\"]}}"

static void
parse_job(struct conf *conf, struct dsl *dsl)
{
	static const char conf_text[] =
	    "{\"initiator\":{\"role\":\"guest\",\"party_id\":9},"
	    "\"job_parameters\":{\"work_mode\":0,\"task_cores\":2,"
	    "\"task_memory\":\"100\"},\"role\":{\"guest\":[9],"
	    "\"host\":[7,8],\"arbiter\":[7]},\"role_parameters\":{}}";
	static const char dsl_text[] =
	    "{\"components\":{\"dataio_0\":{\"module\":\"DataIO\"" COMPONENT(
		"args.train_data") ",\"lr_0\":{\"module\":\"HeteroLR\""
				   ",\"input\":{\"data\":{\"train_data\":["
				   "\"dataio_0.out\"]}},"
				   "\"output\":{\"data\":[\"out\"],\"model\":["
				   "\"lr\"]}}}}";
	cJSON *v = NULL;

	assert_int_equal(
	    json_parse(conf_text, sizeof(conf_text) - 1, "test", &v, NULL),
	    ERR_OK);
	assert_int_equal(conf_parse(v, conf, NULL), ERR_OK);
	cJSON_Delete(v);
	assert_int_equal(
	    json_parse(dsl_text, sizeof(dsl_text) - 1, "test", &v, NULL),
	    ERR_OK);
	assert_int_equal(dsl_parse(v, DSL_TRAIN, dsl, NULL), ERR_OK);
	cJSON_Delete(v);
}

static void
test_demand_of_a_job_is_the_most_of_each(void **state)
{
	struct quota_use ask = {0};
	struct buf text = BUF_INIT;
	struct conf conf;
	struct dsl dsl;

	(void)state;
	parse_job(&conf, &dsl);
	quota_demand_job(&conf, &dsl, &ask);
	assert_int_equal(ask.site[QUOTA_JOBS], 1);
	assert_int_equal(ask.site[QUOTA_TASKS], 4);
	assert_int_equal(ask.site[QUOTA_CORES], 8);
	assert_int_equal(ask.site[QUOTA_MEMORY], 400);
	quota_list_print(&ask.by, &text);
	assert_string_equal(text.ptr,
	    "7:2,8:1,9:1,arbiter:1,arbiter 7:1,guest:1,guest 9:1,host:2,"
	    "host 7:1,host 8:1");
	quota_use_release(&ask);
	buf_release(&text);
	conf_release(&conf);
	dsl_release(&dsl);
}

static void
test_check_when_a_component_can_never_run_then_it_is_named(void **state)
{
	static const struct {
		const char *roles, *parties;
		int64_t per_party;
		const char *says;
	} rows[] = {
	    {"", "", 2, ""},
	    {"", "", 1,
		"scheduler.max_tasks_per_party = 1: component lr_0 needs 2 "
		"tasks of party 7 at once, which this site never runs"},
	    {"host:1", "", 0,
		"scheduler.role_limits \"host:1\": component dataio_0 needs "
		"2 tasks of role host at once, which this site never runs"},
	};
	struct conf conf;
	struct dsl dsl;

	(void)state;
	parse_job(&conf, &dsl);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct quota q =
		    quota_of(rows[i].roles, rows[i].parties, rows[i].per_party);
		struct buf err = BUF_INIT;

		assert_int_equal(quota_demand_check(&q, &conf, &dsl, &err),
		    rows[i].says[0] ? ERR_INVALID : ERR_OK);
		assert_string_equal(err.ptr, rows[i].says);
		buf_release(&err);
		quota_release(&q);
	}
	conf_release(&conf);
	dsl_release(&dsl);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_ask_when_asked_then_names_the_limit_that_is_in_the_way),
	    cmocka_unit_test(
		test_init_when_a_list_is_wrong_then_the_key_is_named),
	    cmocka_unit_test(
		test_use_when_tasks_are_counted_then_by_role_party_and_both),
	    cmocka_unit_test(
		test_same_reason_when_only_the_use_differs_then_yes),
	    cmocka_unit_test(test_demand_of_a_job_is_the_most_of_each),
	    cmocka_unit_test(
		test_check_when_a_component_can_never_run_then_it_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
