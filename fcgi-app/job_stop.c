/* POST /v1/job/stop and /v1/job/stop/do: on one site they are the same. */
#include "fcgi-app/create.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/core/ids.h"
#include "lib/store/job_query.h"

#define STOP_REASON_MAX 500

enum err
job_stop_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct job_query_stop stop = {.by = rq->client, .now = clock_wall_ms()};
	const char *operate;
	bool is_canceled = false;
	enum err rc;

	stop.job_id = json_in_str(&in, "job_id", JSON_REQUIRED, ID_JOB_MAX);
	operate = json_in_str(&in, "operate", JSON_OPTIONAL, 100);
	stop.reason =
	    json_in_str(&in, "reason", JSON_OPTIONAL, STOP_REASON_MAX);
	rc = json_in_done(&in, err);
	if (rc)
		return rc;
	stop.is_kill = operate && !strcmp(operate, "kill");
	if (!*stop.by)
		stop.by = "a user";
	if (stop.reason && !*stop.reason)
		stop.reason = NULL;
	rc = job_query_stop(app->db, &stop, &is_canceled, err);
	if (rc == ERR_NOTFOUND)
		return reply_say(rp, 100, "can not found job: %s", stop.job_id);
	if (rc)
		return rc;
	create_ring(app->cfg);
	log_info("job=%s stop operate=%s by=%s", stop.job_id,
	    operate ? operate : "cancel", stop.by);
	return reply_say(
	    rp, 0, is_canceled ? "cancel job success" : "kill job success");
}
