/* Union: the rows of several tables in one. */
#include "lib/spec/rows.h"

static const struct spec_param params[] = {
    SPEC_NEED_RUN_ROW,
    {.name = "allow_missing",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Accepted, unused: a row always has as many values as its "
		   "table has columns."},
    {.name = "keep_duplicate",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Whether rows of an id that an earlier table has are kept, "
		   "as <id>_<component>.<data key>; else they are left out."},
};

const struct spec_module spec_union = {
    .name = "Union",
    .param_class = "UnionParam",
    .code_path = "federatedml/statistic/union/union.py/Union",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
};
