/*
 * ModelRestore: what the database gives is looked at like any archive from
 * outside, and becomes a model by one rename.
 */
#include "keeper/keeper.h"

#include "lib/center/center.h"
#include "lib/model/model_archive.h"

static enum err
fetch(struct keeper *k, struct buf *err)
{
	struct model_store_key key = {k->party_model_id, k->version};
	enum err rc = model_store_get(k->db, &key, k->fd, err);

	if (rc == ERR_NOTFOUND)
		err_set(err, rc, "it was never stored there");
	return rc;
}

/*
 * The row is the site's, wherever the archive came from. A model that is there
 * without one is what a task that was killed before the row has restored.
 */
static enum err
unpack(struct keeper *k, struct buf *err)
{
	struct db *db = db_new(keeper_cfg());
	bool is_adopted = false;
	enum err rc = model_archive_import(
	    &k->model, k->fd, keeper_cfg()->api.model_limit, err);

	if (!rc)
		rc = center_register(db, &k->model, err);
	else if (rc == ERR_CONFLICT) {
		buf_reset(err);
		rc = center_adopt(db, &k->model, &is_adopted, err);
		if (!rc && !is_adopted)
			rc = err_set(err, ERR_CONFLICT,
			    "the model is on this site already");
	}
	db_close(&db);
	return rc;
}

static enum err
restore(struct task *t, struct keeper *k, struct buf *err)
{
	enum err rc;

	task_progress(t, 10, "reading the stored archive");
	rc = fetch(k, err);
	if (!rc) {
		task_progress(t, 50, "checking and unpacking it");
		rc = unpack(k, err);
	}
	if (!rc)
		task_log(t, "restored %s %s", k->party_model_id, k->version);
	return rc;
}

enum err
keeper_restore(struct task *t, struct buf *err)
{
	static const struct keeper_verb verb = {"Restore", "from", restore};

	return keeper_run(t, &verb, err);
}
