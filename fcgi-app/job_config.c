/* POST /v1/job/config: the first job that the filters of job/query match. */
#include "fcgi-app/app.h"
#include "lib/base/mem.h"
#include "lib/spec/spec.h"
#include "lib/store/job_query.h"

static enum err
add_parsed(cJSON *data, const char *key, const char *text, struct buf *err)
{
	cJSON *value = NULL;

	if (!text || !*text)
		text = "{}";
	if (json_parse(text, strlen(text), key, &value, err))
		return ERR_INTERNAL; /* it was JSON when it was stored */
	spec_hide(value);
	json_add(data, key, value);
	return ERR_OK;
}

static enum err
describe(const struct db_rows *rows, cJSON *data, struct buf *err)
{
	static const struct {
		const char *key;
		enum job_query_config_column column;
	} texts[] = {
	    {"dsl", JOB_CONFIG_DSL},
	    {"runtime_conf", JOB_CONFIG_CONF},
	    {"train_runtime_conf", JOB_CONFIG_TRAIN_CONF},
	};
	static const char *const model[] = {"model_id", "model_version"};
	const cJSON *parameters;
	cJSON *info;
	enum err rc = ERR_OK;

	json_add_str(data, "job_id", db_text(rows, JOB_CONFIG_JOB_ID));
	for (size_t i = 0; !rc && i < ARRAY_LEN(texts); i++)
		rc = add_parsed(
		    data, texts[i].key, db_text(rows, texts[i].column), err);
	parameters = json_get(json_get(data, "runtime_conf"), "job_parameters");
	info = json_child(data, "model_info", cJSON_CreateObject);
	for (size_t i = 0; i < ARRAY_LEN(model); i++)
		json_add_str(
		    info, model[i], json_str(parameters, model[i], NULL));
	return rc;
}

static enum err
first(struct app *app, const struct filter *f, cJSON *data, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = job_query_config(app->db, f, &rows, err);

	if (!rc)
		rc = db_next(rows, err);
	if (!rc)
		rc = describe(rows, data, err);
	db_end(&rows);
	return rc;
}

enum err
job_config_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	const struct filter_column *columns;
	cJSON *data = cJSON_CreateObject();
	struct filter f;
	size_t n;
	enum err rc;

	columns = job_query_columns(&n);
	rc = filter_read(&f, columns, n, rq->body, err);
	if (!rc)
		rc = f.is_never || !f.n ? ERR_NOTFOUND
					: first(app, &f, data, err);
	filter_release(&f);
	if (!rc)
		return reply_ok(rp, data);
	cJSON_Delete(data);
	return rc == ERR_NOTFOUND ? reply_say(rp, 101, "find job failed") : rc;
}
