/* HeteroPoisson: Poisson regression on vertically split data. */
#include "lib/spec/rows_linear.h"

static const char *const optimizers[] = {
    "sgd", "rmsprop", "adam", "adagrad", "nesterov_momentum_sgd", NULL};

static const struct spec_param params[] = {
    SPEC_LINEAR_ROWS(optimizers, "320", "random_normal"),
    SPEC_STOP_ROWS("diff", "1", "true"),
    SPEC_VALIDATION_ROWS("[]", spec_check_regression_metrics),
    {.name = "exposure_colname",
	.type = SPEC_STRING,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.meaning = "The guest's column that counts are in proportion to; it "
		   "is no feature."},
    SPEC_ENCRYPT_ROWS,
    SPEC_PREDICT_ROWS,
    SPEC_CV_ROWS("true"),
    SPEC_STEPWISE_ROWS,
};

const struct spec_module spec_hetero_poisson = {
    .name = "HeteroPoisson",
    .param_class = "PoissonParam",
    .code_path = "federatedml/linear_model/poisson_regression/"
		 "hetero_poisson_regression/hetero_poisson_guest.py/"
		 "HeteroPoissonGuest",
    .roles = SPEC_GUEST | SPEC_HOST | SPEC_ARBITER,
    .deploy = true,
    .is_pair = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = spec_check_validation,
};
