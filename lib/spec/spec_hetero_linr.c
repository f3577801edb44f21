/* HeteroLinR: linear regression on vertically split data. */
#include "lib/spec/rows_linear.h"

static const char *const optimizers[] = {
    "sgd", "rmsprop", "adam", "adagrad", "sqn", NULL};

static const struct spec_param params[] = {
    SPEC_LINEAR_ROWS(optimizers, "-1", "zeros"),
    SPEC_STOP_ROWS("weight_diff", "10", "false"),
    SPEC_VALIDATION_ROWS("[]", spec_check_regression_metrics),
    SPEC_ENCRYPT_ROWS,
    SPEC_PREDICT_ROWS,
    SPEC_CV_ROWS("false"),
    SPEC_SQN_ROWS,
    SPEC_STEPWISE_ROWS,
};

const struct spec_module spec_hetero_linr = {
    .name = "HeteroLinR",
    .param_class = "LinearParam",
    .code_path = "federatedml/linear_model/linear_regression/"
		 "hetero_linear_regression/hetero_linr_guest.py/"
		 "HeteroLinRGuest",
    .roles = SPEC_GUEST | SPEC_HOST | SPEC_ARBITER,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = spec_check_validation,
    .check_hosts = spec_check_hosts,
};
