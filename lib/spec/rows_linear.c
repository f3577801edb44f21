/* The words and checks behind the linear models' rows. */
#include "lib/spec/rows_linear.h"

const char *const spec_penalties[] = {"L1", "L2", "none", NULL};
const char *const spec_stops[] = {"diff", "abs", "weight_diff", NULL};

/* And what they are called for short. */
static const char *const regression_metrics[] = {"explained_variance",
    "mean_absolute_error", "mean_squared_error", "mean_squared_log_error",
    "median_absolute_error", "r2_score", "root_mean_squared_error", "mae",
    "mse", "msle", "r2", "rmse", NULL};

const char *
spec_check_regression_metrics(const cJSON *v)
{
	static const char legal[] =
	    "a list of \"explained_variance\", \"mean_absolute_error\", "
	    "\"mean_squared_error\", \"mean_squared_log_error\", "
	    "\"median_absolute_error\", \"r2_score\", "
	    "\"root_mean_squared_error\" (\"mae\", \"mse\", \"msle\", \"r2\", "
	    "\"rmse\"), or null";

	return spec_are_words(v, regression_metrics) ? NULL : legal;
}

const char *
spec_check_validation(const cJSON *params)
{
	if (!cJSON_IsNull(json_get(params, "early_stopping_rounds")) &&
	    cJSON_IsNull(json_get(params, "validation_freqs")))
		return "early_stopping_rounds is set, so validation_freqs "
		       "must be set too";
	return NULL;
}
