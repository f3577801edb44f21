/* HeteroPearson: correlations of columns, within parties and across. */
#include "lib/spec/rows.h"

static const char *
check(const cJSON *p)
{
	const cJSON *indexes = json_get(p, "column_indexes");

	if (!json_bool(p, "need_run", true))
		return NULL;
	if (!cJSON_IsNumber(indexes) && !cJSON_GetArraySize(indexes) &&
	    !cJSON_GetArraySize(json_get(p, "column_names")))
		return "column_names and column_indexes name no column; "
		       "column_indexes -1 means all";
	return NULL;
}

static const struct spec_param params[] = {
    SPEC_NAMES_ROW(
	"column_names", "[]", "Names of columns beside column_indexes."),
    {.name = "column_indexes",
	.type = SPEC_ANY,
	.flags = SPEC_NULLABLE,
	.fallback = "[]",
	.check = spec_check_columns,
	.meaning = "Positions of the columns to be correlated; -1: all."},
    {.name = "cross_parties",
	.type = SPEC_BOOL,
	.flags = SPEC_SAME,
	.fallback = "true",
	.meaning = "Whether guest's and host's columns are correlated with "
		   "each other."},
    {.name = "use_mix_rand",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Accepted, unused: all masks are the system's randomness."},
    SPEC_NEED_RUN_ROW,
};

const struct spec_module spec_hetero_pearson = {
    .name = "HeteroPearson",
    .param_class = "PearsonParam",
    .code_path = "federatedml/statistic/correlation/hetero_pearson.py/"
		 "HeteroPearson",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .is_pair = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = check,
};
