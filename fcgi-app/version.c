/* POST /v1/version/get: what FATE 1.4.6's fate.env says. */
#include "fcgi-app/app.h"
#include "lib/base/mem.h"

static const struct {
	const char *module;
	const char *value;
} versions[] = {
    {"FATE", "1.4.6"},
    {"PYTHON", "3.6.5"},
    {"JDK", "8"},
    {"MAVEN", ""},
    {"CENTOS", ""},
    {"UBUNTU", ""},
    {"SPARK", ""},
};

enum err
version_get(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	const char *module = json_in_str(&in, "module", JSON_OPTIONAL, 100);
	const char *value = module ? NULL : versions[0].value;
	cJSON *data;
	enum err rc = json_in_done(&in, err);

	(void)app;
	if (rc)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(versions) && module; i++)
		if (!strcmp(versions[i].module, module))
			value = versions[i].value;
	data = cJSON_CreateObject();
	json_add_str(data, module ? module : "null", value);
	return reply_ok(rp, data);
}
