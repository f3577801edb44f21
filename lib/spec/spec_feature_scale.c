/* FeatureScale: columns to a common range. */
#include "lib/spec/rows.h"

#include <string.h>

static const char *const methods[] = {"min_max_scale", "standard_scale", NULL};
static const char *const modes[] = {"normal", "cap", NULL};

static const char *
check_bound(const cJSON *v)
{
	if (cJSON_IsNumber(v) || spec_is_numbers(v))
		return NULL;
	return "a number, a list of numbers or nulls, one for each scaled "
	       "column, or null";
}

static bool
is_quantile(const cJSON *v)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, v) if (!is_quantile(it)) return false;
	return !cJSON_IsNumber(v) ||
	       (v->valuedouble >= 0 && v->valuedouble <= 1);
}

static const char *
check(const cJSON *p)
{
	const cJSON *upper = json_get(p, "feat_upper"),
		    *lower = json_get(p, "feat_lower");

	if (!strcmp(json_str(p, "mode", ""), "cap") &&
	    (!is_quantile(upper) || !is_quantile(lower)))
		return "feat_upper and feat_lower are quantiles from 0 to 1 "
		       "in mode cap";
	if (cJSON_IsNumber(upper) && cJSON_IsNumber(lower) &&
	    lower->valuedouble > upper->valuedouble)
		return "feat_lower is above feat_upper";
	return NULL;
}

static const struct spec_param params[] = {
    {.name = "method",
	.type = SPEC_STRING,
	.flags = SPEC_NULLABLE,
	.fallback = "\"min_max_scale\"",
	.choices = methods,
	.meaning = "To [0, 1], or to mean 0 and standard deviation 1; null "
		   "passes the input on unchanged."},
    {.name = "mode",
	.type = SPEC_STRING,
	.fallback = "\"normal\"",
	.choices = modes,
	.meaning = "What feat_upper and feat_lower are: values, or (cap) "
		   "quantiles of the column."},
    {.name = "feat_upper",
	.type = SPEC_ANY,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.check = check_bound,
	.meaning = "Larger values become this one."},
    {.name = "feat_lower",
	.type = SPEC_ANY,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.check = check_bound,
	.meaning = "Smaller values become this one."},
    {.name = "scale_col_indexes",
	.type = SPEC_ANY,
	.flags = SPEC_NULLABLE,
	.fallback = "-1",
	.check = spec_check_columns,
	.meaning = "Positions of the columns to be scaled; -1: all."},
    SPEC_NAMES_ROW(
	"scale_names", "[]", "Names of columns to be scaled beside those."),
    {.name = "with_mean",
	.type = SPEC_BOOL,
	.fallback = "true",
	.meaning = "Whether standard_scale subtracts the mean."},
    {.name = "with_std",
	.type = SPEC_BOOL,
	.fallback = "true",
	.meaning = "Whether standard_scale divides by the deviation."},
    SPEC_NEED_RUN_ROW,
};

const struct spec_module spec_feature_scale = {
    .name = "FeatureScale",
    .param_class = "ScaleParam",
    .code_path = "federatedml/feature/scale.py/Scale",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = check,
};
