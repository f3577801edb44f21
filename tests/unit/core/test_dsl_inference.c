/* The DSL of a prediction, out of a training's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/core/dsl.h"

#define DATAIO                                                               \
	"\"dataio_0\":{\"module\":\"DataIO\",\"input\":{\"data\":{\"data\":" \
	"[\"args.train_data\"]}},\"output\":{\"data\":[\"t\"],\"model\":"    \
	"[\"m\"]},\"need_deploy\":true}"
#define INTERSECTION(from, deploy)                                           \
	"\"intersection_0\":{\"module\":\"Intersection\",\"input\":"         \
	"{\"data\":{\"data\":[\"" from "\"]}},\"output\":{\"data\":[\"i\"]}" \
	",\"need_deploy\":" deploy "}"
#define LR(inputs)                                               \
	"\"hetero_lr_0\":{\"module\":\"HeteroLR\",\"input\":{"   \
	"\"isometric_model\":[\"dataio_0.m\"],\"data\":{" inputs \
	"}},\"output\":{\"data\":[\"t\"],\"model\":[\"m\"]}}"
#define EVALUATION                                                        \
	"\"evaluation_0\":{\"module\":\"Evaluation\",\"input\":"          \
	"{\"data\":{\"data\":[\"hetero_lr_0.t\"]}},\"output\":{\"data\":" \
	"[\"e\"]}}"
#define DSL(...) "{\"components\":{" __VA_ARGS__ "}}"

#define PATH_DATAIO "federatedml/util/data_io.py/DataIO"
#define PATH_LR                                         \
	"federatedml/linear_model/logistic_regression/" \
	"hetero_logistic_regression/hetero_lr_"
#define PATH_INTERSECT "federatedml/statistic/intersect/intersect_model.py/"

/* What is printed, with FATE's spaces. */
#define OUT_DATAIO(path)                                                 \
	"\"dataio_0\": {\"module\": \"DataIO\", \"input\": {\"model\": " \
	"[\"pipeline.dataio_0.m\"], \"data\": {\"data\": "               \
	"[\"args.eval_data\"]}}, \"output\": {\"data\": [\"t\"]}" path "}"
#define OUT_INTERSECTION(path)                                           \
	"\"intersection_0\": {\"module\": \"Intersection\", \"input\": " \
	"{\"data\": {\"data\": [\"dataio_0.t\"]}}, \"output\": "         \
	"{\"data\": [\"i\"]}" path "}"
#define OUT_LR(from, path)                                        \
	"\"hetero_lr_0\": {\"module\": \"HeteroLR\", \"input\": " \
	"{\"model\": [\"pipeline.hetero_lr_0.m\"], \"data\": "    \
	"{\"eval_data\": [\"" from                                \
	"\"]}}, \"output\": {\"data\": [\"t\"]}" path "}"
#define OUT(...)       "{\"components\": {" __VA_ARGS__ "}}"
#define CODE(path)     ", \"CodePath\": \"" path "\""
#define GUEST_DATAIO   OUT_DATAIO(CODE(PATH_DATAIO))
#define GUEST_LR(from) OUT_LR(from, CODE(PATH_LR "guest.py/HeteroLRGuest"))

static enum err
infer(const char *text, const char *role, struct buf *out, struct buf *err)
{
	cJSON *v = NULL, *inference = NULL;
	struct dsl d;
	enum err rc;

	assert_int_equal(json_parse(text, strlen(text), "test", &v, NULL), 0);
	if (dsl_parse(v, DSL_TRAIN, &d, err))
		fail_msg("%s: %s", text, err->ptr);
	rc = dsl_inference(&d, role, &inference, err);
	if (!rc)
		json_print(inference, JSON_STORE, out);
	cJSON_Delete(inference);
	dsl_release(&d);
	cJSON_Delete(v);
	return rc;
}

static void
test_inference_when_derived_then_as_the_contract_says(void **state)
{
	static const struct {
		const char *dsl, *role, *want;
	} cases[] = {
	    /* the contract's example, at each role */
	    {DSL(DATAIO "," INTERSECTION("dataio_0.t", "true") "," LR(
		 "\"train_data\":[\"intersection_0.i\"],\"eval_data\":"
		 "[\"intersection_0.i\"]") "," EVALUATION),
		"guest",
		OUT(GUEST_DATAIO ", " OUT_INTERSECTION(CODE(PATH_INTERSECT
		    "IntersectGuest")) ", " GUEST_LR("intersection_0.i"))},
	    {DSL(DATAIO "," INTERSECTION("dataio_0.t", "true") "," LR(
		 "\"train_data\":[\"intersection_0.i\"]") "," EVALUATION),
		"host",
		OUT(GUEST_DATAIO ", " OUT_INTERSECTION(CODE(PATH_INTERSECT
		    "IntersectHost")) ", " OUT_LR("intersection_0.i",
		    CODE(PATH_LR "host.py/HeteroLRHost")))},
	    {DSL(DATAIO "," INTERSECTION("dataio_0.t", "true") "," LR(
		 "\"eval_data\":[\"intersection_0.i\",\"dataio_0.t\"]")),
		"arbiter",
		OUT(OUT_DATAIO("") ", " OUT_INTERSECTION("") ", " OUT_LR(
		    "intersection_0.i",
		    CODE(PATH_LR "arbiter.py/HeteroLRArbiter")))},
	    /* not deployed: what it reads stands for it, along the chain */
	    {DSL(DATAIO "," INTERSECTION("dataio_0.t", "false") "," LR(
		 "\"train_data\":[\"intersection_0.i\"]")),
		"guest", OUT(GUEST_DATAIO ", " GUEST_LR("dataio_0.t"))},
	    {DSL("\"i_0\":{\"module\":\"Intersection\",\"input\":{\"data\":"
		 "{\"data\":[\"args.train_data\"]}},\"output\":{\"data\":"
		 "[\"t\"]},\"need_deploy\":false},\"i_1\":{\"module\":"
		 "\"Intersection\",\"input\":{\"data\":{\"odd\":[\"args.x\"],"
		 "\"eval_data\":[\"i_0.t\"],\"data\":[\"args.x\"]}},"
		 "\"output\":{\"data\":[\"t\"]},\"need_deploy\":false},"
		 "\"d_0\":{\"module\":\"DataIO\",\"input\":{\"data\":{\"data\":"
		 "[\"i_1.t\",\"i_0.t\"]}}}"),
		"guest",
		OUT("\"d_0\": {\"module\": \"DataIO\", \"input\": {\"data\": "
		    "{\"data\": [\"args.eval_data\", "
		    "\"args.eval_data\"]}}" CODE(PATH_DATAIO) "}")},
	    /* args of any word; data before train_data; other words dropped */
	    {DSL("\"d_0\":{\"module\":\"DataIO\",\"input\":{\"data\":"
		 "{\"eval_data\":[\"args.my_table\"],\"odd\":[\"args.y\"]}}}"),
		"guest",
		OUT("\"d_0\": {\"module\": \"DataIO\", \"input\": {\"data\": "
		    "{\"eval_data\": [\"args.eval_data\"]}}" CODE(
			PATH_DATAIO) "}")},
	    {DSL("\"d_0\":{\"module\":\"DataIO\",\"input\":{\"data\":"
		 "{\"train_data\":[\"args.a\"],\"data\":[\"args.b\"]}},"
		 "\"output\":{\"model\":[\"m\",\"n\"]}}"),
		"guest",
		OUT("\"d_0\": {\"module\": \"DataIO\", \"input\": {\"model\": "
		    "[\"pipeline.d_0.m\", \"pipeline.d_0.n\"], \"data\": "
		    "{\"data\": [\"args.eval_data\"]}}" CODE(PATH_DATAIO) "}")},
	    /* without input: its model is under the default alias */
	    {DSL("\"d_0\":{\"module\":\"DataIO\",\"output\":{\"data\":[\"t\"],"
		 "\"model\":[\"m\"]}}"),
		"guest",
		OUT("\"d_0\": {\"module\": \"DataIO\", \"input\": {\"model\": "
		    "[\"pipeline.d_0.default\"]}, \"output\": {\"data\": "
		    "[\"t\"]}" CODE(PATH_DATAIO) "}")},
	    /* nothing deployed, nothing there */
	    {DSL("\"d_0\":{\"module\":\"DataIO\",\"need_deploy\":false}"),
		"guest", OUT("")},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT, err = BUF_INIT;

		if (infer(cases[i].dsl, cases[i].role, &out, &err))
			fail_msg("%s: %s", cases[i].dsl, err.ptr);
		assert_string_equal(out.ptr, cases[i].want);
		buf_release(&out);
		buf_release(&err);
	}
}

static void
test_inference_when_components_are_listed_then_in_topological_order(
    void **state)
{
	struct buf out = BUF_INIT, err = BUF_INIT;

	(void)state;
	assert_int_equal(
	    infer(DSL(LR("\"train_data\":[\"dataio_0.t\"]") "," DATAIO),
		"guest", &out, &err),
	    ERR_OK);
	assert_string_equal(
	    out.ptr, OUT(GUEST_DATAIO ", " GUEST_LR("dataio_0.t")));
	buf_release(&out);
	buf_release(&err);
}

#define NO_INPUT \
	"\"d_0\":{\"module\":\"DataIO\",\"need_deploy\":false,\"output\":"

static void
test_inference_when_nothing_can_be_passed_on_then_invalid(void **state)
{
	static const struct {
		const char *dsl, *want;
	} cases[] = {
	    {DSL(NO_INPUT "{\"data\":[\"t\"]}}"),
		"component 'd_0' is not deployed and has output data, but no "
		"input data (data, train_data or eval_data) to pass on in a "
		"prediction; set its need_deploy to true"},
	    {DSL(NO_INPUT "{\"data\":[\"t\"]},\"input\":{\"data\":{\"odd\":"
			  "[\"args.x\"]}}}"),
		"component 'd_0' is not deployed and has output data, but no "
		"input data (data, train_data or eval_data) to pass on in a "
		"prediction; set its need_deploy to true"},
	    {DSL(NO_INPUT "{}},\"e_0\":{\"module\":\"Intersection\",\"input\":"
			  "{\"data\":{\"data\":[\"d_0.component\"]}}}"),
		"component 'e_0' reads d_0.component, but d_0 is not deployed "
		"and has no input data to pass on in a prediction"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT, err = BUF_INIT;

		assert_int_equal(
		    infer(cases[i].dsl, "guest", &out, &err), ERR_INVALID);
		assert_string_equal(err.ptr, cases[i].want);
		buf_release(&out);
		buf_release(&err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_inference_when_derived_then_as_the_contract_says),
	    cmocka_unit_test(
		test_inference_when_components_are_listed_then_in_topological_order),
	    cmocka_unit_test(
		test_inference_when_nothing_can_be_passed_on_then_invalid),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
