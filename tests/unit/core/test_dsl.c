/* The DSL: each fault's text, inputs, aliases, the order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/core/dsl.h"

static cJSON *
parse(const char *text)
{
	cJSON *v = NULL;

	assert_int_equal(json_parse(text, strlen(text), "test", &v, NULL), 0);
	return v;
}

static struct dsl
parse_dsl(const char *text, enum dsl_mode mode)
{
	struct buf err = BUF_INIT;
	struct dsl d;
	cJSON *v = parse(text);

	if (dsl_parse(v, mode, &d, &err))
		fail_msg("%s: %s", text, err.ptr);
	cJSON_Delete(v);
	return d;
}

#define FORM                                                               \
	"component's name should be format of name_index, index is start " \
	"from 0 and be consecutive for same module"
#define D(inputs) "{\"module\":\"DataIO\",\"input\":" inputs "}"

static void
test_parse_when_at_fault_then_says_it_as_the_contract_does(void **state)
{
	static const struct {
		const char *dsl, *want;
	} cases[] = {
	    {"{}", "there are no dsl, please check if the role and party id "
		   "are correct"},
	    {"null", "there are no dsl, please check if the role and party id "
		     "are correct"},
	    {"{\"a\":1}",
		"there are no components in dsl, please have a check!"},
	    {"{\"components\":{}}",
		"there are no components in dsl, please have a check!"},
	    {"{\"components\":{\"a_0\":{}}}",
		"component 'a_0': 'module' is required, a text"},
	    {"{\"components\":{\"a_0\":{\"module\":\"DataIO\","
	     "\"output\":[]}}}",
		"component 'a_0': output must be an object"},
	    {"{\"components\":{\"a\":{\"module\":\"DataIO\"}}}", FORM},
	    {"{\"components\":{\"a_x\":{\"module\":\"DataIO\"}}}",
		"index of component's name should be integer start from 0"},
	    {"{\"components\":{\"a_0\":{\"module\":\"DataIO\"},"
	     "\"a_1\":{\"module\":\"HeteroLR\"}}}",
		"component's name should be format of name_index, index is "
		"start from 0 and same modules should have the same name"},
	    {"{\"components\":{\"a_1\":{\"module\":\"DataIO\"}}}", FORM},
	    {"{\"components\":{\"a_0\":{\"module\":\"DataIO\"},"
	     "\"a_00\":{\"module\":\"DataIO\"}}}",
		FORM},
	    {"{\"components\":{\"a_0\":" D("{\"model\":[\"b_0.m\"]}") "}}",
		"unknown module input b_0.m"},
	    {"{\"components\":{\"a_0\":" D(
		 "{\"data\":{\"data\":[\"b_0.m\"]}}") "}}",
		"unknown module input b_0"},
	    {"{\"components\":{\"a_0\":" D(
		 "{\"data\":{\"data\":[\"a_0.m\"]}}") "}}",
		"component dependencies form loop, please check"},
	    {"{\"components\":{\"a_0\":" D("{\"data\":{\"data\":\"a\"}}") "}}",
		"component 'a_0': input 'data' must be a list of texts"},
	    {"{\"components\":{\"a_0\":" D(
		 "{\"data\":{\"data\":[\"a_0\"]}}") "}}",
		"component 'a_0': the input \"a_0\" must be "
		"<component>.<output> or args.<key>"},
	    {"{\"components\":{\"../x_0\":{\"module\":\"DataIO\"}}}",
		"component's name must be at most 128 bytes without '/' and "
		"control characters, not '../x_0'"},
	    {"{\"components\":{\"a_0\":{\"module\":\"DataIO\",\"input\":{},"
	     "\"output\":{\"model\":[\"../m\"]}}}}",
		"component 'a_0': output.model must be a list of names of at "
		"most 128 bytes without '/'"},
	    {"{\"components\":{\"a_0\":{\"module\":\"Pipeline\"}}}",
		"find module Pipeline"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf err = BUF_INIT;
		struct dsl d;
		cJSON *v = parse(cases[i].dsl);

		assert_int_equal(
		    dsl_parse(v, DSL_TRAIN, &d, &err), ERR_INVALID);
		assert_string_equal(err.ptr, cases[i].want);
		dsl_release(&d);
		cJSON_Delete(v);
		buf_release(&err);
	}
}

static void
test_parse_when_a_module_is_not_offered_then_all_others_are_named(void **state)
{
	struct buf err = BUF_INIT, want = BUF_INIT;
	cJSON *v =
	    parse("{\"components\":{\"a_0\":{\"module\":\"HeteroFM\"}}}");
	const struct spec_module *const *all;
	struct dsl d;
	size_t n;

	(void)state;
	buf_adds(&want, "module 'HeteroFM' of component 'a_0' is not offered; "
			"offered are: ");
	all = spec_all(&n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&want, "%s%s", i ? ", " : "", all[i]->name);
	assert_int_equal(dsl_parse(v, DSL_TRAIN, &d, &err), ERR_INVALID);
	assert_string_equal(err.ptr, want.ptr);
	dsl_release(&d);
	cJSON_Delete(v);
	buf_release(&err);
	buf_release(&want);
}

#define ROOTS	  "{\"components\":{\"a_0\":" D("{}") ",\"a_1\":" D("{}")
#define FROM_BOTH "{\"data\":{\"data\":[\"a_0.x\",\"a_1.x\",\"a_0.y\"]}}"
#define FROM_0	  "{\"data\":{\"data\":[\"a_0.x\"]}}"
#define FORK                                               \
	"{\"components\":{\"a_0\":" D("{}") ",\"a_1\":" D( \
	    FROM_0) ",\"a_2\":" D(FROM_0)
#define FROM_FORK "{\"data\":{\"data\":[\"a_1.x\"]},\"model\":[\"a_2.m\"]}"

static void
test_parse_when_two_roots_then_listed_last_in_first_out(void **state)
{
	static const struct {
		const char *dsl;
		int order[4];
		size_t n;
	} cases[] = {
	    {ROOTS ",\"a_2\":" D(FROM_BOTH) "}}", {1, 0, 2}, 3},
	    {FORK ",\"a_3\":" D(FROM_FORK) "}}", {0, 2, 1, 3}, 4},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct dsl d = parse_dsl(cases[i].dsl, DSL_TRAIN);

		assert_int_equal(d.n_components, cases[i].n);
		assert_memory_equal(
		    d.order, cases[i].order, d.n_components * sizeof(int));
		assert_int_equal(
		    d.components[d.n_components - 1].n_upstream, 2);
		dsl_release(&d);
	}
}

static void
test_parse_when_inputs_given_then_read_in_order(void **state)
{
	struct dsl d = parse_dsl(
	    "{\"components\":{\"a_0\":{\"module\":\"DataIO\",\"input\":"
	    "{\"data\":{\"data\":[\"args.train_data\"]}},\"output\":"
	    "{\"data\":[\"t\"],\"model\":[\"m\"]}},"
	    "\"a_1\":{\"module\":\"DataIO\",\"input\":{\"isometric_model\":"
	    "[\"a_0.m\"],\"data\":{\"eval_data\":[\"a_0.t\"],\"odd\":"
	    "[\"a_0.t\"]}},\"need_deploy\":false},"
	    "\"e_0\":{\"module\":\"Evaluation\",\"output\":{\"data\":[\"x\"]}}"
	    "}}",
	    DSL_TRAIN);
	const struct dsl_component *a = &d.components[0];
	const struct dsl_component *b = &d.components[1];

	(void)state;
	assert_int_equal(a->inputs[0].source, DSL_ARGS);
	assert_null(a->inputs[0].component);
	assert_string_equal(a->inputs[0].alias, "train_data");
	assert_string_equal(a->data_alias, "t");
	assert_string_equal(a->model_alias, "m");
	assert_true(a->need_deploy);
	assert_int_equal(b->n_inputs, 3);
	assert_int_equal(b->inputs[0].port, DSL_PORT_ISOMETRIC);
	assert_string_equal(b->inputs[0].component, "a_0");
	assert_int_equal(b->inputs[0].upstream, 0);
	assert_int_equal(b->inputs[1].port, DSL_PORT_EVAL);
	assert_int_equal(b->inputs[2].port, DSL_PORT_DATA);
	assert_string_equal(b->inputs[2].key, "odd");
	assert_int_equal(b->n_upstream, 1);
	assert_string_equal(b->data_alias, "component");
	assert_string_equal(b->model_alias, "default");
	assert_false(b->need_deploy);
	assert_string_equal(d.components[2].data_alias, "component");
	assert_false(d.components[2].need_deploy);
	assert_int_equal(dsl_find(&d, "e_0"), 2);
	assert_int_equal(dsl_find(&d, "e_1"), -1);
	dsl_release(&d);
}

static void
test_parse_when_predicting_then_models_come_from_the_pipeline(void **state)
{
	struct dsl d = parse_dsl(
	    "{\"components\":{\"dataio\":{\"module\":\"DataIO\",\"input\":"
	    "{\"data\":{\"data\":[\"args.eval_data\"]},\"model\":"
	    "[\"pipeline.dataio.m\"]}}}}",
	    DSL_PREDICT);
	const struct dsl_input *in = &d.components[0].inputs[1];

	(void)state;
	assert_int_equal(in->source, DSL_PIPELINE);
	assert_string_equal(in->component, "dataio");
	assert_string_equal(in->alias, "m");
	assert_int_equal(d.components[0].n_upstream, 0);
	dsl_release(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_parse_when_at_fault_then_says_it_as_the_contract_does),
	    cmocka_unit_test(
		test_parse_when_a_module_is_not_offered_then_all_others_are_named),
	    cmocka_unit_test(
		test_parse_when_two_roots_then_listed_last_in_first_out),
	    cmocka_unit_test(test_parse_when_inputs_given_then_read_in_order),
	    cmocka_unit_test(
		test_parse_when_predicting_then_models_come_from_the_pipeline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
