/* Configurations: faults, merges, tables, and FATE's own examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/core/conf.h"

static cJSON *
parse(const char *text)
{
	cJSON *v = NULL;

	assert_int_equal(json_parse(text, strlen(text), "test", &v, NULL), 0);
	return v;
}

#define G "\"initiator\":{\"role\":\"guest\",\"party_id\":\"9999\"}"
#define M "\"job_parameters\":{\"work_mode\":0}"
#define R "\"role\":{\"guest\":[9999],\"host\":[10000,\"9999\"]}"
#define WORK_MODE                                            \
	"the following arguments are required:  work_mode=(" \
	"<WorkMode.CLUSTER: 1>, <WorkMode.STANDALONE: 0>)"

static void
test_parse_when_at_fault_then_says_it_as_the_contract_does(void **state)
{
	static const struct {
		const char *conf, *want;
	} cases[] = {
	    {"{}", WORK_MODE},
	    {"[1]", WORK_MODE},
	    {"{\"job_parameters\":{\"work_mode\":\"0\"}}", WORK_MODE},
	    {"{\"job_parameters\":{\"work_mode\":1}}",
		"server run on standalone can not support cluster mode job"},
	    {"{" M "}", "the following arguments are required: "
			"initiator,role "},
	    {"{" M "," R ",\"initiator\":{}}",
		"the following arguments are required: role,party_id "},
	    {"{" M "," R ",\"initiator\":5}", "initiator must be an object"},
	    {"{" M "," R ",\"initiator\":{\"role\":\"guest\","
	     "\"party_id\":\"x\"}}",
		"invalid literal for int() with base 10: \"x\" in "
		"initiator.party_id; a party id is an integer >= 0 of at most "
		"10 digits"},
	    {"{" M "," G ",\"role\":{\"guest\":[\"../x\"]}}",
		"invalid literal for int() with base 10: \"../x\" in role; a "
		"party id is an integer >= 0 of at most 10 digits"},
	    {"{" M "," G ",\"role\":{\"guest\":[1,\"1\"]}}",
		"role.guest lists party 1 twice"},
	    {"{" M "," G ",\"role\":{\"boss\":[1]}}",
		"role 'boss' is unknown, there are guest, host, arbiter and "
		"local"},
	    {"{" M "," G ",\"role\":{\"guest\":1}}",
		"role.guest must be a list of party ids"},
	    {"{" G "," R ",\"job_parameters\":{\"work_mode\":0,"
	     "\"job_type\":\"predict\"}}",
		"the following arguments are required: "
		"model_id,model_version "},
	    {"{" M "," G ",\"role\":{\"host\":[1]}}",
		"initiator.role is 'guest', which is not in role"},
	    {"{\"job_parameters\":[]}", "job_parameters must be an object"},
	    {"{" G "," R ",\"job_parameters\":{\"work_mode\":0,"
	     "\"job_type\":1}}",
		"job_parameters.job_type must be a text, train or predict"},
	    {"{" M "," G ",\"role\":{\"guest\":[1]}}",
		"initiator party id error 9999"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf err = BUF_INIT;
		struct conf c;
		cJSON *v = parse(cases[i].conf);

		assert_int_equal(conf_parse(v, &c, &err), ERR_INVALID);
		assert_string_equal(err.ptr, cases[i].want);
		conf_release(&c);
		cJSON_Delete(v);
		buf_release(&err);
	}
}

static void
test_parse_when_an_id_has_several_roles_then_each_is_a_party(void **state)
{
	cJSON *v = parse("{" M "," G "," R "}");
	struct conf c;

	(void)state;
	assert_int_equal(conf_parse(v, &c, NULL), 0);
	assert_int_equal(c.n_parties, 3);
	assert_true(c.parties[0].is_initiator);
	assert_false(c.parties[2].is_initiator);
	assert_string_equal(c.parties[2].role, "host");
	assert_string_equal(c.parties[2].party_id, "9999");
	assert_int_equal(c.parties[2].index, 1);
	conf_release(&c);
	cJSON_Delete(v);
}

static void
test_parse_when_timeout_given_then_in_ms_or_zero(void **state)
{
	static const struct {
		const char *timeout;
		int64_t want;
	} cases[] = {{"60", 60000}, {"0.5", 500}, {"0", 0}, {"-1", 0},
	    {"\"60\"", 0}, {"null", 0}, {"1e300", 1000000000000}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf text = BUF_INIT;
		struct conf c;
		cJSON *v;

		buf_addf(&text,
		    "{" G "," R ",\"job_parameters\":{\"work_mode\":0,"
		    "\"timeout\":%s}}",
		    cases[i].timeout);
		v = parse(text.ptr);
		assert_int_equal(conf_parse(v, &c, NULL), 0);
		assert_int_equal(c.timeout_ms, cases[i].want);
		conf_release(&c);
		cJSON_Delete(v);
		buf_release(&text);
	}
}

/* A conf with more keys, and a DSL: parsed together. */
struct job {
	struct conf conf;
	struct dsl dsl;
};

static struct job
parse_job(const char *more, const char *components)
{
	struct buf text = BUF_INIT, err = BUF_INIT;
	struct job j;
	cJSON *v;

	buf_addf(&text, "{" M "," G "," R ",%s}", more);
	v = parse(text.ptr);
	if (conf_parse(v, &j.conf, &err))
		fail_msg("%s", err.ptr);
	cJSON_Delete(v);
	buf_reset(&text);
	buf_addf(&text, "{\"components\":{%s}}", components);
	v = parse(text.ptr);
	if (dsl_parse(v, DSL_TRAIN, &j.dsl, &err))
		fail_msg("%s", err.ptr);
	cJSON_Delete(v);
	buf_release(&text);
	return j;
}

static void
release_job(struct job *j)
{
	conf_release(&j->conf);
	dsl_release(&j->dsl);
}

#define DATAIO                                                 \
	"\"d_0\":{\"module\":\"DataIO\",\"input\":{\"data\":{" \
	"\"data\":[\"args.t\"]}},\"output\":{\"model\":[\"m\"]}}"

static void
test_parameters_when_merged_then_party_over_all_over_default(void **state)
{
	struct job j = parse_job(
	    "\"algorithm_parameters\":{\"d_0\":{\"label_name\":\"z\","
	    "\"with_label\":true}},"
	    "\"role_parameters\":{\"host\":{\"d_0\":{\"with_label\":"
	    "[false,false],\"output_format\":[\"sparse\",\"dense\"]}}}",
	    DATAIO ",\"d_1\":{\"module\":\"DataIO\",\"input\":{\"data\":"
		   "{\"data\":[\"args.t\"]},\"model\":[\"d_0.m\"]}}");
	static const struct {
		bool with_label;
		const char *format;
	} want[] = {{true, "dense"}, {false, "sparse"}, {false, "dense"}};

	(void)state;
	for (size_t p = 0; p < 3; p++) {
		for (size_t k = 0; k < 2; k++) {
			cJSON *all = NULL;
			const cJSON *it;

			assert_int_equal(
			    conf_parameters(&j.conf, &j.dsl, k,
				&j.conf.parties[p], NULL, &all, NULL),
			    0);
			assert_string_equal(
			    json_str(all, "module", ""), "DataIO");
			it = json_get(all, "DataIOParam");
			assert_string_equal(
			    json_str(it, "label_name", ""), "z");
			assert_string_equal(
			    json_str(it, "output_format", ""), want[p].format);
			assert_int_equal(json_bool(it, "with_label", true),
			    want[p].with_label);
			cJSON_Delete(all);
		}
	}
	release_job(&j);
}

static void
test_parameters_when_role_does_not_run_module_then_null(void **state)
{
	struct job j = parse_job("\"x\":1", "\"u_0\":{\"module\":\"Upload\"}");
	cJSON *all = NULL;

	(void)state;
	assert_int_equal(conf_parameters(&j.conf, &j.dsl, 0, &j.conf.parties[0],
			     NULL, &all, NULL),
	    0);
	assert_null(all);
	release_job(&j);
}

static void
test_args_table_when_listed_by_position_then_found(void **state)
{
	struct job j = parse_job(
	    "\"role_parameters\":{\"host\":{\"args\":{\"data\":{\"t\":["
	    "{\"name\":\"a\",\"namespace\":\"n\"},"
	    "{\"name\":\"b\",\"namespace\":\"n\"}]}}}}",
	    DATAIO);
	const char *name, *space;

	(void)state;
	assert_int_equal(
	    conf_args_table(&j.conf, &j.conf.parties[2], "t", &name, &space),
	    0);
	assert_string_equal(name, "b");
	assert_string_equal(space, "n");
	assert_int_equal(
	    conf_args_table(&j.conf, &j.conf.parties[0], "t", &name, &space),
	    ERR_NOTFOUND);
	release_job(&j);
}

static void
test_check_when_several_faults_then_each_told_once(void **state)
{
	struct job j = parse_job(
	    "\"algorithm_parameters\":{\"d_0\":{\"label_type\":\"word\","
	    "\"eps\":1},\"gone_0\":{}},"
	    "\"role_parameters\":{\"guest\":{\"args\":{\"data\":{\"t\":"
	    "[{\"name\":\"a\"}]}}}}",
	    DATAIO);
	struct buf err = BUF_INIT, out = BUF_INIT;
	cJSON *warnings = cJSON_CreateArray();

	(void)state;
	assert_int_equal(
	    conf_check(&j.conf, &j.dsl, warnings, &err), ERR_INVALID);
	assert_string_equal(err.ptr,
	    "role_parameters.guest.args.data.t must be a list of {\"name\", "
	    "\"namespace\"}, one per party, each a text of at most 512 bytes; "
	    "component 'd_0': parameter 'label_type' is \"word\", expected "
	    "\"float\", \"float64\", \"int\", \"int64\", \"str\" or \"long\"");
	json_print(warnings, JSON_COMPACT, &out);
	assert_string_equal(
	    out.ptr, "[\"algorithm_parameters.gone_0\",\"d_0.eps\"]");
	buf_release(&err);
	buf_release(&out);
	cJSON_Delete(warnings);
	release_job(&j);
}

#define TOY	"\"s_0\":{\"module\":\"SecureAddExample\"}"
#define TOY_ALL "\"algorithm_parameters\":{\"s_0\":{\"data_num\":9}}"
#define TOY_PAIR                                                               \
	"component 's_0': SecureAddExample needs one guest and one host, but " \
	"role has 1 guests and 2 hosts (10000, 9999)"

static void
expect_fault(const char *conf, const char *want)
{
	struct job j = parse_job(conf, TOY);
	struct buf err = BUF_INIT;

	assert_int_equal(conf_check(&j.conf, &j.dsl, NULL, &err), ERR_INVALID);
	assert_string_equal(err.ptr, want);
	buf_release(&err);
	release_job(&j);
}

static void
test_check_when_for_a_pair_and_hosts_are_two_then_refused(void **state)
{
	(void)state;
	expect_fault(TOY_ALL, TOY_PAIR);
}

static void
test_check_when_to_be_the_same_and_is_not_then_refused(void **state)
{
	(void)state;
	expect_fault(TOY_ALL ",\"role_parameters\":{\"host\":{\"s_0\":{"
			     "\"data_num\":[9,8]}}}",
	    TOY_PAIR "; component 's_0': parameter 'data_num' is 9 at guest "
		     "9999 and 8 at host 9999, expected the same at all "
		     "parties");
}

#define LINEAR(module)                             \
	"\"l_0\":{\"module\":\"" module            \
	"\",\"input\":{\"data\":{\"train_data\":[" \
	"\"args.t\"]}},\"output\":{\"model\":[\"m\"]}}"
#define WEIGHTS "\"early_stop\":\"Weight_Diff\","

/* Of one guest and two hosts: what they must agree on, and several hosts. */
static void
test_check_when_parties_do_not_fit_then_told(void **state)
{
	static const struct {
		const char *dsl, *own, *guest, *host, *want;
	} cases[] = {
	    {LINEAR("HeteroLR"), WEIGHTS "\"optimizer\":\"SGD\"",
		"\"optimizer\":[\"sgd\"]", "\"alpha\":[1,2]", ""},
	    {LINEAR("HeteroLR"), WEIGHTS "\"max_iter\":9", "\"max_iter\":[7]",
		"\"cv_param\":{\"need_cv\":[false,true]}",
		"component 'l_0': parameter 'max_iter' is 7 at guest 9999 and "
		"9 "
		"at host 10000, expected the same at all parties; component "
		"'l_0': parameter 'max_iter' is 7 at guest 9999 and 9 at host "
		"9999, "
		"expected the same at all parties; component 'l_0': parameter "
		"'cv_param.need_cv' is false at guest 9999 and true at host "
		"9999, "
		"expected the same at all parties"},
	    {LINEAR("HeteroLinR"), "\"early_stop\":\"diff\"", "", "",
		"component 'l_0': parameter 'early_stop' is \"diff\", "
		"expected \"weight_diff\": with 2 hosts there is no loss to "
		"compare"},
	    {LINEAR("HeteroLR"),
		WEIGHTS "\"stepwise_param\":{\"need_stepwise\":true}", "", "",
		"component 'l_0': parameter 'stepwise_param.need_stepwise' is "
		"true, expected false: with 2 hosts there is no loss to select "
		"columns by"},
	    {LINEAR("HeteroPoisson"), "\"max_iter\":3", "", "",
		"component 'l_0': HeteroPoisson needs one guest and one host, "
		"but role has 1 guests and 2 hosts (10000, 9999)"},
	};
	struct buf more = BUF_INIT, err = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct job j;

		buf_reset(&more);
		buf_reset(&err);
		buf_addf(&more,
		    "\"algorithm_parameters\":{\"l_0\":{%s}},"
		    "\"role_parameters\":{\"guest\":{\"l_0\":{%s}},"
		    "\"host\":{\"l_0\":{%s}}}",
		    cases[i].own, cases[i].guest, cases[i].host);
		j = parse_job(more.ptr, cases[i].dsl);
		conf_check(&j.conf, &j.dsl, NULL, &err);
		assert_string_equal(err.ptr, cases[i].want);
		release_job(&j);
	}
	buf_release(&more);
	buf_release(&err);
}

/* ---- FATE's own examples ---- */

static void
check_example(const char *folder, const char *dsl_file, const char *conf_file)
{
	char path[512];
	struct buf err = BUF_INIT;
	cJSON *dsl = NULL, *conf = NULL, *warnings = cJSON_CreateArray();
	struct job j = {0};

	snprintf(path, sizeof(path), SOURCE_DIR "/../shared/data/jobs/%s/%s",
	    folder, dsl_file);
	if (json_read_file(path, &dsl, NULL) == ERR_NOTFOUND)
		skip();
	snprintf(path, sizeof(path), SOURCE_DIR "/../shared/data/jobs/%s/%s",
	    folder, conf_file);
	assert_int_equal(json_read_file(path, &conf, &err), 0);
	cJSON_SetNumberValue(
	    cJSON_GetObjectItem(
		cJSON_GetObjectItem(conf, "job_parameters"), "work_mode"),
	    0);
	if (dsl_parse(dsl, DSL_TRAIN, &j.dsl, &err) ||
	    conf_parse(conf, &j.conf, &err) ||
	    conf_check(&j.conf, &j.dsl, warnings, &err))
		fail_msg("%s: %s", conf_file, err.ptr);
	release_job(&j);
	cJSON_Delete(dsl);
	cJSON_Delete(conf);
	cJSON_Delete(warnings);
	buf_release(&err);
}

static void
test_check_when_fates_examples_then_accepted(void **state)
{
	static const struct {
		const char *folder, *dsl, *conf;
	} cases[] = {
#define LR "hetero_logistic_regression"
	    {LR, "test_hetero_lr_train_job_dsl.json",
		"test_hetero_lr_train_job_conf.json"},
	    {LR, "test_hetero_lr_train_job_dsl.json",
		"test_hetero_lr_sparse_train_job_conf.json"},
	    {LR, "test_hetero_lr_train_job_dsl.json",
		"test_hetero_lr_none_penalty_train_job_conf.json"},
	    {LR, "test_hetero_lr_train_job_dsl.json",
		"test_multi_host_job_conf.json"},
	    {LR, "test_hetero_lr_validate_job_dsl.json",
		"test_hetero_lr_validate_job_conf.json"},
	    {LR, "test_hetero_lr_validate_job_dsl.json",
		"test_hetero_lr_early_stop_train_job_conf.json"},
	    {"intersect", "test_intersect_job_dsl.json",
		"test_intersect_job_raw_conf.json"},
	    {"intersect", "test_intersect_job_dsl.json",
		"test_intersect_job_rsa_conf.json"},
	    {"intersect", "test_intersect_job_dsl.json",
		"test_intersect_job_rsa_multi_host_conf.json"},
	    {"intersect", "test_intersect_without_dataio_job_dsl.json",
		"test_intersect_without_dataio_job_conf.json"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_example(cases[i].folder, cases[i].dsl, cases[i].conf);
}

static void
test_warn_unused_names_what_is_given_and_idle(void **state)
{
	cJSON *v = parse("{" G ",\"job_parameters\":{\"work_mode\":0,"
			 "\"backend\":1,\"spark_submit_config\":{},"
			 "\"timeout\":5}," R "}");
	cJSON *warnings = cJSON_CreateArray();
	struct buf out = BUF_INIT;
	struct conf c;

	(void)state;
	assert_int_equal(conf_parse(v, &c, NULL), 0);
	conf_warn_unused(&c, warnings);
	json_print(warnings, JSON_COMPACT, &out);
	assert_int_equal(cJSON_GetArraySize(warnings), 2);
	assert_non_null(
	    strstr(out.ptr, "job_parameters.backend has no effect: "));
	assert_non_null(strstr(out.ptr, "job_parameters.spark_submit_config"));
	cJSON_Delete(warnings);
	cJSON_Delete(v);
	conf_release(&c);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_parse_when_at_fault_then_says_it_as_the_contract_does),
	    cmocka_unit_test(
		test_parse_when_an_id_has_several_roles_then_each_is_a_party),
	    cmocka_unit_test(test_parse_when_timeout_given_then_in_ms_or_zero),
	    cmocka_unit_test(
		test_parameters_when_merged_then_party_over_all_over_default),
	    cmocka_unit_test(
		test_parameters_when_role_does_not_run_module_then_null),
	    cmocka_unit_test(
		test_args_table_when_listed_by_position_then_found),
	    cmocka_unit_test(
		test_check_when_several_faults_then_each_told_once),
	    cmocka_unit_test(
		test_check_when_for_a_pair_and_hosts_are_two_then_refused),
	    cmocka_unit_test(
		test_check_when_to_be_the_same_and_is_not_then_refused),
	    cmocka_unit_test(test_warn_unused_names_what_is_given_and_idle),
	    cmocka_unit_test(test_check_when_parties_do_not_fit_then_told),
	    cmocka_unit_test(test_check_when_fates_examples_then_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
