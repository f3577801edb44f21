#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi-app/permission.h"
#include "lib/base/mem.h"

static void
test_parse_of_each_list_gives_its_words(void **state)
{
	static const struct {
		enum privilege_kind kind;
		const char *text;
		size_t n; /* words, or 0 and the error's text */
		const char *words;
	} cases[] = {
	    {PRIVILEGE_ROLE, "guest, host", 2, "guest"},
	    {PRIVILEGE_ROLE, "host,host", 1, "host"},
	    {PRIVILEGE_ROLE, "all", 3, "arbiter"},
	    {PRIVILEGE_ROLE, "local", 0,
		"local does not exist in the permission role"},
	    {PRIVILEGE_ROLE, "guest,,host", 0,
		" does not exist in the permission role"},
	    {PRIVILEGE_COMMAND, "create_job,run_task", 2, "run_task"},
	    {PRIVILEGE_COMMAND, "all", 6, "query_task_input_args"},
	    {PRIVILEGE_COMMAND, "kill", 0,
		"kill does not exist in the permission command"},
	    {PRIVILEGE_COMPONENT, "HeteroLR,dataio", 2, "heterolr"},
	    {PRIVILEGE_COMPONENT, "upload", 0,
		"upload does not exist in the permission component"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct privilege_list list = {{NULL}, {0}};
		struct buf err = BUF_INIT;
		enum err rc =
		    permission_parse(cases[i].kind, cases[i].text, &list, &err);

		assert_int_equal(rc, cases[i].n ? ERR_OK : ERR_INVALID);
		if (cases[i].n) {
			assert_int_equal(list.n[cases[i].kind], cases[i].n);
			assert_true(privilege_list_has(
			    &list, cases[i].kind, cases[i].words));
		} else
			assert_string_equal(err.ptr, cases[i].words);
		privilege_list_release(&list);
		buf_release(&err);
	}
}

static void
test_parse_of_all_components_leaves_out_the_servers_own(void **state)
{
	struct privilege_list list = {{NULL}, {0}};

	(void)state;
	assert_int_equal(
	    permission_parse(PRIVILEGE_COMPONENT, "all", &list, NULL), ERR_OK);
	assert_true(privilege_list_has(&list, PRIVILEGE_COMPONENT, "heterolr"));
	assert_false(privilege_list_has(&list, PRIVILEGE_COMPONENT, "upload"));
	privilege_list_release(&list);
}

static const char conf_text[] =
    "{\"initiator\":{\"role\":\"%s\",\"party_id\":%d},"
    "\"job_parameters\":{\"work_mode\":0},"
    "\"role\":{\"guest\":[1],\"host\":[1,2],\"arbiter\":[3]}}";
static const char dsl_text[] =
    "{\"components\":{\"a_0\":{\"module\":\"DataIO\",\"input\":{\"data\":"
    "{\"data\":[\"args.x\"]}},\"output\":{\"data\":[\"t\"]}},"
    "\"b_0\":{\"module\":\"HeteroLR\",\"input\":{\"data\":{\"train_data\":"
    "[\"a_0.t\"]}},\"output\":{\"data\":[\"t\"]}}}}";

static enum err
check(const char *role, int party, const struct privilege_list *have,
    struct buf *err)
{
	struct buf text = BUF_INIT;
	cJSON *conf_json, *dsl_json = cJSON_Parse(dsl_text);
	struct conf conf;
	struct dsl dsl;
	enum err rc;

	buf_addf(&text, conf_text, role, party);
	conf_json = cJSON_Parse(text.ptr);
	assert_int_equal(conf_parse(conf_json, &conf, NULL), ERR_OK);
	if (dsl_parse(dsl_json, DSL_TRAIN, &dsl, err))
		fail_msg("%s", err->ptr);
	rc = permission_check(&conf, &dsl, have, err);
	conf_release(&conf);
	dsl_release(&dsl);
	cJSON_Delete(conf_json);
	cJSON_Delete(dsl_json);
	buf_release(&text);
	return rc;
}

static void
test_check_when_nothing_is_granted_then_all_is_named(void **state)
{
	struct privilege_list none = {{NULL}, {0}};
	struct buf err = BUF_INIT;

	(void)state;
	assert_int_equal(check("guest", 1, &none, &err), ERR_DENIED);
	assert_string_equal(err.ptr,
	    "guest 1 may not run this job at host 2: role host not authorized,"
	    " command create_job not authorized, command run_task not"
	    " authorized, component dataio not authorized, component heterolr"
	    " not authorized; guest 1 may not run this job at arbiter 3: role"
	    " arbiter not authorized, command create_job not authorized,"
	    " command run_task not authorized, component heterolr not"
	    " authorized");
	buf_release(&err);
}

static void
test_check_when_all_is_granted_then_allowed(void **state)
{
	struct privilege_list have = {{NULL}, {0}};
	struct buf err = BUF_INIT;

	(void)state;
	permission_parse(PRIVILEGE_ROLE, "all", &have, NULL);
	permission_parse(PRIVILEGE_COMMAND, "create_job", &have, NULL);
	permission_parse(PRIVILEGE_COMPONENT, "all", &have, NULL);
	assert_int_equal(check("guest", 1, &have, &err), ERR_DENIED);
	assert_non_null(strstr(err.ptr, "command run_task not authorized"));
	permission_parse(PRIVILEGE_COMMAND, "run_task", &have, NULL);
	assert_int_equal(check("guest", 1, &have, NULL), ERR_OK);
	buf_reset(&err);
	assert_int_equal(check("host", 2, &have, &err), ERR_DENIED);
	assert_non_null(strstr(err.ptr, "src_role host is not guest"));
	privilege_list_release(&have);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse_of_each_list_gives_its_words),
	    cmocka_unit_test(
		test_parse_of_all_components_leaves_out_the_servers_own),
	    cmocka_unit_test(
		test_check_when_nothing_is_granted_then_all_is_named),
	    cmocka_unit_test(test_check_when_all_is_granted_then_allowed),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
