/* HeteroFeatureSelection: which columns are worth keeping. */
#include "lib/spec/rows.h"

static const char *const filters[] = {"unique_value", "iv_value_thres",
    "iv_percentile", "iv_top_k", "coefficient_of_variation_value_thres",
    "outlier_cols", "manually", "percentage_value", NULL};

static const char *
check_filters(const cJSON *v)
{
	static const char legal[] =
	    "a list of unique_value, iv_value_thres, iv_percentile, iv_top_k, "
	    "coefficient_of_variation_value_thres, outlier_cols, manually, "
	    "percentage_value";

	return spec_are_words(v, filters) ? NULL : legal;
}

static const char *
check_thresholds(const cJSON *v)
{
	if (spec_is_numbers(v))
		return NULL;
	return "a list of numbers or nulls, one for each host, or null";
}

static const char *
check_indexes(const cJSON *v)
{
	return cJSON_IsArray(v) && !spec_check_columns(v)
		   ? NULL
		   : "a list of integers >= 0, or null";
}

static const char *
check(const cJSON *p)
{
	const cJSON *m = json_get(p, "manually_param");

	if ((cJSON_GetArraySize(json_get(m, "left_col_indexes")) ||
		cJSON_GetArraySize(json_get(m, "left_col_names"))) &&
	    (cJSON_GetArraySize(json_get(m, "filter_out_indexes")) ||
		cJSON_GetArraySize(json_get(m, "filter_out_names"))))
		return "manually_param names columns to keep and columns to "
		       "drop; give one of both";
	return NULL;
}

#define INDEXES_ROW(path, text)                                             \
	{                                                                   \
		.name = path, .type = SPEC_LIST, .flags = SPEC_NULLABLE,    \
		.fallback = "null", .check = check_indexes, .meaning = text \
	}
#define LOCAL_ROW(path)                                                 \
	{                                                               \
		.name = path, .type = SPEC_BOOL, .fallback = "false",   \
		.meaning = "Whether the hosts keep all that they have." \
	}

static const struct spec_param params[] = {
    {.name = "select_col_indexes",
	.type = SPEC_ANY,
	.flags = SPEC_NULLABLE,
	.fallback = "-1",
	.check = spec_check_columns,
	.meaning = "Positions of the columns that are judged; -1: all. The "
		   "others stay."},
    SPEC_NAMES_ROW("select_names", "[]", "Names of columns beside those."),
    {.name = "filter_methods",
	.type = SPEC_LIST,
	.fallback = "[\"unique_value\"]",
	.check = check_filters,
	.meaning = "The filters, in their order; those of iv need an "
		   "isometric_model of HeteroFeatureBinning."},
    {.name = "unique_param.eps",
	.type = SPEC_NUMBER,
	.fallback = "1e-05",
	.meaning = "unique_value keeps columns whose range is not below it."},
    {.name = "iv_value_param.value_threshold",
	.type = SPEC_NUMBER,
	.fallback = "0.0",
	.meaning = "iv_value_thres keeps columns with a higher iv."},
    {.name = "iv_value_param.host_thresholds",
	.type = SPEC_LIST,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.check = check_thresholds,
	.meaning = "The same for each host; null: value_threshold."},
    LOCAL_ROW("iv_value_param.local_only"),
    {.name = "iv_percentile_param.percentile_threshold",
	.type = SPEC_NUMBER,
	.fallback = "1.0",
	.min = 0,
	.max = 1,
	.meaning = "iv_percentile keeps columns above the iv at this share "
		   "of all, from the highest down."},
    LOCAL_ROW("iv_percentile_param.local_only"),
    {.name = "iv_top_k_param.k",
	.type = SPEC_INT,
	.fallback = "10",
	.min = 1,
	.max = 1000000,
	.meaning = "iv_top_k keeps so many columns of all parties."},
    LOCAL_ROW("iv_top_k_param.local_only"),
    {.name = "variance_coe_param.value_threshold",
	.type = SPEC_NUMBER,
	.fallback = "1.0",
	.meaning = "coefficient_of_variation_value_thres keeps columns whose "
		   "deviation by mean is not below it."},
    {.name = "outlier_param.percentile",
	.type = SPEC_NUMBER,
	.fallback = "1.0",
	.min = 0,
	.max = 1,
	.meaning = "The quantile that outlier_cols looks at."},
    {.name = "outlier_param.upper_threshold",
	.type = SPEC_NUMBER,
	.fallback = "1.0",
	.meaning = "outlier_cols keeps columns where it is lower."},
    INDEXES_ROW("manually_param.filter_out_indexes",
	"Positions of columns that manually drops."),
    SPEC_NAMES_ROW("manually_param.filter_out_names", "null",
	"Names of columns that manually drops."),
    INDEXES_ROW("manually_param.left_col_indexes",
	"Positions of the columns that manually keeps."),
    SPEC_NAMES_ROW("manually_param.left_col_names", "null",
	"Names of the columns that manually keeps."),
    {.name = "percentage_value_param.upper_pct",
	.type = SPEC_NUMBER,
	.fallback = "1.0",
	.min = 0.1,
	.max = 1,
	.meaning = "percentage_value keeps columns whose most frequent value "
		   "stands in no larger share of the rows."},
    SPEC_NEED_RUN_ROW,
};

const struct spec_module spec_hetero_feature_selection = {
    .name = "HeteroFeatureSelection",
    .param_class = "FeatureSelectionParam",
    .code_path = "federatedml/feature/hetero_feature_selection/"
		 "feature_selection_guest.py/HeteroFeatureSelectionGuest",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = check,
};
