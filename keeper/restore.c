/*
 * ModelRestore: what the database gives is looked at like any archive from
 * outside, and becomes a model by one rename.
 */
#include "keeper/keeper.h"

#include "lib/base/clock.h"
#include "lib/base/path.h"
#include "lib/core/ids.h"
#include "lib/model/model_archive.h"
#include "lib/model/model_tree.h"
#include "lib/store/model_meta.h"

static enum err
fetch(struct keeper *k, struct buf *err)
{
	struct model_store_key key = {k->party_model_id, k->version};
	enum err rc = model_store_get(k->db, &key, k->fd, err);

	if (rc == ERR_NOTFOUND)
		err_set(err, rc, "it was never stored there");
	return rc;
}

static enum err
unpack(struct keeper *k, struct buf *err)
{
	enum err rc = model_archive_import(
	    &k->model, k->fd, keeper_cfg()->api.model_limit, err);

	if (rc == ERR_CONFLICT)
		err_set(err, rc, "the model is on this site already");
	return rc;
}

/* The row is the site's, wherever the archive came from. */
static enum err
register_model(struct keeper *k, struct buf *err)
{
	struct buf roles = BUF_INIT;
	struct ingest_model m = {.role = k->model.role,
	    .party_id = k->model.party_id,
	    .job_id = ids_is_job(k->version) ? k->version : "",
	    .model_id = k->model.model_id,
	    .model_version = k->version,
	    .now = clock_wall_ms()};
	struct db *db = db_new(keeper_cfg());
	enum err rc = model_tree_describe(&k->model, &roles, &m.size, err);

	m.roles = roles.ptr;
	if (!rc)
		rc = model_meta_set(db, &m, err);
	if (rc)
		model_tree_remove(&k->model);
	db_close(&db);
	buf_release(&roles);
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
		rc = register_model(k, err);
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
