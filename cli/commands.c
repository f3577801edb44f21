#include "cli/commands.h"
#include "lib/base/mem.h"

#define WHO "job_id,component_name,role,party_id"

static const struct command commands[] = {
    {"submit_job", "POST", "job/submit", "", call_submit_job,
	"submit the job of -c CONF and -d DSL; --wait for its end"},
    {"stop_job", "POST", "job/stop", "job_id", call_plain, "stop a job (-j)"},
    {"query_job", "POST", "job/query", "", call_query_job,
	"the rows of jobs by -j, -r, -p, -s"},
    {"wait_job", "POST", "job/query", "job_id", call_wait_job,
	"wait for the end of a job (-j), at most --timeout seconds"},
    {"query_task", "POST", "job/task/query", "", call_plain,
	"the tasks of jobs by -j, -cpn, -r, -p, -s"},
    {"data_view_query", "POST", "job/data/view/query", "", call_plain,
	"the tables that components made, by -j, -cpn, -r, -p"},
    {"upload", "POST", "data/upload", "file", call_upload,
	"upload the file of -c CONF (or -i) as a table"},
    {"upload_history", "POST", "data/upload/history", "", call_plain,
	"what was uploaded, newest first; -limit, -j"},
    {"table_info", "POST", "table/table_info", "namespace,table_name",
	call_plain, "rows and columns of a table (-n, -t)"},
    {"component_parameters", "POST", "tracking/component/parameters", WHO,
	call_plain, "what a component ran with (-j -cpn -r -p)"},
    {"component_metrics", "POST", "tracking/component/metrics", WHO, call_plain,
	"names of a component's metrics"},
    {"component_metric_all", "POST", "tracking/component/metric/all", WHO,
	call_plain, "all metrics of a component"},
    {"component_output_model", "POST", "tracking/component/output/model", WHO,
	call_plain, "the model that a component made"},
    {"component_output_data", "GET", "tracking/component/output/data/download",
	WHO ",output_path", call_output_data,
	"a component's output rows into -o FOLDER; -limit"},
    {"component_output_data_table", "POST",
	"tracking/component/output/data/table", WHO, NULL, ""},
    {"component_metric_delete", "POST", "tracking/component/metric/delete", "",
	NULL, ""},
    {"clean_job", "POST", "job/clean", "job_id", NULL, ""},
    {"clean_queue", "POST", "job/clean/queue", "", NULL, ""},
    {"job_config", "POST", "job/config", "", NULL, ""},
    {"job_log", "GET", "job/log", "", NULL, ""},
    {"download", "POST", "data/download", "", NULL, ""},
    {"table_delete", "POST", "table/delete", "", NULL, ""},
    {"load", "POST", "model/load", "", NULL, ""},
    {"bind", "POST", "model/bind", "", NULL, ""},
    {"store", "POST", "model/store", "", NULL, ""},
    {"restore", "POST", "model/restore", "", NULL, ""},
    {"export", "GET", "model/export", "", NULL, ""},
    {"import", "POST", "model/import", "", NULL, ""},
    {"grant_privilege", "POST", "permission/grant/privilege", "", NULL, ""},
    {"delete_privilege", "POST", "permission/delete/privilege", "", NULL, ""},
    {"query_privilege", "POST", "permission/query/privilege", "", NULL, ""},
};

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void
print_exits(struct buf *out)
{
	static const struct {
		enum cli_exit code;
		const char *meaning;
	} rows[] = {
	    {CLI_OK, "the server answered retcode 0; with --wait: success"},
	    {CLI_REFUSED, "the server answered another retcode"},
	    {CLI_USAGE, "wrong arguments"},
	    {CLI_UNREACHABLE, "no answer from the server, or stdout took none"},
	    {CLI_JOB_FAILED, "--wait: the job failed, was canceled or timed "
			     "out"},
	    {CLI_TIMEOUT, "--wait: the job was not at its end in time"},
	};

	buf_adds(out, "\nexit status:\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		buf_addf(out, "  %d  %s\n", rows[i].code, rows[i].meaning);
}

void
commands_print_help(struct buf *out)
{
	buf_adds(out, "usage: fateflow -f COMMAND [flags]\n\ncommands:\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].run)
			buf_addf(out, "  %-24s %s\n", commands[i].name,
			    commands[i].help);
	buf_adds(out, "\nflags:\n");
	flags_print_help(out);
	print_exits(out);
}

void
command_print_help(const struct command *c, struct buf *out)
{
	buf_addf(out, "fateflow -f %s: %s\n", c->name,
	    c->run ? c->help : "not offered yet");
	buf_addf(out, "  %s /v1/%s\n", c->method, c->path);
	if (*c->required)
		buf_addf(out, "  required: %s\n", c->required);
	buf_adds(out, "\nflags:\n");
	flags_print_help(out);
	print_exits(out);
}
