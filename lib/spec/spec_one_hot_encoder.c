/* OneHotEncoder: one column of 0 and 1 for each value of a column. */
#include "lib/spec/rows.h"

static const struct spec_param params[] = {
    {.name = "transform_col_indexes",
	.type = SPEC_ANY,
	.flags = SPEC_NULLABLE,
	.fallback = "-1",
	.check = spec_check_columns,
	.meaning = "Positions of the columns to be encoded; -1: all."},
    SPEC_NAMES_ROW("transform_col_names", "null",
	"Names of columns to be encoded beside those."),
    SPEC_NEED_RUN_ROW,
};

const struct spec_module spec_one_hot_encoder = {
    .name = "OneHotEncoder",
    .param_class = "OneHotEncoderParam",
    .code_path = "federatedml/feature/one_hot_encoder.py/OneHotEncoder",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
};
