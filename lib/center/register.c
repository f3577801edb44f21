#include "lib/base/clock.h"
#include "lib/center/center.h"
#include "lib/core/ids.h"
#include "lib/model/model_tree.h"
#include "lib/store/model_meta.h"

enum err
center_register(struct db *db, const struct model_ref *m, struct buf *err)
{
	struct buf roles = BUF_INIT;
	struct ingest_model row = {.role = m->role,
	    .party_id = m->party_id,
	    .job_id = ids_is_job(m->version) ? m->version : "",
	    .model_id = m->model_id,
	    .model_version = m->version,
	    .now = clock_wall_ms()};
	enum err rc = model_tree_describe(m, &roles, &row.size, err);

	row.roles = roles.ptr;
	if (!rc)
		rc = model_meta_set(db, &row, err);
	if (rc)
		model_tree_remove(m);
	buf_release(&roles);
	return rc;
}
