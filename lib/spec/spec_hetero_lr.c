/* HeteroLR: logistic regression on vertically split data. */
#include "lib/spec/rows_linear.h"

static const char *const optimizers[] = {
    "sgd", "rmsprop", "adam", "adagrad", "nesterov_momentum_sgd", "sqn", NULL};
static const char *const multi_classes[] = {"ovr", NULL};

static const struct spec_param params[] = {
    SPEC_LINEAR_ROWS(optimizers, "320", "random_normal"),
    SPEC_STOP_ROWS("diff", "1", "true"),
    SPEC_VALIDATION_ROWS("[\"auc\", \"ks\"]", spec_check_binary_metrics),
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
    .check = spec_check_validation,
    .check_hosts = spec_check_hosts,
};
