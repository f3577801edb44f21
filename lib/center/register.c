#include "lib/base/clock.h"
#include "lib/center/center.h"
#include "lib/core/ids.h"
#include "lib/model/model_tree.h"
#include "lib/store/model_meta.h"

static struct ingest_model
row_of(const struct model_ref *m)
{
	return (struct ingest_model){.role = m->role,
	    .party_id = m->party_id,
	    .job_id = ids_is_job(m->version) ? m->version : "",
	    .model_id = m->model_id,
	    .model_version = m->version,
	    .now = clock_wall_ms()};
}

static enum err
write_row(struct db *db, const struct model_ref *m, struct buf *err)
{
	struct buf roles = BUF_INIT;
	struct ingest_model row = row_of(m);
	enum err rc = model_tree_describe(m, &roles, &row.size, err);

	row.roles = roles.ptr;
	if (!rc)
		rc = model_meta_set(db, &row, err);
	buf_release(&roles);
	return rc;
}

enum err
center_register(struct db *db, const struct model_ref *m, struct buf *err)
{
	struct ingest_model row = row_of(m);
	enum err rc = write_row(db, m, err);
	bool has_row = true;

	/* Another may have adopted it, and the row may be there after all. */
	if (rc && !model_meta_has(db, &row, &has_row, NULL) && !has_row)
		model_tree_remove(m);
	return rc;
}

enum err
center_adopt(struct db *db, const struct model_ref *m, bool *adopted_out,
    struct buf *err)
{
	struct ingest_model row = row_of(m);
	struct buf why = BUF_INIT;
	bool has_row = false;
	enum err rc = model_meta_has(db, &row, &has_row, err);

	*adopted_out = false;
	if (!rc && !has_row) {
		rc = write_row(db, m, &why);
		*adopted_out = !rc;
		/* No model, or one whose training did not finish. */
		if (rc == ERR_NOTFOUND || rc == ERR_INVALID)
			rc = ERR_OK;
		else if (rc)
			buf_adds(err, why.ptr);
	}
	buf_release(&why);
	return rc;
}
