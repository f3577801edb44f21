/* The words and checks behind the linear models' rows. */
#include "lib/spec/rows_linear.h"

#include <strings.h>

const char *const spec_penalties[] = {"L1", "L2", "none", NULL};
const char *const spec_stops[] = {"diff", "abs", "weight_diff", NULL};

const char *
spec_check_binary_metrics(const cJSON *v)
{
	static const char legal[] =
	    "a list of metrics that Evaluation has for eval_type binary, or "
	    "null";

	return spec_are_names(v, spec_binary_metrics) ? NULL : legal;
}

const char *
spec_check_regression_metrics(const cJSON *v)
{
	static const char legal[] =
	    "a list of metrics that Evaluation has for eval_type regression, "
	    "or null";

	return spec_are_names(v, spec_regression_metrics) ? NULL : legal;
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

void
spec_check_hosts(const cJSON *params, size_t n_hosts, struct buf *complaint)
{
	const char *stop = json_str(params, "early_stop", "");

	if (n_hosts < 2)
		return;
	if (json_bool(
		json_get(params, "stepwise_param"), "need_stepwise", false))
		buf_addf(complaint,
		    "parameter 'stepwise_param.need_stepwise' is true, "
		    "expected false: with %zu hosts there is no loss to select "
		    "columns by",
		    n_hosts);
	else if (strcasecmp(stop, "weight_diff"))
		buf_addf(complaint,
		    "parameter 'early_stop' is \"%s\", expected "
		    "\"weight_diff\": with %zu hosts there is no loss to "
		    "compare",
		    stop, n_hosts);
}
