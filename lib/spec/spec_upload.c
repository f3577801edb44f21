/*
 * Upload: a file of text becomes a table. head and partition are not limited
 * here: FATE-Flow accepts the request and fails the task, and its clients
 * look for that.
 */
#include "lib/spec/rows.h"

static const struct spec_param params[] = {
    {.name = "work_mode",
	.type = SPEC_INT,
	.fallback = "0",
	.min = 0,
	.max = 1,
	.meaning = "0: all parties on this site; 1: parties at their sites."},
    {.name = "file",
	.type = SPEC_STRING,
	.fallback = "\"\"",
	.meaning = "The file, on the server."},
    {.name = "head",
	.type = SPEC_INT,
	.fallback = "1",
	.meaning = "1: the first line is a header; 0: there is none."},
    {.name = "partition",
	.type = SPEC_INT,
	.fallback = "1",
	.meaning = "A number from 1 to 1023 that table_info shows; tables "
		   "are not split here."},
    {.name = "namespace",
	.type = SPEC_STRING,
	.fallback = "\"\"",
	.meaning = "The table's namespace."},
    {.name = "table_name",
	.type = SPEC_STRING,
	.fallback = "\"\"",
	.meaning = "The table's name."},
    {.name = "drop",
	.type = SPEC_INT,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.min = 0,
	.max = 2,
	.meaning = "What becomes of a table of that name: 0 adds to it, 1 "
		   "replaces it, 2 refuses."},
    {.name = "in_version",
	.type = SPEC_ANY,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.meaning = "Kept for FATE's clients, unused."},
    {.name = "append_to",
	.type = SPEC_STRING,
	.flags = SPEC_NULLABLE,
	.fallback = "null",
	.meaning = "The version of the table to add to; set by the server."},
};

const struct spec_module spec_upload = {
    .name = "Upload",
    .param_class = "UploadParam",
    .code_path = "fate_flow/utils/upload.py/Upload",
    .roles = SPEC_LOCAL,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
};
