/* GET /v1/health: 503 when the database does not answer. */
#include "fcgi-app/app.h"
#include "lib/store/instance_query.h"

enum err
health_get(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	int64_t alive = 0;
	cJSON *data;
	enum err rc = instance_query_alive(app->db, &alive, err);

	(void)rq;
	if (rc)
		return rc;
	data = cJSON_CreateObject();
	json_add_str(data, "version", FATEFLOW_VERSION);
	json_add_str(data, "database", db_server(app->db));
	/* With a scheduler from cron there may be none between two minutes. */
	json_add_bool(data, "scheduler_alive", alive > 0);
	return reply_ok(rp, data);
}
