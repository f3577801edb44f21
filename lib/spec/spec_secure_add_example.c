/* SecureAddExample: two parties add secretly shared numbers. */
#include "lib/spec/rows.h"

static const struct spec_param params[] = {
    {.name = "seed",
	.type = SPEC_INT,
	.flags = SPEC_NULLABLE,
	.fallback = "123",
	.meaning = "Accepted, unused: shares that a known seed decides would "
		   "hide nothing."},
    {.name = "partition",
	.type = SPEC_INT,
	.fallback = "1",
	.min = 1,
	.max = 1000000,
	.meaning = "Kept for FATE's configurations, unused."},
    {.name = "data_num",
	.type = SPEC_INT,
	.flags = SPEC_SAME,
	.fallback = "10000",
	.min = 1,
	.max = 100000000,
	.meaning = "How many ones each party holds."},
};

const struct spec_module spec_secure_add_example = {
    .name = "SecureAddExample",
    .param_class = "SecureAddExampleParam",
    .code_path = "federatedml/toy_example/secure_add_guest.py/"
		 "SecureAddGuest",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .is_pair = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
};
