/* Defaults, merges, checks, and what a real server showed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/spec/spec.h"

#define MODULES_MD SOURCE_DIR "/docs/modules.md"

static cJSON *
parse(const char *text)
{
	cJSON *v = NULL;

	assert_int_equal(json_parse(text, strlen(text), "test", &v, NULL), 0);
	return v;
}

static void
test_find_when_unknown_then_null(void **state)
{
	(void)state;
	assert_non_null(spec_find("HeteroLR"));
	assert_null(spec_find("heterolr"));
	assert_null(spec_find("Pipeline"));
}

/* What has no default that anybody could use. */
static cJSON *
needed(const struct spec_module *m)
{
	struct buf text = BUF_INIT;
	cJSON *out;

	if (strcmp(m->name, "Rsa"))
		return NULL;
	buf_adds(&text, "{\"rsa_key_e\": 3, \"rsa_key_d\": \"7\","
			"\"save_out_table_namespace\": \"a\","
			"\"save_out_table_name\": \"b\", \"rsa_key_n\": 1");
	for (int i = 0; i < 308; i++)
		buf_addc(&text, '3');
	buf_addc(&text, '}');
	out = parse(text.ptr);
	buf_release(&text);
	return out;
}

static void
test_defaults_when_made_then_every_module_accepts_its_own(void **state)
{
	size_t n;
	const struct spec_module *const *all = spec_all(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct buf err = BUF_INIT;
		cJSON *p = spec_defaults(all[i]), *given = needed(all[i]);

		assert_int_equal(
		    spec_merge(all[i], "c_0", given, -1, p, NULL, &err), 0);
		/* FATE's default names no column, and means none */
		if (!strcmp(all[i]->name, "HeteroPearson"))
			assert_true(cJSON_ReplaceItemInObjectCaseSensitive(
			    p, "column_indexes", cJSON_CreateNumber(-1)));
		if (spec_check(all[i], "c_0", p, &err))
			fail_msg("%s", err.ptr);
		cJSON_Delete(p);
		cJSON_Delete(given);
		buf_release(&err);
	}
}

/* Merges `given` for all parties and checks: "" or the fault. */
static void
expect_fault(const char *module, const char *given, const char *want)
{
	const struct spec_module *m = spec_find(module);
	struct buf err = BUF_INIT;
	cJSON *g = parse(given), *p = spec_defaults(m);
	enum err rc = spec_merge(m, "c_0", g, -1, p, NULL, &err);

	if (!rc)
		rc = spec_check(m, "c_0", p, &err);
	if (!rc != !*want || strcmp(err.ptr, want))
		fail_msg("%s: got \"%s\"", given, err.ptr);
	cJSON_Delete(p);
	cJSON_Delete(g);
	buf_release(&err);
}

static void
test_check_when_illegal_then_says_what_is_legal(void **state)
{
	static const struct {
		const char *module, *given, *want;
	} cases[] = {
	    {"HeteroLR", "{\"penalty\":\"None\"}", ""},
	    {"HeteroLR", "{\"penalty\":null}", ""},
	    {"HeteroLR", "{\"penalty\":\"L3\"}",
		"component 'c_0': parameter 'penalty' is \"L3\", expected "
		"\"L1\", \"L2\" or \"none\" in any case, or null"},
	    {"HeteroLR", "{\"optimizer\":\"sqn\"}", ""},
	    {"HeteroLR",
		"{\"optimizer\":\"SGD\",\"early_stop\":\"Diff\","
		"\"init_param\":{\"init_method\":\"Zeros\"},"
		"\"encrypted_mode_calculator_param\":{\"mode\":\"Fast\"},"
		"\"stepwise_param\":{\"direction\":\"Both\","
		"\"score_name\":\"bic\"}}",
		""},
	    {"HeteroLR", "{\"optimizer\":\"lbfgs\"}",
		"component 'c_0': parameter 'optimizer' is \"lbfgs\", "
		"expected \"sgd\", \"rmsprop\", \"adam\", \"adagrad\", "
		"\"nesterov_momentum_sgd\" or \"sqn\" in any case"},
	    {"HeteroLR", "{\"batch_size\":-1}", ""},
	    {"HeteroLR", "{\"batch_size\":9}",
		"component 'c_0': parameter 'batch_size' is 9, expected -1 "
		"(all rows at once) or an integer >= 10"},
	    {"HeteroLR", "{\"max_iter\":0,\"alpha\":\"a\"}",
		"component 'c_0': parameter 'alpha' is \"a\", expected a "
		"number >= 0; component 'c_0': parameter 'max_iter' is 0, "
		"expected an integer from 1 to 1000000"},
	    {"HeteroLR", "{\"cv_param\":{\"need_cv\":true}}", ""},
	    {"HeteroLinR",
		"{\"stepwise_param\":{\"need_stepwise\":true,"
		"\"direction\":\"up\"}}",
		"component 'c_0': parameter 'stepwise_param.direction' is "
		"\"up\", expected \"forward\", \"backward\" or \"both\" in "
		"any case"},
	    {"HeteroLinR", "{\"metrics\":[\"rmse\",\"r2_score\"]}", ""},
	    {"HeteroLinR", "{\"optimizer\":\"nesterov_momentum_sgd\"}",
		"component 'c_0': parameter 'optimizer' is "
		"\"nesterov_momentum_sgd\", expected \"sgd\", \"rmsprop\", "
		"\"adam\", \"adagrad\" or \"sqn\" in any case"},
	    {"HeteroPoisson", "{\"exposure_colname\":\"x1\"}", ""},
	    {"HeteroPearson", "{\"column_indexes\":-1}", ""},
	    {"HeteroPearson", "{\"column_names\":[\"x1\"]}", ""},
	    {"HeteroPearson", "{\"column_indexes\":null,\"column_names\":null}",
		"component 'c_0': column_names and column_indexes name no "
		"column; column_indexes -1 means all"},
	    {"HeteroPearson", "{\"need_run\":false,\"cross_parties\":false}",
		""},
	    {"HeteroPearson", "{\"need_run\":false}", ""},
	    {"HeteroPoisson", "{\"optimizer\":\"sqn\"}",
		"component 'c_0': parameter 'optimizer' is \"sqn\", expected "
		"\"sgd\", \"rmsprop\", \"adam\", \"adagrad\" or "
		"\"nesterov_momentum_sgd\" in any case"},
	    {"HeteroPoisson", "{\"early_stopping_rounds\":3}",
		"component 'c_0': early_stopping_rounds is set, so "
		"validation_freqs must be set too"},
	    {"HeteroLR", "{\"cv_param\":5}",
		"component 'c_0': parameter 'cv_param' is 5, expected an "
		"object"},
	    {"HeteroLR", "{\"encrypt_param\":{\"key_length\":512}}",
		"component 'c_0': parameter 'encrypt_param.key_length' is "
		"512, expected 1024, 2048, 3072 or 4096"},
	    {"HeteroLR", "{\"encrypt_param\":{\"method\":\"PAILLIER\"}}", ""},
	    {"HeteroLR", "{\"early_stopping_rounds\":3}",
		"component 'c_0': early_stopping_rounds is set, so "
		"validation_freqs must be set too"},
	    {"HeteroLR", "{\"validation_freqs\":[0,3]}", ""},
	    {"HeteroLR", "{\"validation_freqs\":0}",
		"component 'c_0': parameter 'validation_freqs' is 0, expected "
		"an integer >= 1, a list of iterations >= 0, or null"},
	    {"HeteroLR", "{\"metrics\":[]}", ""},
	    {"HeteroLR", "{\"metrics\":[\"AUC\",\"psi\",\"acc\"]}", ""},
	    {"HeteroLR", "{\"metrics\":[\"rmse\"]}",
		"component 'c_0': parameter 'metrics' is [\"rmse\"], expected "
		"a list of metrics that Evaluation has for eval_type binary, "
		"or null"},
	    {"HeteroPoisson", "{\"metrics\":[\"l2_root\",\"MSLE\"]}", ""},
	    {"DataIO", "{\"with_label\":1}",
		"component 'c_0': parameter 'with_label' is 1, expected true "
		"or false"},
	    {"DataIO", "{\"exclusive_data_type\":{\"x0\":\"int\"}}", ""},
	    {"DataIO", "{\"missing_impute\":[\"NA\",-9999]}", ""},
	    {"DataIO", "{\"missing_fill_method\":\"median\"}",
		"component 'c_0': parameter 'missing_fill_method' is "
		"\"median\", expected \"min\", \"max\", \"mean\" or "
		"\"designated\", or null"},
	    {"Intersection", "{\"encode_params\":{\"encode_method\":\"crc\"}}",
		"component 'c_0': parameter 'encode_params.encode_method' is "
		"\"crc\", expected \"none\", \"md5\", \"sha1\", \"sha224\", "
		"\"sha256\", \"sha384\" or \"sha512\""},
	    {"Evaluation", "{\"metrics\":[\"auc\",\"Acc\"]}", ""},
	    {"Evaluation",
		"{\"eval_type\":\"regression\",\"metrics\":[\"msle\"]}", ""},
	    {"Evaluation", "{\"eval_type\":\"multi\",\"metrics\":[\"auc\"]}",
		"component 'c_0': metrics names one that eval_type multi "
		"lacks; it has accuracy (acc), precision, recall"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_fault(cases[i].module, cases[i].given, cases[i].want);
}

/* "" when LocalBaseline takes these options, else the complaint about them. */
static void
expect_options(const char *options, const char *want)
{
	struct buf given = BUF_INIT, fault = BUF_INIT;

	buf_addf(&given, "{\"model_opts\":%s}", options);
	if (*want)
		buf_addf(&fault, "component 'c_0': model_opts.%s", want);
	expect_fault("LocalBaseline", given.ptr, fault.ptr);
	buf_release(&given);
	buf_release(&fault);
}

static void
test_baseline_when_scikit_learn_refuses_then_so_with_its_reason(void **state)
{
	static const struct {
		const char *options, *want;
	} cases[] = {
	    {"{\"penalty\":null,\"l1_ratio\":null,\"dual\":false}", ""},
	    {"{\"penalty\":\"l1\",\"solver\":\"saga\"}", ""},
	    {"{\"penalty\":\"l1\",\"solver\":\"liblinear\"}", ""},
	    {"{\"penalty\":\"elasticnet\",\"solver\":\"saga\",\"l1_ratio\":1}",
		""},
	    {"{\"penalty\":\"none\",\"solver\":\"saga\"}", ""},
	    {"{\"multi_class\":\"multinomial\",\"solver\":\"sag\"}", ""},
	    {"{\"dual\":true,\"solver\":\"liblinear\"}", ""},
	    {"{\"penalty\":\"l1\"}",
		"solver \"lbfgs\" has the penalties \"l2\" and \"none\" "
		"alone"},
	    {"{\"penalty\":\"elasticnet\",\"l1_ratio\":0.5,"
	     "\"solver\":\"sag\"}",
		"solver \"sag\" has the penalties \"l2\" and \"none\" "
		"alone"},
	    {"{\"penalty\":\"l1\",\"solver\":\"newton-cg\"}",
		"solver \"newton-cg\" has the penalties \"l2\" and \"none\" "
		"alone"},
	    {"{\"penalty\":null,\"solver\":\"liblinear\"}",
		"solver \"liblinear\" has the penalties \"l1\" and \"l2\" "
		"alone"},
	    {"{\"penalty\":\"elasticnet\",\"solver\":\"saga\"}",
		"penalty \"elasticnet\" needs l1_ratio, a number from 0 to "
		"1"},
	    {"{\"multi_class\":\"multinomial\",\"solver\":\"liblinear\"}",
		"solver \"liblinear\" has no multi_class \"multinomial\""},
	    {"{\"dual\":true}",
		"dual is true, which solver \"liblinear\" with penalty "
		"\"l2\" has alone"},
	    {"{\"dual\":true,\"solver\":\"liblinear\",\"penalty\":\"l1\"}",
		"dual is true, which solver \"liblinear\" with penalty "
		"\"l2\" has alone"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_options(cases[i].options, cases[i].want);
}

static void
test_merge_when_keys_are_unknown_then_named_once(void **state)
{
	const struct spec_module *m = spec_find("HeteroLR");
	cJSON *given = parse("{\"eps\":1,\"cv_param\":{\"evaluate_param\":{}},"
			     "\"allowed_metrics\":1}");
	cJSON *p = spec_defaults(m), *warnings = cJSON_CreateArray();
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(spec_merge(m, "l_0", given, -1, p, warnings, NULL), 0);
	assert_int_equal(spec_merge(m, "l_0", given, -1, p, warnings, NULL), 0);
	json_print(warnings, JSON_COMPACT, &out);
	assert_string_equal(out.ptr, "[\"l_0.eps\","
				     "\"l_0.cv_param.evaluate_param\","
				     "\"l_0.allowed_metrics\"]");
	assert_null(json_get(p, "eps"));
	buf_release(&out);
	cJSON_Delete(given);
	cJSON_Delete(p);
	cJSON_Delete(warnings);
}

static void
test_merge_when_per_party_then_takes_the_partys_element(void **state)
{
	const struct spec_module *m = spec_find("DataIO");
	cJSON *given = parse("{\"with_label\":[false,false],"
			     "\"output_format\":[\"sparse\",\"dense\"],"
			     "\"label_name\":[\"a\"]}");
	cJSON *bad = parse("{\"with_label\":false}");
	struct buf err = BUF_INIT;

	(void)state;
	for (int party = 0; party < 2; party++) {
		cJSON *p = spec_defaults(m);

		assert_int_equal(
		    spec_merge(m, "d_0", given, party, p, NULL, NULL), 0);
		assert_false(json_bool(p, "with_label", true));
		assert_string_equal(json_str(p, "output_format", ""),
		    party ? "dense" : "sparse");
		assert_string_equal(
		    json_str(p, "label_name", ""), party ? "y" : "a");
		assert_int_equal(spec_merge(m, "d_0", bad, party, p, NULL,
				     party ? NULL : &err),
		    ERR_INVALID);
		cJSON_Delete(p);
	}
	assert_string_equal(err.ptr,
	    "component 'd_0': parameter 'with_label' is false, expected a "
	    "list with one value per party, because it stands in "
	    "role_parameters");
	buf_release(&err);
	cJSON_Delete(given);
	cJSON_Delete(bad);
}

/* The shown object has exactly our keys, at every level. */
static void
expect_same_keys(const char *where, const cJSON *shown, const cJSON *ours)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, shown)
	{
		const cJSON *other = json_get(ours, it->string);

		if (!other)
			fail_msg("%s: we lack %s", where, it->string);
		if (cJSON_IsObject(it) && cJSON_IsObject(other))
			expect_same_keys(where, it, other);
	}
	cJSON_ArrayForEach(it, ours) if (!json_get(shown, it->string))
	    fail_msg("%s: only we have %s", where, it->string);
}

/* Merging what a server showed must give just that, without a warning. */
static void
check_golden(const char *file)
{
	struct buf err = BUF_INIT;
	cJSON *golden = NULL, *p, *warnings = cJSON_CreateArray();
	const cJSON *data, *shown;
	const struct spec_module *m;

	if (json_read_file(file, &golden, &err))
		fail_msg("%s", err.ptr);
	data = json_get(json_get(golden, "response"), "data");
	m = data ? spec_find(json_str(data, "module", "")) : NULL;
	if (m) {
		shown = json_get(data, m->param_class);
		p = spec_defaults(m);
		expect_same_keys(file, shown, p);
		assert_int_equal(
		    spec_merge(m, "c_0", shown, -1, p, warnings, &err), 0);
		if (!cJSON_Compare(p, shown, true))
			fail_msg("%s: the merge differs", file);
		if (spec_check(m, "c_0", p, &err))
			fail_msg("%s: %s", file, err.ptr);
		cJSON_Delete(p);
	}
	cJSON_Delete(golden);
	cJSON_Delete(warnings);
	buf_release(&err);
}

static void
test_defaults_when_beside_a_real_server_then_the_same_keys(void **state)
{
	glob_t found;

	(void)state;
	if (glob(SOURCE_DIR "/../shared/golden/modules/"
			    "component_parameters__*.json",
		0, NULL, &found))
		skip();
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_golden(found.gl_pathv[i]);
	globfree(&found);
}

static void
test_markdown_when_compared_with_docs_then_equal(void **state)
{
	struct buf want = BUF_INIT, have = BUF_INIT;

	(void)state;
	spec_print_markdown(&want);
	if (getenv("FATEFLOW_WRITE_DOCS"))
		path_write_file(
		    MODULES_MD, want.ptr, want.len, PATH_SCRATCH, NULL);
	path_read_file(MODULES_MD, 1 << 20, &have, NULL);
	if (strcmp(want.ptr, have.ptr))
		fail_msg("docs/modules.md is stale: run this test once with "
			 "FATEFLOW_WRITE_DOCS=1");
	buf_release(&want);
	buf_release(&have);
}

static void
test_secrets_when_hidden_then_wherever_they_stand(void **state)
{
	static const char conf[] =
	    "{\"algorithm_parameters\": {\"rsa_0\": {\"rsa_key_d\": 5, "
	    "\"rsa_key_n\": 7}}, \"role_parameters\": {\"host\": {"
	    "\"rsa_0\": {\"rsa_key_d\": [\"5\", null, [55]]}}}}";
	static const char want[] =
	    "{\"algorithm_parameters\": {\"rsa_0\": {\"rsa_key_d\": "
	    "\"(not shown)\", \"rsa_key_n\": 7}}, \"role_parameters\": {"
	    "\"host\": {\"rsa_0\": {\"rsa_key_d\": [\"(not shown)\", null, "
	    "[\"(not shown)\"]]}}}}";
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(spec_hide_text(conf, &out));
	assert_string_equal(out.ptr, want);
	buf_reset(&out);
	assert_false(spec_hide_text("{\"rsa_key_n\": 7}", &out));
	assert_int_equal(out.len, 0);
	assert_true(spec_hide_text("{\"rsa_key_d\": 5", &out));
	assert_string_equal(out.ptr, "{}");
	buf_release(&out);
}

static void
test_secret_when_illegal_then_the_fault_does_not_show_it(void **state)
{
	struct buf err = BUF_INIT;
	cJSON *given = parse("{\"rsa_key_d\": 1234}"),
	      *p = spec_defaults(spec_find("Rsa"));

	(void)state;
	assert_int_equal(
	    spec_merge(spec_find("Rsa"), "rsa_0", given, 0, p, NULL, &err),
	    ERR_INVALID);
	assert_non_null(
	    strstr(err.ptr, "'rsa_key_d' is (not shown), expected"));
	buf_reset(&err);
	spec_merge(spec_find("Rsa"), "rsa_0", given, -1, p, NULL, &err);
	spec_check(spec_find("Rsa"), "rsa_0", p, &err);
	assert_non_null(
	    strstr(err.ptr, "'rsa_key_d' is (not shown), expected"));
	assert_null(strstr(err.ptr, "1234"));
	cJSON_Delete(given);
	cJSON_Delete(p);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find_when_unknown_then_null),
	    cmocka_unit_test(
		test_defaults_when_made_then_every_module_accepts_its_own),
	    cmocka_unit_test(test_check_when_illegal_then_says_what_is_legal),
	    cmocka_unit_test(
		test_baseline_when_scikit_learn_refuses_then_so_with_its_reason),
	    cmocka_unit_test(test_merge_when_keys_are_unknown_then_named_once),
	    cmocka_unit_test(
		test_merge_when_per_party_then_takes_the_partys_element),
	    cmocka_unit_test(
		test_defaults_when_beside_a_real_server_then_the_same_keys),
	    cmocka_unit_test(test_markdown_when_compared_with_docs_then_equal),
	    cmocka_unit_test(test_secrets_when_hidden_then_wherever_they_stand),
	    cmocka_unit_test(
		test_secret_when_illegal_then_the_fault_does_not_show_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
