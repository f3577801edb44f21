/* Found by the same key as in ingest.c. */
#include "lib/store/model_meta.h"

#include "lib/base/digest.h"

enum { META_SET, META_HAS, META_REMOVE, META_LIST, META_LIVE_JOBS, META__MAX };

static const char *const stmts[META__MAX] = {
    [META_SET] = "INSERT INTO t_machine_learning_model_meta (model_key, f_role,"
		 " f_party_id, f_roles, f_job_id, f_model_id, f_model_version,"
		 " f_size, f_create_time, f_update_time)"
		 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		 " ON DUPLICATE KEY UPDATE f_roles = VALUES(f_roles),"
		 " f_job_id = VALUES(f_job_id), f_size = VALUES(f_size),"
		 " f_update_time = VALUES(f_update_time)",
    [META_HAS] = "SELECT COUNT(*) FROM t_machine_learning_model_meta"
		 " WHERE model_key = ?",
    [META_REMOVE] = "DELETE FROM t_machine_learning_model_meta"
		    " WHERE model_key = ?",
    [META_LIST] = "SELECT f_role, f_party_id, f_model_id, f_model_version,"
		  " f_size, f_create_time, f_job_id"
		  " FROM t_machine_learning_model_meta ORDER BY f_id",
    [META_LIVE_JOBS] = "SELECT job_id, f_runtime_conf FROM job_run"
		       " WHERE live = 1 ORDER BY seq",
};
DB_STATEMENTS(stmts);

enum err
model_meta_set(struct db *db, const struct ingest_model *m, struct buf *err)
{
	uint8_t key[DIGEST_SHA256_LEN];

	ingest_model_key(m, key);
	return db_exec(db, stmts[META_SET],
	    DB_BINDS(DB_BYTES(key, sizeof(key)), DB_TEXT(m->role),
		DB_TEXT(m->party_id), DB_TEXT(m->roles), DB_TEXT(m->job_id),
		DB_TEXT(m->model_id), DB_TEXT(m->model_version),
		DB_INT(m->size), DB_INT(m->now), DB_INT(m->now)),
	    err);
}

enum err
model_meta_has(
    struct db *db, const struct ingest_model *m, bool *out, struct buf *err)
{
	uint8_t key[DIGEST_SHA256_LEN];
	int64_t n = 0;
	enum err rc;

	ingest_model_key(m, key);
	rc = db_number(db, stmts[META_HAS],
	    DB_BINDS(DB_BYTES(key, sizeof(key))), 0, &n, err);
	*out = n > 0;
	return rc;
}

enum err
model_meta_remove(struct db *db, const struct ingest_model *m, struct buf *err)
{
	uint8_t key[DIGEST_SHA256_LEN];
	enum err rc;

	ingest_model_key(m, key);
	rc = db_exec(
	    db, stmts[META_REMOVE], DB_BINDS(DB_BYTES(key, sizeof(key))), err);
	return !rc && !db_affected(db) ? ERR_NOTFOUND : rc;
}

enum err
model_meta_stream(struct db *db, struct db_rows **out, struct buf *err)
{
	return db_stream(db, stmts[META_LIST], DB_NONE, out, err);
}

enum err
model_meta_live_jobs(struct db *db, struct db_rows **out, struct buf *err)
{
	return db_stream(db, stmts[META_LIVE_JOBS], DB_NONE, out, err);
}
