#include "cli/commands.h"
#include "lib/base/mem.h"

#define WHO	"job_id! component_name! role! party_id! "
#define MODEL	"model_id! model_version! role! party_id! "
#define JOB_END "wait timeout verbose"
#define GRANT                                                       \
	"src_party_id! src_role! privilege_role privilege_command " \
	"privilege_component"
#define TABLE "namespace! table_name! "

static const struct command commands[] = {
    {"submit_job", "job", "submit", "POST", "job/submit",
	"config* dsl* work_mode token " JOB_END, call_submit_job,
	"submit the job of -c CONF and -d DSL (a predict job needs no DSL)",
	"-c conf.json -d dsl.json --wait"},
    {"stop_job", "job", "stop", "POST", "job/stop", "job_id! operate reason",
	call_plain, "stop a job", "-j JOB --reason 'the wrong table'"},
    {"rerun_job", "job", "rerun", "POST", "job/rerun",
	"job_id! component_name " JOB_END, call_started,
	"run again what did not succeed of a job, or from a component on",
	"-j JOB --component hetero_lr_0 --wait"},
    {"explain_job", "job", "explain", "POST", "job/explain",
	"job_id! role party_id", call_plain,
	"why a job is where it is, in plain words and with the facts",
	"-j JOB"},
    {"query_job", "job", "query", "POST", "job/query",
	"job_id role party_id status", call_query_job,
	"the rows of jobs, one of each party", "-j JOB -r guest"},
    {"wait_job", "job", "wait", "POST", "job/query", "job_id! timeout verbose",
	call_wait_job, "wait for the end of a job", "-j JOB --timeout 600"},
    {"job_config", "job", "config", "POST", "job/config",
	"job_id! role! party_id! output_path! force", call_job_config,
	"what a job was submitted with, as four JSON files below -o FOLDER",
	"-j JOB -r guest -p 9999 -o ."},
    {"job_log", "job", "log", "GET", "job/log", "job_id! output_path! verbose",
	call_job_log, "the logs of a job, unpacked below -o FOLDER",
	"-j JOB -o logs"},
    {"clean_job", "job", "clean", "POST", "job/clean",
	"job_id! role party_id component_name", call_plain,
	"remove the output tables and metrics of a job's tasks", "-j JOB"},
    {"clean_queue", "job", "clean-queue", "POST", "job/clean/queue", "",
	call_plain, "cancel every job that still waits", ""},
    {"data_view_query", "job", "data-view", "POST", "job/data/view/query",
	"job_id component_name role party_id", call_plain,
	"the tables that components made", "-j JOB -r guest"},

    {"query_task", "task", "query", "POST", "job/task/query",
	"job_id component_name role party_id status", call_plain,
	"the tasks of jobs", "-j JOB -cpn hetero_lr_0"},

    {"component_parameters", "component", "parameters", "POST",
	"tracking/component/parameters", WHO, call_plain,
	"what a component ran with",
	"-j JOB -cpn hetero_lr_0 -r guest -p 9999"},
    {"component_metrics", "component", "metrics", "POST",
	"tracking/component/metrics", WHO, call_plain,
	"the names of a component's metrics",
	"-j JOB -cpn evaluation_0 -r guest -p 9999"},
    {"component_metric_all", "component", "metric-all", "POST",
	"tracking/component/metric/all", WHO, call_plain,
	"all metrics of a component",
	"-j JOB -cpn evaluation_0 -r guest -p 9999"},
    {"component_metric_delete", "component", "metric-delete", "POST",
	"tracking/component/metric/delete",
	"job_id component_name role party_id model", call_plain,
	"delete the metrics of a job (-j) or of a day (-m)",
	"-j JOB -cpn evaluation_0"},
    {"component_output_model", "component", "output-model", "POST",
	"tracking/component/output/model", WHO, call_plain,
	"the model that a component made",
	"-j JOB -cpn hetero_lr_0 -r guest -p 9999"},
    {"component_output_data", "component", "output-data", "GET",
	"tracking/component/output/data/download",
	WHO "output_path! limit verbose", call_output_data,
	"a component's output rows, as files below -o FOLDER",
	"-j JOB -cpn hetero_lr_0 -r guest -p 9999 -o out -limit 1000"},
    {"component_output_data_table", "component", "output-data-table", "POST",
	"tracking/component/output/data/table", WHO, call_plain,
	"name and namespace of a component's output table",
	"-j JOB -cpn hetero_lr_0 -r guest -p 9999"},

    {"upload", "table", "upload", "POST", "data/upload",
	"file! namespace* table_name* work_mode* head* partition* drop "
	"token resume no-resume part-size " JOB_END,
	call_upload, "upload a CSV file as a table",
	"-i guest.csv -n ns -t name -w 0 --head 1 --partition 4 --wait"},
    {"upload_status", "table", "upload-status", "POST",
	"data/upload/session/query", "session_id!", call_plain,
	"how far an upload by parts has come", "--session_id SESSION"},
    {"upload_cancel", "table", "upload-cancel", "POST",
	"data/upload/session/cancel", "session_id!", call_plain,
	"give an upload by parts up", "--session_id SESSION"},
    {"upload_history", "table", "history", "POST", "data/upload/history",
	"job_id limit", call_plain, "what was uploaded, newest first",
	"-limit 10"},
    {"download", "table", "download", "POST", "data/download",
	TABLE "work_mode! output_path! .delimitor " JOB_END, call_started,
	"write a table to a file of the server",
	"-n ns -t name -w 0 -o /srv/out.csv --wait"},
    {"table_info", "table", "info", "POST", "table/table_info", TABLE,
	call_plain, "rows and columns of a table", "-n ns -t name"},
    {"table_delete", "table", "delete", "POST", "table/delete",
	"namespace table_name job_id component_name role party_id", call_plain,
	"delete a table, by its name or by the component that made it",
	"-n ns -t name"},

    {"load", "model", "load", "POST", "model/load",
	".initiator! .role! .job_parameters!", call_plain,
	"load a model into the serving of every party", "-c load.json"},
    {"bind", "model", "bind", "POST", "model/bind",
	".initiator! .role! .job_parameters! service_id* .servings", call_plain,
	"give a loaded model the id by which it is served",
	"-c load.json --service_id SERVICE"},
    {"store", "model", "store", "POST", "model/store",
	MODEL ".force_update " JOB_END, call_started,
	"copy a model into the model store", "-c store.json --wait"},
    {"restore", "model", "restore", "POST", "model/restore", MODEL JOB_END,
	call_started, "bring a model back from the model store",
	"-c restore.json --wait"},
    {"export", "model", "export", "GET", "model/export",
	MODEL "output_path! force verbose", call_export,
	"a model as a zip file in -o FOLDER", "-c export.json -o ."},
    {"import", "model", "import", "POST", "model/import", MODEL "file! verbose",
	call_import, "bring a model in from a zip file (-i)",
	"-c import.json -i model.zip"},
    {"model_delete", "model", "delete", "POST", "model/delete", MODEL,
	call_plain, "delete a model on this site; what is stored stays",
	"--model_id ID --model_version VERSION -r guest -p 9999"},

    {"grant_privilege", "privilege", "grant", "POST",
	"permission/grant/privilege", GRANT, call_plain,
	"allow a party roles, commands and components (comma lists or all)",
	"-src_party_id 9999 -src_role guest -privilege_command create_job"},
    {"delete_privilege", "privilege", "delete", "POST",
	"permission/delete/privilege", GRANT, call_plain,
	"take privileges back",
	"-src_party_id 9999 -src_role guest -privilege_component all"},
    {"query_privilege", "privilege", "query", "POST",
	"permission/query/privilege", "src_party_id! src_role!", call_plain,
	"what a party is allowed", "-src_party_id 9999 -src_role guest"},

    {"profile_list", "profile", "list", NULL, NULL, "", call_profile_list,
	"the servers that the profile file names", ""},
    {"profile_show", "profile", "show", NULL, NULL, "", call_profile_show,
	"which server would be asked, and what says so", "--profile NAME"},
};

const struct command *
command_next(const struct command *c)
{
	c = c ? c + 1 : commands;
	return c < commands + ARRAY_LEN(commands) ? c : NULL;
}

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

const struct command *
command_find_words(const char *noun, const char *verb)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i].noun, noun) &&
		    !strcmp(commands[i].verb, verb))
			return &commands[i];
	return NULL;
}

bool
command_next_key(const char **at, struct command_key *out)
{
	const char *p = *at + strspn(*at, " ");
	size_t n;

	if (!*p)
		return false;
	out->is_member = *p == '.';
	p += out->is_member;
	n = strcspn(p, " !*");
	if (n >= sizeof(out->name))
		n = sizeof(out->name) - 1;
	memcpy(out->name, p, n);
	out->name[n] = '\0';
	out->is_checked = p[n] == '!';
	out->is_required = out->is_checked || p[n] == '*';
	*at = p + n + out->is_required;
	return true;
}

bool
command_reads(const struct command *c, const char *name)
{
	struct command_key key;

	for (const char *at = c->keys; command_next_key(&at, &key);)
		if (!key.is_member && !strcmp(key.name, name))
			return true;
	return false;
}
