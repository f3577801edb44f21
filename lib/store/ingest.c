/*
 * Metrics come in batches of as many rows as a task wrote since the last
 * look; the offset behind them is stored with them, so that a batch is read
 * in once whatever dies in between.
 */
#include "lib/store/ingest.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"

enum { INGEST_OFFSET, INGEST_VIEW, INGEST_OUTPUT, INGEST_MODEL, INGEST__MAX };

static const char *const stmts[INGEST__MAX] = {
    [INGEST_OFFSET] =
	"UPDATE t_task SET f_metrics_offset = ? WHERE f_job_id = ?"
	" AND f_task_id = ? AND f_role = ? AND f_party_id = ?",
    [INGEST_VIEW] =
	"INSERT INTO t_data_view (f_job_id, f_task_id, f_role, f_party_id,"
	" f_component_name, f_table_name, f_table_namespace, f_table_id,"
	" f_table_count_upload, f_table_count_actual, f_partition,"
	" f_party_model_id, f_model_version, f_create_time, f_update_time)"
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	" ON DUPLICATE KEY UPDATE f_table_name = VALUES(f_table_name),"
	" f_table_namespace = VALUES(f_table_namespace),"
	" f_table_id = VALUES(f_table_id),"
	" f_table_count_upload = VALUES(f_table_count_upload),"
	" f_table_count_actual = VALUES(f_table_count_actual),"
	" f_partition = VALUES(f_partition),"
	" f_party_model_id = VALUES(f_party_model_id),"
	" f_model_version = VALUES(f_model_version),"
	" f_update_time = VALUES(f_update_time)",
    [INGEST_OUTPUT] =
	"SELECT d.namespace, d.name, d.file, v.f_partition"
	" FROM t_data_view v JOIN data_table d ON d.id = v.f_table_id"
	" WHERE v.f_job_id = ? AND v.f_task_id = ? AND v.f_role = ?"
	" AND v.f_party_id = ? AND d.deleted = 0",
    [INGEST_MODEL] =
	"INSERT INTO t_machine_learning_model_meta (model_key, f_role,"
	" f_party_id, f_roles, f_job_id, f_model_id, f_model_version,"
	" f_size, f_create_time, f_update_time)"
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	" ON DUPLICATE KEY UPDATE f_size = f_size + VALUES(f_size),"
	" f_update_time = VALUES(f_update_time)",
};
DB_STATEMENTS(stmts);

#define METRIC_COLUMNS 13
#define KEY_TEXTS(k)                                                     \
	DB_TEXT((k)->job_id), DB_TEXT((k)->task_id), DB_TEXT((k)->role), \
	    DB_TEXT((k)->party_id)

static void
metric_values(const struct task_run_key *k, const struct ingest_metrics *m,
    size_t i, struct db_bind *v)
{
	const struct ingest_metric *e = &m->v[i];
	const struct db_bind row[METRIC_COLUMNS] = {DB_BYTES(k->job_id, 8),
	    DB_TEXT(k->job_id), DB_TEXT(m->component), DB_TEXT(k->task_id),
	    DB_TEXT(k->role), DB_TEXT(k->party_id), DB_INT(m->attempt),
	    DB_TEXT(e->name_space), DB_TEXT(e->name), DB_TEXT(e->key),
	    DB_TEXT(e->value), DB_INT(e->type), DB_INT(m->now)};

	memcpy(v, row, sizeof(row));
}

enum err
ingest_metrics(struct db *db, const struct task_run_key *k,
    const struct ingest_metrics *m, struct buf *err)
{
	struct db_multi multi = {
	    .head = "INSERT INTO t_tracking_metric (f_day, f_job_id,"
		    " f_component_name, f_task_id, f_role, f_party_id,"
		    " f_attempt, f_metric_namespace, f_metric_name, f_key,"
		    " f_value, f_type, f_create_time)",
	    .tail = "",
	    .n_cols = METRIC_COLUMNS,
	    .n_rows = m->n,
	};
	struct db_bind *values =
	    xreallocarray(NULL, m->n + 1, METRIC_COLUMNS * sizeof(*values));
	enum err rc = ERR_OK;

	for (size_t i = 0; i < m->n; i++)
		metric_values(k, m, i, values + i * METRIC_COLUMNS);
	multi.values = values;
	if (m->n)
		rc = db_insert_many(db, &multi, err);
	if (!rc)
		rc = db_exec(db, stmts[INGEST_OFFSET],
		    DB_BINDS(DB_INT(m->offset), KEY_TEXTS(k)), err);
	free(values);
	return rc;
}

static struct db_bind
int_or_null(int64_t v, bool is_null)
{
	return is_null ? DB_NULL : DB_INT(v);
}

enum err
ingest_view(struct db *db, const struct task_run_key *k,
    const struct ingest_view *v, struct buf *err)
{
	return db_exec(db, stmts[INGEST_VIEW],
	    DB_BINDS(KEY_TEXTS(k), DB_TEXT(v->component),
		DB_TEXT(v->table_name), DB_TEXT(v->table_namespace),
		int_or_null(v->table_id, !v->table_id),
		int_or_null(v->count_upload, v->count_upload < 0),
		int_or_null(v->count_actual, v->count_actual < 0),
		int_or_null(v->partitions, v->partitions < 0),
		DB_TEXT(v->party_model_id), DB_TEXT(v->model_version),
		DB_INT(v->now), DB_INT(v->now)),
	    err);
}

enum err
ingest_output(struct db *db, const struct task_run_key *k,
    struct ingest_table *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_one(
	    db, stmts[INGEST_OUTPUT], DB_BINDS(KEY_TEXTS(k)), &rows, err);

	memset(out, 0, sizeof(*out));
	if (!rc) {
		out->name_space = xstrdup(db_text(rows, 0));
		out->name = xstrdup(db_text(rows, 1));
		out->file = xstrdup(db_text(rows, 2));
		out->partitions = db_int(rows, 3);
	}
	db_end(&rows);
	return rc;
}

void
ingest_table_release(struct ingest_table *t)
{
	free(t->name_space);
	free(t->name);
	free(t->file);
	memset(t, 0, sizeof(*t));
}

void
ingest_model_key(const struct ingest_model *m, uint8_t out[DIGEST_SHA256_LEN])
{
	const char *parts[] = {
	    m->role, m->party_id, m->model_id, m->model_version};
	struct digest *d = digest_new();

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		bool last = i + 1 == ARRAY_LEN(parts);

		digest_update(d, parts[i], strlen(parts[i]) + !last);
	}
	digest_final(d, out);
}

enum err
ingest_model(struct db *db, const struct ingest_model *m, struct buf *err)
{
	uint8_t key[DIGEST_SHA256_LEN];

	ingest_model_key(m, key);
	return db_exec(db, stmts[INGEST_MODEL],
	    DB_BINDS(DB_BYTES(key, sizeof(key)), DB_TEXT(m->role),
		DB_TEXT(m->party_id), DB_TEXT(m->roles), DB_TEXT(m->job_id),
		DB_TEXT(m->model_id), DB_TEXT(m->model_version),
		DB_INT(m->size), DB_INT(m->now), DB_INT(m->now)),
	    err);
}
