/* Scorecard: probabilities as credit scores. */
#include "lib/spec/rows.h"

static const char *const methods[] = {"credit", NULL};

static const char *
check_base(const cJSON *v)
{
	if (cJSON_IsNumber(v) && v->valuedouble > 0 && v->valuedouble != 1)
		return NULL;
	return "a number greater than 0, other than 1";
}

static const char *
check(const cJSON *p)
{
	if (json_double(p, "lower_limit_value", 0) >
	    json_double(p, "upper_limit_ratio", 0) *
		json_double(p, "offset", 0))
		return "lower_limit_value is above upper_limit_ratio times "
		       "offset";
	return NULL;
}

static const struct spec_param params[] = {
    {.name = "method",
	.type = SPEC_STRING,
	.flags = SPEC_IGNORE_CASE,
	.fallback = "\"credit\"",
	.choices = methods,
	.meaning = "The kind of score."},
    {.name = "offset",
	.type = SPEC_NUMBER,
	.fallback = "500",
	.meaning = "The score at even odds."},
    {.name = "factor",
	.type = SPEC_NUMBER,
	.fallback = "20",
	.meaning = "What the score gains when the odds grow by factor_base."},
    {.name = "factor_base",
	.type = SPEC_NUMBER,
	.fallback = "2",
	.check = check_base,
	.meaning = "The base of the logarithm."},
    {.name = "upper_limit_ratio",
	.type = SPEC_NUMBER,
	.fallback = "3",
	.meaning = "The highest score, as a multiple of offset."},
    {.name = "lower_limit_value",
	.type = SPEC_NUMBER,
	.fallback = "0",
	.meaning = "The lowest score."},
    SPEC_NEED_RUN_ROW,
};

const struct spec_module spec_scorecard = {
    .name = "Scorecard",
    .param_class = "ScorecardParam",
    .code_path = "federatedml/statistic/scorecard/score_transformer.py/"
		 "Scorecard",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = check,
};
