/*
 * FATE-Flow deletes no model; its operators remove folders by hand. Here the
 * folder goes first, in one step, then its row, then the files.
 */
#include "lib/base/json.h"
#include "lib/base/path.h"
#include "lib/center/center.h"
#include "lib/core/ids.h"
#include "lib/model/model_tree.h"
#include "lib/store/model_meta.h"

static bool
is_text(const cJSON *v, const char *text)
{
	const char *s = cJSON_GetStringValue(v);

	return s && !strcmp(s, text);
}

/* A job of role local (store, restore) names the model in its parameters. */
static bool
keeps(const cJSON *conf, const char *party_model, const char *version)
{
	const cJSON *local =
	    json_get(json_get(conf, "role_parameters"), "local");
	const cJSON *c;

	cJSON_ArrayForEach(c, local)
	{
		const cJSON *id = json_get(c, "model_id");
		const cJSON *v = json_get(c, "model_version");

		if (is_text(cJSON_GetArrayItem(id, 0), party_model) &&
		    is_text(cJSON_GetArrayItem(v, 0), version))
			return true;
	}
	return false;
}

/* A training makes it, a prediction reads it. */
static bool
uses(const cJSON *conf, const struct model_ref *m, const char *party_model)
{
	const cJSON *p = json_get(conf, "job_parameters");

	return (is_text(json_get(p, "model_id"), m->model_id) &&
		   is_text(json_get(p, "model_version"), m->version)) ||
	       keeps(conf, party_model, m->version);
}

static enum err
judge_job(const struct db_rows *r, const struct model_ref *m,
    const char *party_model, struct buf *err)
{
	cJSON *conf = NULL;
	enum err rc = json_parse(
	    db_text(r, 1), db_len(r, 1), "a job's configuration", &conf, err);

	if (!rc && uses(conf, m, party_model))
		rc = err_set(err, ERR_CONFLICT,
		    "job %s uses the model and has not ended: wait for it, or "
		    "stop it",
		    db_text(r, 0));
	cJSON_Delete(conf);
	return rc;
}

static enum err
check_jobs(struct db *db, const struct model_ref *m, const char *party_model,
    struct buf *err)
{
	struct db_rows *r = NULL;
	enum err rc = model_meta_live_jobs(db, &r, err);

	while (!rc && !(rc = db_next(r, err)))
		rc = judge_job(r, m, party_model, err);
	db_end(&r);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* A row without files, or files without a row, are both worth the deletion. */
static enum err
take_away(struct db *db, const struct model_ref *m, const char *party_model,
    struct buf *err)
{
	struct ingest_model row = {.role = m->role,
	    .party_id = m->party_id,
	    .model_id = m->model_id,
	    .model_version = m->version};
	struct buf trash = BUF_INIT;
	enum err files = model_tree_trash(m, &trash, err), rc = files;

	if (!rc || rc == ERR_NOTFOUND)
		rc = model_meta_remove(db, &row, err);
	if (rc == ERR_NOTFOUND)
		rc = files ? err_set(err, rc,
				 "there is no model %s of version %s",
				 party_model, m->version)
			   : ERR_OK;
	if (!files && path_remove_tree(trash.ptr, err) && !rc)
		rc = ERR_IO;
	buf_release(&trash);
	return rc;
}

enum err
center_delete(struct db *db, const struct model_ref *m, struct buf *err)
{
	struct buf party_model = BUF_INIT;
	enum err rc;

	ids_party_model(m->role, m->party_id, m->model_id, &party_model);
	rc = check_jobs(db, m, party_model.ptr, err);
	if (!rc)
		rc = take_away(db, m, party_model.ptr, err);
	buf_release(&party_model);
	return rc;
}
