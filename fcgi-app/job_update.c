/* POST /v1/job/update: the description ("notes") of one party's row. */
#include "fcgi-app/target.h"
#include "lib/base/clock.h"
#include "lib/store/job_query.h"

#define NOTES_MAX 65535

enum err
job_update_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct job_query_description d = {.now = clock_wall_ms()};
	struct target t;
	enum err rc;

	d.text = json_in_str(&in, "notes", JSON_OPTIONAL, NOTES_MAX);
	rc = target_read(app, &in, TARGET_PARTY, &t, err);
	if (rc)
		return rc;
	d.text = d.text ? d.text : "";
	d.job_id = t.job_id;
	d.role = t.role;
	d.party_id = t.party_id;
	rc = job_query_describe(app->db, &d, err);
	if (rc == ERR_CONFLICT)
		return reply_say(rp, 101, "find job failed");
	return rc ? rc : reply_ok(rp, NULL);
}
