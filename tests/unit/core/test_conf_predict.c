/* A predict job's configuration: the training's beside its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/core/stored.h"

#define INITIATOR "\"initiator\":{\"role\":\"guest\",\"party_id\":9999}"
#define PREDICT                                                         \
	"\"job_parameters\":{\"work_mode\":0,\"job_type\":\"predict\"," \
	"\"model_id\":\"m\",\"model_version\":\"2026\"}"
#define TRAIN	    "\"job_parameters\":{\"work_mode\":0}"
#define ROLE(hosts) "\"role\":{\"guest\":[9999],\"host\":[" hosts "]}"
#define CONF(kind, hosts, ...) \
	"{" INITIATOR "," kind "," ROLE(hosts) "," __VA_ARGS__ "}"
#define OWN                                                             \
	"\"role_parameters\":{\"host\":{\"dataio_0\":{\"label_name\":[" \
	"\"one\",\"two\"]},\"args\":{\"data\":{\"t\":[null,{\"name\":"  \
	"\"n\",\"namespace\":\"s\"}]}}}}"
#define DSL_TEXT                                                           \
	"{\"components\":{\"dataio_0\":{\"module\":\"DataIO\",\"input\":{" \
	"\"model\":[\"pipeline.dataio_0.m\",\"pipeline.dataio_0.n\"],"     \
	"\"data\":{\"data\":[\"args.eval_data\"]}}}}}"

struct job {
	struct conf conf;
	struct dsl dsl;
};

static enum err
parse(const char *conf, const char *train, struct job *out, struct buf *err)
{
	struct stored_job texts = {DSL_TEXT, conf, train};

	return stored_parse(&texts, &out->conf, &out->dsl, err);
}

static void
release(struct job *j)
{
	conf_release(&j->conf);
	dsl_release(&j->dsl);
}

static void
test_parameters_when_predicting_then_the_trainings_of_that_party(void **state)
{
	static const char *const want[] = {"y", "two", "one"};
	struct job j;
	struct buf err = BUF_INIT;

	(void)state;
	if (parse(CONF(PREDICT, "10001,\"10000\"",
		      "\"algorithm_parameters\":{\"dataio_0\":{"
		      "\"label_name\":\"mine\",\"label_type\":\"float\"}}"),
		CONF(TRAIN, "10000,10001", OWN), &j, &err))
		fail_msg("%s", err.ptr);
	assert_int_equal(j.conf.n_parties, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const cJSON *param;
		cJSON *all = NULL;

		assert_int_equal(conf_parameters(&j.conf, &j.dsl, 0,
				     &j.conf.parties[i], NULL, &all, NULL),
		    ERR_OK);
		param = json_get(all, "DataIOParam");
		assert_string_equal(json_str(param, "label_name", ""), want[i]);
		assert_string_equal(json_str(param, "label_type", ""), "int");
		cJSON_Delete(all);
	}
	assert_true(conf_needs_run(&j.conf, &j.dsl, 0, &j.conf.parties[0]));
	assert_string_equal(
	    dsl_pipeline_input(&j.dsl.components[0])->alias, "m");
	release(&j);
	buf_release(&err);
}

static void
test_has_tables_when_null_or_absent_then_not(void **state)
{
	struct job j;

	(void)state;
	assert_int_equal(parse(CONF(PREDICT, "10001,10000", "\"x\":1"),
			     CONF(TRAIN, "10000,10001", OWN), &j, NULL),
	    ERR_OK);
	assert_false(conf_has_tables(j.conf.train, &j.conf.train->parties[0]));
	assert_false(conf_has_tables(j.conf.train, &j.conf.train->parties[1]));
	assert_true(conf_has_tables(j.conf.train, &j.conf.train->parties[2]));
	release(&j);
}

static void
test_set_train_when_parties_differ_then_names_them(void **state)
{
	static const struct {
		const char *conf, *train, *want;
	} cases[] = {
	    {CONF(PREDICT, "10000,10002", "\"x\":1"),
		CONF(TRAIN, "10000,10001", OWN),
		"role has host 10002, who had no part in the training of the "
		"model; role lacks host 10001 of the training of the model"},
	    {CONF(PREDICT, "10000", "\"x\":1"), CONF(TRAIN, "10000,10001", OWN),
		"role lacks host 10001 of the training of the model"},
	    {CONF(PREDICT, "10000", "\"x\":1"), "{}",
		"the training's configuration: the following arguments are "
		"required: initiator,job_parameters,role "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf err = BUF_INIT;
		struct job j;

		assert_int_equal(parse(cases[i].conf, cases[i].train, &j, &err),
		    ERR_INVALID);
		assert_string_equal(err.ptr, cases[i].want);
		release(&j);
		buf_release(&err);
	}
}

static void
test_set_train_when_trained_in_a_cluster_then_ok(void **state)
{
	struct buf err = BUF_INIT;
	struct job j;

	(void)state;
	if (parse(CONF(PREDICT, "10000,10001", "\"x\":1"),
		CONF(
		    "\"job_parameters\":{\"work_mode\":1}", "10000,10001", OWN),
		&j, &err))
		fail_msg("%s", err.ptr);
	assert_int_equal(j.conf.train->n_parties, 3);
	release(&j);
	buf_release(&err);
}

static void
test_check_when_own_parameters_are_given_then_named_as_unused(void **state)
{
	struct job j;
	struct buf out = BUF_INIT;
	cJSON *warnings = cJSON_CreateArray();

	(void)state;
	assert_int_equal(
	    parse(CONF(PREDICT, "10000,10001",
		      OWN ",\"algorithm_parameters\":{\"dataio_0\":{}}"),
		CONF(TRAIN, "10000,10001",
		    OWN ",\"algorithm_parameters\":{\"old_0\":{},"
			"\"dataio_0\":{\"eps\":1}}"),
		&j, NULL),
	    ERR_OK);
	assert_int_equal(conf_check(&j.conf, &j.dsl, warnings, NULL), ERR_OK);
	json_print(warnings, JSON_STORE, &out);
	assert_string_equal(out.ptr, "[\"role_parameters.host.dataio_0\", "
				     "\"algorithm_parameters.dataio_0\"]");
	cJSON_Delete(warnings);
	release(&j);
	buf_release(&out);
}

static void
test_parse_when_model_is_no_text_then_says_what_it_must_be(void **state)
{
	struct buf err = BUF_INIT;
	struct job j;

	(void)state;
	assert_int_equal(
	    parse("{" INITIATOR
		  "," ROLE("1") ",\"job_parameters\":{"
				"\"work_mode\":0,\"job_type\":\"predict\","
				"\"model_id\":7,\"model_version\":[]}}",
		NULL, &j, &err),
	    ERR_INVALID);
	assert_non_null(strstr(err.ptr, "model_id"));
	assert_non_null(strstr(err.ptr, "model_version"));
	release(&j);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_parameters_when_predicting_then_the_trainings_of_that_party),
	    cmocka_unit_test(test_has_tables_when_null_or_absent_then_not),
	    cmocka_unit_test(
		test_set_train_when_parties_differ_then_names_them),
	    cmocka_unit_test(test_set_train_when_trained_in_a_cluster_then_ok),
	    cmocka_unit_test(
		test_check_when_own_parameters_are_given_then_named_as_unused),
	    cmocka_unit_test(
		test_parse_when_model_is_no_text_then_says_what_it_must_be),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
