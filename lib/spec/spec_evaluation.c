/*
 * Evaluation: metrics and curves of predictions. Which metric belongs to
 * which task is one table, `kinds`; allowed_metrics and default_metrics show
 * the same lists, because FATE-Flow shows them among the parameters.
 */
#include "lib/spec/rows.h"

#include <string.h>
#include <strings.h>

#define BINARY                                                         \
	"\"auc\",\"ks\",\"lift\",\"gain\",\"accuracy\",\"precision\"," \
	"\"recall\",\"roc\",\"confusion_mat\",\"psi\",\"f1_score\","   \
	"\"quantile_pr\""
#define MULTI "\"accuracy\",\"precision\",\"recall\""
#define REGRESSION                                                       \
	"\"explained_variance\",\"mean_absolute_error\","                \
	"\"mean_squared_error\",\"median_absolute_error\",\"r2_score\"," \
	"\"root_mean_squared_error\""
#define ALL                                          \
	"{\"binary\":[" BINARY "],\"multi\":[" MULTI \
	"],\"regression\":[" REGRESSION "]}"

static const char *const eval_types[] = {"binary", "multi", "regression", NULL};

static const struct kind {
	const char *eval_type;
	const char *const *metrics;
	const char *complaint;
} kinds[] = {
    {"binary", spec_binary_metrics,
	"metrics names one that eval_type binary lacks; it has auc, ks, lift, "
	"gain, accuracy (acc), precision, recall, roc, confusion_mat, psi, "
	"f1_score, quantile_pr"},
    {"multi", spec_multi_metrics,
	"metrics names one that eval_type multi lacks; it has accuracy (acc), "
	"precision, recall"},
    {"regression", spec_regression_metrics,
	"metrics names one that eval_type regression lacks; it has "
	"explained_variance, mean_absolute_error (mae, l1), "
	"mean_squared_error (mse, l2, regression), mean_squared_log_error "
	"(msle), median_absolute_error, r2_score (r2), "
	"root_mean_squared_error (rmse, l2_root)"},
};

static const char *
check_metrics(const cJSON *v)
{
	static const char legal[] = "a list of metrics' names, or null";
	const cJSON *it;

	if (!cJSON_IsArray(v))
		return legal;
	cJSON_ArrayForEach(it, v) if (!cJSON_IsString(it)) return legal;
	return NULL;
}

static const char *
check(const cJSON *p)
{
	const char *type = json_str(p, "eval_type", "");
	const cJSON *list = json_get(p, "metrics");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcasecmp(type, kinds[i].eval_type) &&
		    cJSON_IsArray(list) &&
		    !spec_are_names(list, kinds[i].metrics))
			return kinds[i].complaint;
	return NULL;
}

static const struct spec_param params[] = {
    {.name = "eval_type",
	.type = SPEC_STRING,
	.flags = SPEC_IGNORE_CASE,
	.fallback = "\"binary\"",
	.choices = eval_types,
	.meaning = "The task that the predictions are of."},
    {.name = "pos_label",
	.type = SPEC_ANY,
	.fallback = "1",
	.check = spec_check_text_or_number,
	.meaning = "The label that counts as positive."},
    {.name = "metrics",
	.type = SPEC_LIST,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.check = check_metrics,
	.meaning = "What is computed; null: all of default_metrics."},
    {.name = "need_run",
	.type = SPEC_BOOL,
	.fallback = "true",
	.meaning = "False passes the input on unchanged."},
    {.name = "allowed_metrics",
	.type = SPEC_OBJECT,
	.flags = SPEC_SHOWN_ONLY,
	.fallback = ALL,
	.meaning = "The metrics of each eval_type."},
    {.name = "default_metrics",
	.type = SPEC_OBJECT,
	.flags = SPEC_SHOWN_ONLY,
	.fallback = ALL,
	.meaning = "The metrics that null stands for."},
};

const struct spec_module spec_evaluation = {
    .name = "Evaluation",
    .param_class = "EvaluateParam",
    .code_path = "federatedml/evaluation/evaluation.py/Evaluation",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = false,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = check,
};
