/* POST /v1/job/submit */
#include "fcgi-app/create.h"

enum err
job_submit_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct create c = {.kind = "train", .has_model_info = true};
	cJSON *none = cJSON_CreateObject();
	struct token token;
	enum err rc;

	c.conf = json_in_object(&in, "job_runtime_conf", JSON_OPTIONAL);
	c.dsl = json_in_object(&in, "job_dsl", JSON_OPTIONAL);
	token_read(&token, rq, &in);
	rc = json_in_done(&in, err);
	/* What an absent one lacks is said by the parsers, in FATE's words. */
	if (!c.conf)
		c.conf = none;
	if (!c.dsl)
		c.dsl = none;
	if (!rc && token.value) {
		token_digest(&token, "job/submit", rq->body, "");
		c.token = &token;
	}
	if (!rc)
		rc = create_job(app, &c, rp, err);
	cJSON_Delete(none);
	return rc;
}
