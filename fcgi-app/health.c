/*
 * GET /v1/health: 503 when the database does not answer. A disk that runs
 * full is told and is no failure: what needs no space still works.
 */
#include "fcgi-app/app.h"
#include "lib/base/disk.h"
#include "lib/store/instance_query.h"

static cJSON *
describe_disk(const struct cfg *cfg)
{
	static const char *const levels[] = {
	    [DISK_ROOMY] = "ok", [DISK_LOW] = "low", [DISK_FULL] = "full"};
	cJSON *data = cJSON_CreateObject();
	struct buf why = BUF_INIT;
	enum disk_level level = DISK_FULL;
	struct disk d;

	if (!disk_look(cfg->site.work_dir, &d, &why)) {
		level = disk_judge(&d, cfg, 0, &why);
		json_add_int(data, "free_bytes", d.bytes);
	}
	json_add_str(data, "level", levels[level]);
	if (why.len)
		json_add_str(data, "text", why.ptr);
	buf_release(&why);
	return data;
}

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
	json_add(data, "disk", describe_disk(app->cfg));
	return reply_ok(rp, data);
}
