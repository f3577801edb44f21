/*
 * The definitions against models that a FATE site showed, where those are
 * beside the repository: every name is there, with the right JSON type, and
 * nothing is shown that FATE does not show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/model/model.h"

#define FOLDER SOURCE_DIR "/../shared/golden/modules/component_output_model__"
#define LR     "hetero_logistic_regression.lr.json"
#define FE     "hetero_logistic_regression.lr_feature_engineering.json"

static const struct {
	const char *file;
	const char *param;
	const char *meta;
} cases[] = {
    {"DataIO__guest__" LR, "DataIOParam", "DataIOMeta"},
    {"HeteroLR__guest__" LR, "LRModelParam", "LRModelMeta"},
    {"HeteroLR__arbiter__" LR, "LRModelParam", "LRModelMeta"},
    {"FeatureScale__guest__" FE, "ScaleParam", "ScaleMeta"},
    {"OneHotEncoder__guest__" FE, "OneHotParam", "OneHotMeta"},
    {"HeteroFeatureBinning__guest__" FE, "FeatureBinningParam",
	"FeatureBinningMeta"},
    {"HeteroFeatureSelection__guest__" FE, "FeatureSelectionParam",
	"FeatureSelectionMeta"},
};

static void
check_message(const ProtobufCMessageDescriptor *type, const cJSON *json);

static void
name_of(const char *field, char out[64])
{
	size_t n = 0;

	for (; *field != '\0' && n < 63; field++) {
		if (*field == '_' && field[1] != '\0')
			out[n++] = (char)toupper((unsigned char)*++field);
		else if (*field != '_')
			out[n++] = *field;
	}
	out[n] = '\0';
}

static bool
is_map(const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;

	return field->type == PROTOBUF_C_TYPE_MESSAGE &&
	       field->label == PROTOBUF_C_LABEL_REPEATED &&
	       strstr(type->short_name, "Entry") != NULL;
}

static void
check_value(const ProtobufCFieldDescriptor *field, const cJSON *json)
{
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		check_message(field->descriptor, json);
	else if (field->type == PROTOBUF_C_TYPE_BOOL)
		assert_true(cJSON_IsBool(json));
	else if (field->type == PROTOBUF_C_TYPE_DOUBLE ||
		 field->type == PROTOBUF_C_TYPE_INT32)
		assert_true(cJSON_IsNumber(json));
	else /* text, bytes, 64-bit integers */
		assert_true(cJSON_IsString(json));
}

static void
check_field(const ProtobufCFieldDescriptor *field, const cJSON *json)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	const cJSON *item;

	if (field->label != PROTOBUF_C_LABEL_REPEATED) {
		check_value(field, json);
		return;
	}
	assert_true(is_map(field) ? cJSON_IsObject(json) : cJSON_IsArray(json));
	cJSON_ArrayForEach(item, json)
	    check_value(is_map(field) ? &type->fields[1] : field, item);
}

static void
check_message(const ProtobufCMessageDescriptor *type, const cJSON *json)
{
	const cJSON *value;
	char name[64];
	unsigned i;
	int known = 0;

	assert_true(cJSON_IsObject(json));
	for (i = 0; i < type->n_fields; i++) {
		name_of(type->fields[i].name, name);
		value = json_get(json, name);
		if (value == NULL) {
			/* only an unset message may be absent */
			assert_int_equal(
			    type->fields[i].type, PROTOBUF_C_TYPE_MESSAGE);
			assert_int_not_equal(
			    type->fields[i].label, PROTOBUF_C_LABEL_REPEATED);
			continue;
		}
		known++;
		check_field(&type->fields[i], value);
	}
	assert_int_equal(known, cJSON_GetArraySize(json));
}

static void
test_definitions_when_golden_is_here_then_they_cover_it(void **state)
{
	struct buf path = BUF_INIT;
	const cJSON *response;
	cJSON *golden;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		path_set(&path, "%s%s", FOLDER, cases[i].file);
		if (!path_exists(path.ptr)) {
			buf_release(&path);
			skip();
		}
		print_message("%s\n", cases[i].file);
		golden = NULL;
		assert_int_equal(
		    json_read_file(path.ptr, &golden, NULL), ERR_OK);
		response = json_get(golden, "response");
		check_message(
		    model_message(cases[i].param), json_get(response, "data"));
		check_message(model_message(cases[i].meta),
		    json_get(json_get(response, "meta"), "meta_data"));
		cJSON_Delete(golden);
	}
	buf_release(&path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_definitions_when_golden_is_here_then_they_cover_it),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
