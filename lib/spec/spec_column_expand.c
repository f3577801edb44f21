/* ColumnExpand: columns of one value each, appended to uploaded rows. */
#include "lib/spec/rows.h"

static const char *const methods[] = {"manual", NULL};

static const char *
check_fill(const cJSON *v)
{
	static const char legal[] =
	    "a number, a text, or a list of them, one for each new column";

	if (cJSON_IsArray(v) && v->child)
		return spec_check_texts(v) ? legal : NULL;
	return spec_check_text_or_number(v) ? legal : NULL;
}

static const char *
check(const cJSON *p)
{
	const cJSON *fill = json_get(p, "fill_value");
	int n_names = cJSON_GetArraySize(json_get(p, "append_header"));

	if (cJSON_IsArray(fill) && cJSON_GetArraySize(fill) != 1 &&
	    cJSON_GetArraySize(fill) != n_names)
		return "fill_value must be one value, or a list with one for "
		       "each column of append_header";
	return NULL;
}

static const struct spec_param params[] = {
    {.name = "append_header",
	.type = SPEC_LIST,
	.flags = SPEC_NULLABLE,
	.fallback = "[]",
	.check = spec_check_names,
	.meaning = "Names of the new columns; none leaves the data as it "
		   "is."},
    {.name = "method",
	.type = SPEC_STRING,
	.fallback = "\"manual\"",
	.choices = methods,
	.meaning = "Where the values come from: fill_value."},
    {.name = "fill_value",
	.type = SPEC_ANY,
	.fallback = "1e-06",
	.check = check_fill,
	.meaning = "The value of the new columns, or a list of theirs."},
    SPEC_NEED_RUN_ROW,
};

const struct spec_module spec_column_expand = {
    .name = "ColumnExpand",
    .param_class = "ColumnExpandParam",
    .code_path = "federatedml/feature/column_expand.py/ColumnExpand",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = check,
};
