/* HeteroLR: logistic regression on vertically split data. */
#include "lib/spec/rows.h"

static const char *const penalties[] = {"L1", "L2", "none", NULL};
static const char *const optimizers[] = {
    "sgd", "rmsprop", "adam", "adagrad", "nesterov_momentum_sgd", NULL};
static const char *const stops[] = {"diff", "abs", "weight_diff", NULL};
static const char *const multi_classes[] = {"ovr", NULL};
static const char *const validation_metrics[] = {"auc", "ks", "accuracy",
    "precision", "recall", "lift", "gain", "roc", "confusion_mat", "f1_score",
    NULL};

static const char *
check_optimizer(const cJSON *v)
{
	if (spec_is_word(v, optimizers))
		return NULL;
	return "one of \"sgd\", \"rmsprop\", \"adam\", \"adagrad\", "
	       "\"nesterov_momentum_sgd\" (\"sqn\" is not offered yet)";
}

static const char *
check_metrics(const cJSON *v)
{
	static const char legal[] =
	    "a list of \"auc\", \"ks\", \"accuracy\", \"precision\", "
	    "\"recall\", \"lift\", \"gain\", \"roc\", \"confusion_mat\", "
	    "\"f1_score\", or null";
	const cJSON *it;

	if (!cJSON_IsArray(v))
		return legal;
	cJSON_ArrayForEach(
	    it, v) if (!spec_is_word(it, validation_metrics)) return legal;
	return NULL;
}

static const char *
check(const cJSON *p)
{
	if (!cJSON_IsNull(json_get(p, "early_stopping_rounds")) &&
	    cJSON_IsNull(json_get(p, "validation_freqs")))
		return "early_stopping_rounds is set, so validation_freqs "
		       "must be set too";
	return NULL;
}

static const struct spec_param params[] = {
    {.name = "penalty",
	.type = SPEC_STRING,
	.flags = SPEC_NULLABLE | SPEC_IGNORE_CASE,
	.fallback = "\"L2\"",
	.choices = penalties,
	.meaning = "What is added to the loss; null is none."},
    {.name = "tol",
	.type = SPEC_NUMBER,
	.fallback = "1e-05",
	SPEC_ABOVE(0),
	.meaning = "The threshold of early_stop."},
    {.name = "alpha",
	.type = SPEC_NUMBER,
	.fallback = "0.01",
	SPEC_ABOVE(0),
	.meaning = "The weight of the penalty."},
    {.name = "optimizer",
	.type = SPEC_STRING,
	.fallback = "\"sgd\"",
	.check = check_optimizer,
	.meaning = "How the arbiter turns a gradient into a step."},
    {.name = "batch_size",
	.type = SPEC_INT,
	.fallback = "320",
	.check = spec_check_batch_size,
	.meaning = "Rows in a batch."},
    {.name = "learning_rate",
	.type = SPEC_NUMBER,
	.fallback = "0.01",
	.check = spec_check_positive,
	.meaning = "The size of the first step."},
    SPEC_INIT_ROWS("random_normal"),
    {.name = "max_iter",
	.type = SPEC_INT,
	.fallback = "100",
	.min = 1,
	.max = 1000000,
	.meaning = "Most passes over the data."},
    {.name = "early_stop",
	.type = SPEC_STRING,
	.fallback = "\"diff\"",
	.choices = stops,
	.meaning = "When training has converged: the loss changes by less "
		   "than tol, is below it, or the weights move less."},
    {.name = "decay",
	.type = SPEC_NUMBER,
	.fallback = "1",
	SPEC_ABOVE(0),
	.meaning = "How fast the learning rate falls."},
    {.name = "decay_sqrt",
	.type = SPEC_BOOL,
	.fallback = "true",
	.meaning = "Whether it falls with the square root of the iteration."},
    {.name = "validation_freqs",
	.type = SPEC_ANY,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.check = spec_check_freqs,
	.meaning = "When the model is evaluated in training: every n "
		   "iterations, at listed ones, or never."},
    {.name = "early_stopping_rounds",
	.type = SPEC_INT,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	SPEC_ABOVE(1),
	.meaning = "Stop after so many validations without a better "
		   "metric."},
    {.name = "metrics",
	.type = SPEC_LIST,
	.flags = SPEC_NULLABLE,
	.fallback = "[\"auc\", \"ks\"]",
	.check = check_metrics,
	.meaning = "What is evaluated in training."},
    {.name = "use_first_metric_only",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Whether early stopping looks at the first metric only."},
    {.name = "multi_class",
	.type = SPEC_STRING,
	.fallback = "\"ovr\"",
	.choices = multi_classes,
	.meaning = "One model per class when there are more than two."},
    SPEC_ENCRYPT_ROWS,
    SPEC_PREDICT_ROWS,
    SPEC_CV_ROWS("true"),
    SPEC_SQN_ROWS,
    SPEC_STEPWISE_ROWS,
};

const struct spec_module spec_hetero_lr = {
    .name = "HeteroLR",
    .param_class = "HeteroLogisticParam",
    .code_path = "federatedml/linear_model/logistic_regression/"
		 "hetero_logistic_regression/hetero_lr_guest.py/HeteroLRGuest",
    .roles = SPEC_GUEST | SPEC_HOST | SPEC_ARBITER,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = check,
};
