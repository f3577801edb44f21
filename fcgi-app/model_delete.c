/*
 * POST /v1/model/delete: ours, since FATE-Flow deletes no model.
 */
#include "fcgi-app/model_form.h"
#include "lib/base/log.h"
#include "lib/center/center.h"

enum err
model_delete(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct model_form f;
	struct buf why = BUF_INIT;
	bool is_answered;
	enum err rc = model_form_read(app, rq, 0, &f, rp, &is_answered, err);

	if (!rc && !is_answered) {
		rc = center_delete(app->db, &f.model, &why);
		if (rc == ERR_NOTFOUND)
			rc = model_form_missing(&f, rp);
		else if (rc)
			buf_add(err, why.ptr, why.len);
		else {
			log_info("model %s %s deleted client=%s",
			    f.party_model.ptr, f.model.version, rq->client);
			rc = reply_ok(rp, NULL);
		}
	}
	buf_release(&why);
	model_form_release(&f);
	return rc;
}
