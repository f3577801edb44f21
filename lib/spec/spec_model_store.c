/*
 * ModelStore and ModelRestore: a party's model goes into a database as an
 * archive, and comes back. The endpoints model/store and model/restore alone
 * make such jobs.
 */
#include "lib/spec/rows.h"

static const struct spec_param params[] = {
    {.name = "model_id",
	.type = SPEC_STRING,
	.fallback = "\"\"",
	.meaning = "The party's model: role#party#model_id."},
    {.name = "model_version",
	.type = SPEC_STRING,
	.fallback = "\"\"",
	.meaning = "Its version, the id of the job that trained it."},
    {.name = "store_address",
	.type = SPEC_ANY,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.meaning = "Where it is stored, as the server's configuration says."},
    {.name = "force_update",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Whether to store it in place of one that is there."},
};

const struct spec_module spec_model_store = {
    .name = "ModelStore",
    .param_class = "ModelStoreParam",
    .code_path =
	"fate_flow/components/model_operation_components.py/ModelStore",
    .roles = SPEC_LOCAL,
    .deploy = true,
    .by_keeper = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
};

const struct spec_module spec_model_restore = {
    .name = "ModelRestore",
    .param_class = "ModelRestoreParam",
    .code_path =
	"fate_flow/components/model_operation_components.py/ModelRestore",
    .roles = SPEC_LOCAL,
    .deploy = true,
    .by_keeper = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
};
