/* DataIO: raw tables in, instances out. */
#include "lib/spec/rows.h"

static const char *const input_formats[] = {"dense", "sparse", "tag", NULL};
static const char *const output_formats[] = {"dense", "sparse", NULL};
static const char *const data_types[] = {
    "float", "float64", "int", "int64", "str", "long", NULL};
static const char *const fill_methods[] = {
    "min", "max", "mean", "designated", NULL};

static const char *
check_type_map(const cJSON *v)
{
	static const char legal[] = "an object of column names and types "
				    "(float, float64, int, int64, str, long), "
				    "or null";
	const cJSON *it;

	if (!cJSON_IsObject(v))
		return legal;
	cJSON_ArrayForEach(
	    it, v) if (!spec_is_word(it, data_types)) return legal;
	return NULL;
}

static const struct spec_param params[] = {
    {.name = "input_format",
	.type = SPEC_STRING,
	.fallback = "\"dense\"",
	.choices = input_formats,
	.meaning = "How a row is written: values in the header's order, "
		   "label and index:value pairs, or tags."},
    {.name = "delimitor",
	.type = SPEC_STRING,
	.fallback = "\",\"",
	.check = spec_check_not_empty,
	.meaning = "What stands between two values of a row."},
    {.name = "data_type",
	.type = SPEC_STRING,
	.fallback = "\"float64\"",
	.choices = data_types,
	.meaning = "The type of the features."},
    {.name = "exclusive_data_type",
	.type = SPEC_OBJECT,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.check = check_type_map,
	.meaning = "Types of single columns, by name (dense input)."},
    {.name = "tag_with_value",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Whether tags carry values (tag input)."},
    {.name = "tag_value_delimitor",
	.type = SPEC_STRING,
	.fallback = "\":\"",
	.check = spec_check_not_empty,
	.meaning = "What stands between a tag and its value."},
    {.name = "missing_fill",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Whether missing values are filled."},
    {.name = "missing_fill_method",
	.type = SPEC_STRING,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.choices = fill_methods,
	.meaning = "What they are filled with: a statistic of the column, "
		   "or default_value; null fills with 0."},
    {.name = "missing_impute",
	.type = SPEC_LIST,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.check = spec_check_texts,
	.meaning = "The texts that count as missing; null: empty, none, "
		   "null, na."},
    {.name = "default_value",
	.type = SPEC_ANY,
	.fallback = "0",
	.check = spec_check_text_or_number,
	.meaning = "The value of the fill method designated."},
    {.name = "outlier_replace",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Whether outliers are replaced."},
    {.name = "outlier_replace_method",
	.type = SPEC_STRING,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.choices = fill_methods,
	.meaning = "What they are replaced with, as missing_fill_method."},
    {.name = "outlier_impute",
	.type = SPEC_LIST,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.check = spec_check_texts,
	.meaning = "The texts that count as outliers."},
    {.name = "outlier_replace_value",
	.type = SPEC_ANY,
	.fallback = "0",
	.check = spec_check_text_or_number,
	.meaning = "The value of the replace method designated."},
    {.name = "with_label",
	.type = SPEC_BOOL,
	.fallback = "true",
	.meaning = "Whether the rows carry a label."},
    {.name = "label_name",
	.type = SPEC_STRING,
	.fallback = "\"y\"",
	.check = spec_check_not_empty,
	.meaning = "The label's column (dense input)."},
    {.name = "label_type",
	.type = SPEC_STRING,
	.fallback = "\"int\"",
	.choices = data_types,
	.meaning = "The type of the label."},
    {.name = "output_format",
	.type = SPEC_STRING,
	.fallback = "\"dense\"",
	.choices = output_formats,
	.meaning = "Dense instances, or sparse ones without values below "
		   "1e-6."},
};

const struct spec_module spec_dataio = {
    .name = "DataIO",
    .param_class = "DataIOParam",
    .code_path = "federatedml/util/data_io.py/DataIO",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
};
