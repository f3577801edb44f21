/* HeteroFeatureBinning: columns cut into bins, and their information value. */
#include "lib/spec/rows.h"

static const char *const methods[] = {"quantile", "bucket", "optimal", NULL};
static const char *const metrics[] = {
    "iv", "gini", "chi_square", "chi-square", "ks", NULL};
static const char *const starts[] = {"quantile", "bucket", NULL};
static const char *const transforms[] = {"bin_num", "woe", NULL};

static const char *
check_inside(const cJSON *v)
{
	if (cJSON_IsNumber(v) && v->valuedouble > 0 && v->valuedouble < 1)
		return NULL;
	return "a number above 0 and below 1";
}

static const char *
check(const cJSON *p)
{
	const cJSON *o = json_get(p, "optimal_binning_param");

	if (json_double(o, "min_bin_pct", 0) > json_double(o, "max_bin_pct", 1))
		return "optimal_binning_param.min_bin_pct is above "
		       "max_bin_pct";
	return NULL;
}

#define INDEXES_ROW(path, value, text)                                  \
	{                                                               \
		.name = path, .type = SPEC_ANY, .flags = SPEC_NULLABLE, \
		.fallback = value, .check = spec_check_columns,         \
		.meaning = text                                         \
	}
#define COUNT_ROW(path, value, least, most, text)                  \
	{                                                          \
		.name = path, .type = SPEC_INT, .fallback = value, \
		.min = least, .max = most, .meaning = text         \
	}

static const struct spec_param params[] = {
    {.name = "method",
	.type = SPEC_STRING,
	.flags = SPEC_IGNORE_CASE,
	.fallback = "\"quantile\"",
	.choices = methods,
	.meaning = "Bins of equal numbers of rows, of equal width, or merged "
		   "from many small ones by what they tell of the label."},
    COUNT_ROW("compress_thres", "10000", 1, 1000000,
	"Entries above which a column's quantile summary is thinned out."),
    COUNT_ROW("head_size", "10000", 1, 1000000,
	"Values that the summary keeps before it sorts them in."),
    {.name = "error",
	.type = SPEC_NUMBER,
	.fallback = "0.001",
	.min = 0,
	.max = 1,
	.meaning = "By how many ranks, as a share of the rows, a quantile may "
		   "be off."},
    COUNT_ROW("bin_num", "10", 1, 100000,
	"How many bins, at most where values repeat."),
    INDEXES_ROW("bin_indexes", "-1",
	"Positions of the columns that get bins; -1: all."),
    SPEC_NAMES_ROW("bin_names", "null", "Names of columns beside those."),
    INDEXES_ROW("category_indexes", "null",
	"Positions of columns whose every value is a bin; -1: all."),
    SPEC_NAMES_ROW("category_names", "null", "Names of columns beside those."),
    {.name = "adjustment_factor",
	.type = SPEC_NUMBER,
	.fallback = "0.5",
	.check = check_inside,
	.meaning = "What is added to both counts of a bin when one is 0."},
    {.name = "local_only",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Guest: whether hosts' columns are left out."},
    INDEXES_ROW("transform_param.transform_cols", "-1",
	"Positions of the columns that the output has transformed; -1: all "
	"that have bins."),
    SPEC_NAMES_ROW("transform_param.transform_names", "null",
	"Names of columns beside those."),
    {.name = "transform_param.transform_type",
	.type = SPEC_STRING,
	.flags = SPEC_NULLABLE,
	.fallback = "\"bin_num\"",
	.choices = transforms,
	.meaning = "The bin's number or (guest) its woe in a value's place; "
		   "null leaves the data as it is."},
    {.name = "optimal_binning_param.metric_method",
	.type = SPEC_STRING,
	.flags = SPEC_IGNORE_CASE,
	.fallback = "\"iv\"",
	.choices = metrics,
	.meaning = "What optimal merges or (ks) splits by."},
    {.name = "optimal_binning_param.min_bin_pct",
	.type = SPEC_NUMBER,
	.fallback = "0.05",
	.min = 0,
	.max = 1,
	.meaning = "Bins with a smaller share of the rows are merged first."},
    {.name = "optimal_binning_param.max_bin_pct",
	.type = SPEC_NUMBER,
	.fallback = "1.0",
	.min = 0,
	.max = 1,
	.meaning = "No bin is merged beyond this share of the rows."},
    {.name = "optimal_binning_param.init_bucket_method",
	.type = SPEC_STRING,
	.flags = SPEC_IGNORE_CASE,
	.fallback = "\"quantile\"",
	.choices = starts,
	.meaning = "Guest: which bins optimal begins with; hosts begin with "
		   "quantiles."},
    COUNT_ROW("optimal_binning_param.init_bin_nums", "1000", 1, 10000,
	"How many bins optimal begins with."),
    {.name = "optimal_binning_param.mixture",
	.type = SPEC_BOOL,
	.fallback = "true",
	.meaning = "Whether each bin is to have rows of both labels."},
    {.name = "optimal_binning_param.adjustment_factor",
	.type = SPEC_NUMBER,
	.flags = SPEC_NULLABLE | SPEC_SHOWN_ONLY,
	.fallback = "null",
	.meaning = "Shown as FATE shows it; adjustment_factor holds."},
    {.name = "optimal_binning_param.max_bin",
	.type = SPEC_INT,
	.flags = SPEC_NULLABLE | SPEC_SHOWN_ONLY,
	.fallback = "null",
	.meaning = "Shown as FATE shows it; bin_num holds."},
    SPEC_NEED_RUN_ROW,
};

const struct spec_module spec_hetero_feature_binning = {
    .name = "HeteroFeatureBinning",
    .param_class = "FeatureBinningParam",
    .code_path = "federatedml/feature/hetero_feature_binning/"
		 "hetero_binning_guest.py/HeteroFeatureBinningGuest",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = check,
};
