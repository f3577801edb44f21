/*
 * A table is found by the SHA-256 of its namespace, a NUL and its name: two
 * names of 512 characters outgrow an index, and the server would take "a" and
 * "a " for the same. is_current is 1 or NULL, so that the unique key over it
 * lets through one current version and any number of old ones.
 */
#include <stdlib.h>

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/store/catalogue.h"

#define QUERY_LIMIT_MS 10000

#define COLUMNS                                                    \
	"id, namespace, name, version, is_current, file, "         \
	"row_count, partitions, schema_json, digest, ledger_json," \
	" job_id, create_time"

enum {
	TABLE_FIND,
	TABLE_GET,
	TABLE_END_CURRENT,
	TABLE_LAST_VERSION,
	TABLE_INSERT,
	TABLE_DELETE,
	TABLE_NEWEST,
	TABLE_SWEEP,
	TABLE_ENDED,
	TABLE_LAST_JOB,
	TABLE_MARK,
	TABLE_SWEPT,
	TABLE_HAS_FILE,
	TABLE_DELETE_MADE,
	TABLE__MAX
};

static const char *const stmts[TABLE__MAX] = {
    [TABLE_HAS_FILE] = "SELECT id FROM data_table WHERE file = ?",
    [TABLE_FIND] = "SELECT " COLUMNS " FROM data_table"
		   " WHERE name_key = ? AND is_current = 1",
    [TABLE_GET] = "SELECT " COLUMNS " FROM data_table"
		  " WHERE id = ? AND deleted < 2",
    [TABLE_END_CURRENT] = "UPDATE data_table"
			  " SET is_current = NULL, ended_time = ?"
			  " WHERE name_key = ? AND is_current = 1",
    [TABLE_LAST_VERSION] = "SELECT MAX(version) FROM data_table"
			   " WHERE name_key = ?",
    [TABLE_INSERT] = "INSERT INTO data_table (name_key, namespace, name,"
		     " version, is_current, file, row_count, partitions,"
		     " schema_json, digest, ledger_json, job_id,"
		     " create_time, deleted)"
		     " VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
    [TABLE_DELETE] = "UPDATE data_table"
		     " SET is_current = NULL, deleted = 1, ended_time = ?"
		     " WHERE name_key = ? AND is_current = 1",
    /* LIMIT: no index has the namespace, so this walks back over the ids. */
    [TABLE_NEWEST] = "SELECT name FROM data_table WHERE namespace = ?"
		     " AND is_current = 1 ORDER BY id DESC LIMIT 1",
    [TABLE_SWEEP] = "SELECT id, file FROM data_table AS t"
		    " WHERE deleted IN (0, 1) AND is_current IS NULL"
		    " AND sweep_seq IS NOT NULL AND NOT EXISTS"
		    " (SELECT 1 FROM job_run AS j WHERE j.live = 1"
		    " AND j.seq <= t.sweep_seq)"
		    " ORDER BY id LIMIT ?",
    [TABLE_ENDED] = "SELECT id FROM data_table WHERE deleted IN (0, 1)"
		    " AND is_current IS NULL AND sweep_seq IS NULL"
		    " ORDER BY id LIMIT ?",
    [TABLE_LAST_JOB] = "SELECT MAX(seq) FROM job_run",
    [TABLE_MARK] = "UPDATE data_table SET sweep_seq = ?"
		   " WHERE id = ? AND sweep_seq IS NULL",
    [TABLE_SWEPT] = "UPDATE data_table SET deleted = 2"
		    " WHERE id = ? AND is_current IS NULL",
    [TABLE_DELETE_MADE] =
	"UPDATE data_table SET is_current = NULL, deleted = 1,"
	" ended_time = COALESCE(ended_time, ?)"
	" WHERE id = ? AND job_id = ? AND deleted = 0",
};
DB_STATEMENTS(stmts);

static struct db_bind
name_key(
    const char *name_space, const char *name, uint8_t out[DIGEST_SHA256_LEN])
{
	struct digest *d = digest_new();

	/* The NUL of the namespace parts the two. */
	digest_update(d, name_space, strlen(name_space) + 1);
	digest_update(d, name, strlen(name));
	digest_final(d, out);
	return DB_BYTES(out, DIGEST_SHA256_LEN);
}

void
catalogue_release(struct catalogue_table *t)
{
	free(t->name_space);
	free(t->name);
	free(t->file);
	free(t->schema_json);
	free(t->digest);
	free(t->ledger_json);
	free(t->job_id);
	memset(t, 0, sizeof(*t));
}

static void
read_row(const struct db_rows *r, struct catalogue_table *out)
{
	out->id = db_int(r, 0);
	out->name_space = xstrdup(db_text(r, 1));
	out->name = xstrdup(db_text(r, 2));
	out->version = (int)db_int(r, 3);
	out->is_current = !db_is_null(r, 4);
	out->file = xstrdup(db_text(r, 5));
	out->rows = db_int(r, 6);
	out->partitions = (int)db_int(r, 7);
	out->schema_json = xstrdup(db_text(r, 8));
	out->digest = xstrdup(db_text(r, 9));
	out->ledger_json = xstrdup_null(db_text(r, 10));
	out->job_id = xstrdup_null(db_text(r, 11));
	out->create_time = db_int(r, 12);
}

static enum err
no_such_table(const char *name_space, const char *name, struct buf *err)
{
	return err_set(err, ERR_NOTFOUND,
	    "there is no table %s in namespace %s", name, name_space);
}

enum err
catalogue_find(struct db *db, const char *name_space, const char *name,
    struct catalogue_table *out, struct buf *err)
{
	uint8_t key[DIGEST_SHA256_LEN];
	struct db_rows *r = NULL;
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = db_one(db, stmts[TABLE_FIND],
	    DB_BINDS(name_key(name_space, name, key)), &r, err);
	if (rc == ERR_OK)
		read_row(r, out);
	db_end(&r);
	if (rc == ERR_NOTFOUND)
		return no_such_table(name_space, name, err);
	return rc;
}

enum err
catalogue_get(
    struct db *db, int64_t id, struct catalogue_table *out, struct buf *err)
{
	struct db_rows *r = NULL;
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = db_one(db, stmts[TABLE_GET], DB_BINDS(DB_INT(id)), &r, err);
	if (rc == ERR_OK)
		read_row(r, out);
	db_end(&r);
	if (rc == ERR_NOTFOUND)
		return err_set(err, ERR_NOTFOUND,
		    "the table version %lld is gone", (long long)id);
	return rc;
}

struct publication {
	const struct catalogue_table *table;
	int64_t id;
};

static enum err
insert_version(struct db *db, const struct catalogue_table *t,
    struct db_bind key, struct buf *err)
{
	int64_t last = 0;
	enum err rc = db_number(
	    db, stmts[TABLE_LAST_VERSION], DB_BINDS(key), 0, &last, err);

	if (rc != ERR_OK)
		return rc;
	return db_exec(db, stmts[TABLE_INSERT],
	    DB_BINDS(key, DB_TEXT(t->name_space), DB_TEXT(t->name),
		DB_INT(last + 1), DB_TEXT(t->file), DB_INT(t->rows),
		DB_INT(t->partitions), DB_TEXT(t->schema_json),
		DB_TEXT(t->digest), DB_TEXT(t->ledger_json), DB_TEXT(t->job_id),
		DB_INT(t->create_time)),
	    err);
}

static enum err
publish(struct db *db, void *ctx, struct buf *err)
{
	struct publication *p = ctx;
	const struct catalogue_table *t = p->table;
	uint8_t bytes[DIGEST_SHA256_LEN];
	struct db_bind key = name_key(t->name_space, t->name, bytes);
	enum err rc;

	rc = db_exec(db, stmts[TABLE_END_CURRENT],
	    DB_BINDS(DB_INT(t->create_time), key), err);
	if (rc == ERR_OK)
		rc = insert_version(db, t, key, err);
	/* Another published the same name since: the next run goes after it. */
	if (rc == ERR_CONFLICT)
		db_repeat(db);
	p->id = db_last_id(db);
	return rc;
}

enum err
catalogue_publish(struct db *db, const struct catalogue_table *t,
    int64_t *id_out, struct buf *err)
{
	struct publication p = {.table = t};
	enum err rc = db_transact(db, publish, &p, err);

	*id_out = p.id;
	return rc;
}

enum err
catalogue_delete(struct db *db, const char *name_space, const char *name,
    int64_t now, struct buf *err)
{
	uint8_t key[DIGEST_SHA256_LEN];
	enum err rc = db_exec(db, stmts[TABLE_DELETE],
	    DB_BINDS(DB_INT(now), name_key(name_space, name, key)), err);

	if (rc == ERR_OK && !db_affected(db))
		return no_such_table(name_space, name, err);
	return rc;
}

enum err
catalogue_newest(
    struct db *db, const char *name_space, char **name_out, struct buf *err)
{
	struct db_rows *r = NULL;
	enum err rc = db_limit(db, QUERY_LIMIT_MS, err);

	if (!rc)
		rc = db_one(db, stmts[TABLE_NEWEST],
		    DB_BINDS(DB_TEXT(name_space)), &r, err);
	if (!rc)
		*name_out = xstrdup(db_text(r, 0));
	db_end(&r);
	if (rc == ERR_NOTFOUND)
		return err_set(
		    err, rc, "there is no table in namespace %s", name_space);
	return rc;
}

/*
 * In this order: a version is seen to have ended, then which job is the last.
 * Any that comes after it finds the version ended too.
 */
static enum err
mark_ended(struct db *db, int limit, size_t *n_out, struct buf *err)
{
	struct db_rows *r = NULL;
	int64_t last = 0;
	enum err rc =
	    db_query(db, stmts[TABLE_ENDED], DB_BINDS(DB_INT(limit)), &r, err);

	*n_out = 0;
	while (rc == ERR_OK && (rc = db_next(r, err)) == ERR_OK) {
		if (!(*n_out)++)
			rc = db_number(
			    db, stmts[TABLE_LAST_JOB], DB_NONE, 0, &last, err);
		if (rc == ERR_OK)
			rc = db_exec(db, stmts[TABLE_MARK],
			    DB_BINDS(DB_INT(last), DB_INT(db_int(r, 0))), err);
	}
	db_end(&r);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

enum err
catalogue_sweep(struct db *db, int limit, catalogue_sweep_each *each, void *ctx,
    size_t *n_new_out, struct buf *err)
{
	struct db_rows *r = NULL;
	enum err rc =
	    db_query(db, stmts[TABLE_SWEEP], DB_BINDS(DB_INT(limit)), &r, err);

	*n_new_out = 0;
	while (rc == ERR_OK && (rc = db_next(r, err)) == ERR_OK)
		each(db_int(r, 0), db_text(r, 1), ctx);
	db_end(&r);
	return rc == ERR_NOTFOUND ? mark_ended(db, limit, n_new_out, err) : rc;
}

enum err
catalogue_swept(struct db *db, int64_t id, struct buf *err)
{
	return db_exec_one(db, stmts[TABLE_SWEPT], DB_BINDS(DB_INT(id)), err);
}

enum err
catalogue_delete_made(
    struct db *db, int64_t id, const char *job_id, int64_t now, struct buf *err)
{
	return db_exec(db, stmts[TABLE_DELETE_MADE],
	    DB_BINDS(DB_INT(now), DB_INT(id), DB_TEXT(job_id)), err);
}

enum err
catalogue_has_file(struct db *db, const char *file, bool *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc = db_query(
	    db, stmts[TABLE_HAS_FILE], DB_BINDS(DB_TEXT(file)), &rows, err);

	if (!rc)
		rc = db_next(rows, err);
	db_end(&rows);
	*out = !rc;
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}
