/*
 * Packing, unpacking and showing model messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/model/model.h"

#include "boosting_tree.pb-c.h"
#include "feature_binning.pb-c.h"
#include "lr_model.pb-c.h"
#include "nn_model.pb-c.h"

#define LR_DEFAULTS                                             \
	"{\"bestIteration\":0,\"header\":[],\"intercept\":0.0," \
	"\"isConverged\":false,\"iters\":0,\"lossHistory\":[]," \
	"\"needOneVsRest\":false,\"weight\":{}}"

static void
assert_json(const ProtobufCMessage *message, const char *expected)
{
	struct buf text = BUF_INIT;
	cJSON *json = model_to_json(message);

	json_print(json, JSON_REPLY, &text);
	assert_string_equal(text.ptr, expected);
	cJSON_Delete(json);
	buf_release(&text);
}

static void
test_message_when_known_then_found_and_else_null(void **state)
{
	static const char *const known[] = {"DataIOMeta", "DataIOParam",
	    "LRModelMeta", "LRModelParam", "LinRModelParam", "Pipeline",
	    "DefaultEmptyFillMessage", "BoostingTreeModelParam",
	    "HeteroNNParam", "NNModelMeta", "OneHotParam"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(known); i++) {
		assert_non_null(model_message(known[i]));
		assert_string_equal(
		    model_message(known[i])->short_name, known[i]);
	}
	assert_null(model_message("NoSuchMessage"));
	assert_null(model_message(""));
}

static void
test_pack_when_nothing_is_set_then_empty_fill(void **state)
{
	Model__LRModelParam param = MODEL__LRMODEL_PARAM__INIT;
	ProtobufCMessage *back = NULL;
	struct buf bytes = BUF_INIT;

	(void)state;
	model_pack(&param.base, &bytes);
	assert_int_equal(bytes.len, 5);
	assert_memory_equal(bytes.ptr, "\x0a\x03set", 5);
	assert_int_equal(model_unpack(param.base.descriptor, bytes.ptr,
			     bytes.len, &back, NULL),
	    ERR_OK);
	assert_json(back, LR_DEFAULTS);
	protobuf_c_message_free_unpacked(back, NULL);
	buf_release(&bytes);
}

/* LRModelMeta's field 1 is a string: the five bytes are still no penalty. */
static void
test_unpack_when_empty_fill_and_field_1_is_text_then_defaults(void **state)
{
	ProtobufCMessage *back = NULL;

	(void)state;
	assert_int_equal(model_unpack(model_message("LRModelMeta"),
			     "\x0a\x03set", 5, &back, NULL),
	    ERR_OK);
	assert_string_equal(((Model__LRModelMeta *)back)->penalty, "");
	protobuf_c_message_free_unpacked(back, NULL);
}

static void
test_round_trip_when_lr_is_full_then_same_json(void **state)
{
	Model__LRModelParam__WeightEntry e0 =
	    MODEL__LRMODEL_PARAM__WEIGHT_ENTRY__INIT;
	Model__LRModelParam__WeightEntry e1 =
	    MODEL__LRMODEL_PARAM__WEIGHT_ENTRY__INIT;
	Model__LRModelParam__WeightEntry *weight[] = {&e0, &e1};
	Model__LRModelParam param = MODEL__LRMODEL_PARAM__INIT;
	static char x0[] = "x0", x1[] = "x1";
	char *header[] = {x0, x1};
	double loss[] = {0.5, 5.0};
	ProtobufCMessage *back = NULL;
	struct buf bytes = BUF_INIT;

	(void)state;
	e0.key = x0;
	e0.value = -0.25;
	e1.key = x1; /* value 0 is not on the wire */
	param.weight = weight;
	param.n_weight = 2;
	param.header = header;
	param.n_header = 2;
	param.loss_history = loss;
	param.n_loss_history = 2;
	param.iters = 30;
	param.best_iteration = -1;
	param.is_converged = 1;
	model_pack(&param.base, &bytes);
	assert_int_equal(model_unpack(param.base.descriptor, bytes.ptr,
			     bytes.len, &back, NULL),
	    ERR_OK);
	assert_json(back, "{\"bestIteration\":-1,\"header\":[\"x0\",\"x1\"],"
			  "\"intercept\":0.0,\"isConverged\":true,\"iters\":30,"
			  "\"lossHistory\":[0.5,5.0],\"needOneVsRest\":false,"
			  "\"weight\":{\"x0\":-0.25,\"x1\":0.0}}");
	protobuf_c_message_free_unpacked(back, NULL);
	buf_release(&bytes);
}

static void
test_json_when_kinds_differ_then_rules_of_each(void **state)
{
	Model__NNModelParam nn = MODEL__NNMODEL_PARAM__INIT;
	uint8_t raw[] = {0, 1, 2, 255};

	(void)state;
	nn.saved_model_bytes.data = raw;
	nn.saved_model_bytes.len = 4;
	assert_json(&nn.base,
	    "{\"aggregateIter\":0,\"header\":[],\"isConverged\":false,"
	    "\"lossHistory\":[],\"savedModelBytes\":\"AAEC/w==\"}");
}

static void
test_json_when_int64_then_text_and_unset_message_left_out(void **state)
{
	Model__FeatureBinningMeta meta = MODEL__FEATURE_BINNING_META__INIT;
	Model__TransformMeta transform = MODEL__TRANSFORM_META__INIT;
	int64_t cols[] = {0, INT64_MIN};

	(void)state;
	meta.bin_num = 10;
	assert_json(&meta.base,
	    "{\"adjustmentFactor\":0.0,\"binNum\":\"10\",\"cols\":[],"
	    "\"compressThres\":\"0\",\"error\":0.0,\"headSize\":\"0\","
	    "\"localOnly\":false,\"method\":\"\",\"needRun\":false}");
	transform.transform_cols = cols;
	transform.n_transform_cols = 2;
	assert_json(&transform.base,
	    "{\"transformCols\":[\"0\",\"-9223372036854775808\"],"
	    "\"transformType\":\"\"}");
}

static void
test_json_when_names_end_in_underscore_then_dropped(void **state)
{
	Model__DecisionTreeModelParam__SplitMaskdictEntry entry =
	    MODEL__DECISION_TREE_MODEL_PARAM__SPLIT_MASKDICT_ENTRY__INIT;
	Model__DecisionTreeModelParam__SplitMaskdictEntry *entries[] = {&entry};
	Model__DecisionTreeModelParam tree =
	    MODEL__DECISION_TREE_MODEL_PARAM__INIT;

	(void)state;
	entry.key = 7;
	entry.value = 1.5;
	tree.split_maskdict = entries;
	tree.n_split_maskdict = 1;
	assert_json(&tree.base,
	    "{\"missingDirMaskdict\":{},\"splitMaskdict\":{\"7\":1.5},"
	    "\"tree\":[]}");
}

static void
test_json_when_map_value_is_absent_then_defaults(void **state)
{
	/* binning_result: {1: {key "x"}} with no value */
	static const char bytes[] = "\x0a\x03\x0a\x01x";
	ProtobufCMessage *back = NULL;
	cJSON *json;
	const cJSON *x;

	(void)state;
	assert_int_equal(
	    model_unpack(&model__feature_binning_result__descriptor, bytes, 5,
		&back, NULL),
	    ERR_OK);
	json = model_to_json(back);
	x = json_get(json_get(json, "binningResult"), "x");
	assert_string_equal(json_str(x, "binNums", ""), "0");
	cJSON_Delete(json);
	protobuf_c_message_free_unpacked(back, NULL);
}

static void
test_unpack_when_bytes_are_corrupt_then_invalid_and_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
	    {"\x0a\x7fset", 5},		 /* length beyond the end */
	    {"\xff\xff\xff\xff\xff", 5}, /* endless varint */
	    {"\x22\x02\x0a\x05", 4},	 /* entry cut short */
	    {"\x08", 1},		 /* a key without a value */
	};
	ProtobufCMessage *back = NULL;
	struct buf err = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_reset(&err);
		assert_int_equal(model_unpack(model_message("LRModelParam"),
				     cases[i].bytes, cases[i].len, &back, &err),
		    ERR_INVALID);
		assert_non_null(strstr(err.ptr, "LRModelParam"));
	}
	assert_null(back);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_message_when_known_then_found_and_else_null),
	    cmocka_unit_test(test_pack_when_nothing_is_set_then_empty_fill),
	    cmocka_unit_test(
		test_unpack_when_empty_fill_and_field_1_is_text_then_defaults),
	    cmocka_unit_test(test_round_trip_when_lr_is_full_then_same_json),
	    cmocka_unit_test(test_json_when_kinds_differ_then_rules_of_each),
	    cmocka_unit_test(
		test_json_when_int64_then_text_and_unset_message_left_out),
	    cmocka_unit_test(
		test_json_when_names_end_in_underscore_then_dropped),
	    cmocka_unit_test(test_json_when_map_value_is_absent_then_defaults),
	    cmocka_unit_test(
		test_unpack_when_bytes_are_corrupt_then_invalid_and_named),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
