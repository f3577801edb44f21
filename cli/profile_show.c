/* profile list and profile show: they ask no server. */
#include "cli/print.h"
#include "cli/profile.h"

static cJSON *
success(cJSON *data)
{
	cJSON *answer = cJSON_CreateObject();

	json_add(answer, "data", data);
	json_add_int(answer, "retcode", 0);
	json_add_str(answer, "retmsg", "success");
	return answer;
}

enum cli_exit
call_profile_list(struct call *call)
{
	struct profile p = PROFILE_INIT;
	struct buf err = BUF_INIT;
	enum cli_exit code;
	cJSON *data;

	(void)call;
	if (profile_read(&p, &err)) {
		code = print_failure(CLI_USAGE, err.ptr);
	} else {
		data = cJSON_CreateObject();
		json_add_str(data, "file", p.path.ptr);
		json_add_bool(data, "exists", p.file != NULL);
		json_add_str(
		    data, "default", json_str(p.file, "default", NULL));
		json_add(data, "profiles",
		    p.file ? cJSON_Duplicate(json_get(p.file, "profiles"), 1)
			   : cJSON_CreateObject());
		code = print_object(CLI_OK, success(data));
	}
	profile_release(&p);
	buf_release(&err);
	return code;
}

enum cli_exit
call_profile_show(struct call *call)
{
	struct profile p = PROFILE_INIT;
	struct buf err = BUF_INIT, base = BUF_INIT;
	enum cli_exit code;
	cJSON *data;

	if (profile_choose(call->flags, &p, &err)) {
		code = print_failure(CLI_USAGE, err.ptr);
	} else {
		profile_base(&p, &base);
		data = cJSON_CreateObject();
		json_add_str(data, "server", p.server.ptr);
		json_add_str(data, "base", base.ptr);
		json_add_str(data, "source", p.source.ptr);
		json_add_str(data, "note", json_str(p.row, "note", NULL));
		code = print_object(CLI_OK, success(data));
	}
	profile_release(&p);
	buf_release(&base);
	buf_release(&err);
	return code;
}
