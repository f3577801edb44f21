/* Download: a table becomes a file of text on the server. */
#include "lib/spec/rows.h"

static const struct spec_param params[] = {
    {.name = "work_mode",
	.type = SPEC_INT,
	.fallback = "0",
	.min = 0,
	.max = 1,
	.meaning = "0: all parties on this site; 1: parties at their sites."},
    {.name = "namespace",
	.type = SPEC_STRING,
	.fallback = "\"\"",
	.meaning = "The table's namespace."},
    {.name = "table_name",
	.type = SPEC_STRING,
	.fallback = "\"\"",
	.meaning = "The table's name."},
    {.name = "output_path",
	.type = SPEC_STRING,
	.fallback = "\"\"",
	.meaning = "The file to write, on the server."},
    {.name = "delimitor",
	.type = SPEC_STRING,
	.fallback = "\",\"",
	.check = spec_check_not_empty,
	.meaning = "What stands between id and values."},
    {.name = "head",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Whether the first line names the columns."},
    {.name = "output_dir",
	.type = SPEC_STRING,
	.fallback = "\"\"",
	.meaning = "The folder that the file must lie below; set by the "
		   "server."},
};

const struct spec_module spec_download = {
    .name = "Download",
    .param_class = "DownloadParam",
    .code_path = "fate_flow/utils/download.py/Download",
    .roles = SPEC_LOCAL,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
};
