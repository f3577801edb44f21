/* The configuration has the form that FATE-Flow stores (contract: jobs, 9). */
#include "fcgi-app/local_job.h"
#include "lib/core/conf.h"

#include <stdio.h>

void
local_job_init(struct local_job *j, const char *kind, const char *module,
    int64_t work_mode)
{
	char component[64];
	cJSON *it;

	snprintf(component, sizeof(component), "%s_0", kind);
	j->kind = kind;
	j->token = NULL;
	j->dsl = cJSON_CreateObject();
	it = cJSON_AddObjectToObject(j->dsl, "components");
	it = cJSON_AddObjectToObject(it, component);
	json_add_str(it, "module", module);
	j->conf = cJSON_CreateObject();
	it = cJSON_AddObjectToObject(j->conf, "initiator");
	json_add_str(it, "role", "local");
	json_add_int(it, "party_id", 0);
	it = cJSON_AddObjectToObject(j->conf, "job_parameters");
	json_add_int(it, "work_mode", work_mode);
	it = cJSON_AddObjectToObject(j->conf, "role");
	it = cJSON_AddArrayToObject(it, "local");
	cJSON_AddItemToArray(it, cJSON_CreateNumber(0));
	it = cJSON_AddObjectToObject(j->conf, "role_parameters");
	it = cJSON_AddObjectToObject(it, "local");
	j->parameters = cJSON_AddObjectToObject(it, component);
}

void
local_job_add(struct local_job *j, const char *key, cJSON *value)
{
	cJSON *list = cJSON_AddArrayToObject(j->parameters, key);

	cJSON_AddItemToArray(list, value);
}

void
local_job_add_int(struct local_job *j, const char *key, int64_t value)
{
	local_job_add(j, key, cJSON_CreateNumber((double)value));
}

void
local_job_add_str(struct local_job *j, const char *key, const char *value)
{
	local_job_add(j, key, cJSON_CreateString(value));
}

enum err
local_job_check(int64_t work_mode, struct buf *err)
{
	struct local_job j;
	struct conf conf;
	enum err rc;

	local_job_init(&j, "check", "Upload", work_mode);
	rc = conf_parse(j.conf, &conf, err);
	conf_release(&conf);
	local_job_release(&j);
	return rc;
}

enum err
local_job_create(struct app *app, const struct local_job *j,
    const char *upload_session, struct reply *rp, struct buf *err)
{
	struct create c = {
	    .kind = j->kind,
	    .dsl = j->dsl,
	    .conf = j->conf,
	    .upload_session = upload_session,
	    .token = j->token,
	};

	return create_job(app, &c, rp, err);
}

void
local_job_release(struct local_job *j)
{
	cJSON_Delete(j->dsl);
	cJSON_Delete(j->conf);
}
