/*
 * The writer. Rows go into the file in their final order, so SQLite only ever
 * appends to the right edge of a tree. Beside the rows it keeps a sparse index
 * by length and bytes of the id, one mark in MARK_EVERY rows. (An index of all
 * ids would sort them a second time, by another order, in files of SQLite's
 * own choosing, and double the time; uniqueness is certain here because equal
 * ids are neighbours.)
 *
 * The file grows under "<path>.part" without journal or syncs and becomes
 * visible, synced, by rename. The name itself is not: it is in the folder of
 * a task, out of which the scheduler moves it and then syncs the place.
 */
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/table/row.h"
#include "lib/table/sort.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGEST_BUF_LEN ((size_t)64 << 10)

struct table_writer {
	struct buf path, part;
	struct table_schema schema;
	enum table_order order;
	sqlite3 *db;
	sqlite3_stmt *insert;
	sqlite3_stmt *mark;
	struct sorter *sorter; /* TABLE_UNSORTED */
	struct digest *digest;
	struct buf to_digest; /* flat rows, digested in large pieces */
	struct buf scratch;   /* one encoded row */
	struct buf last_id;
	int64_t rows;
	int64_t duplicates;
};

static const char setup_sql[] =
    "PRAGMA page_size=16384;"
    "PRAGMA journal_mode=OFF;"
    "PRAGMA synchronous=OFF;"
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA cache_size=-2048;"
    "PRAGMA temp_store=MEMORY;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE row(pos INTEGER PRIMARY KEY, id TEXT NOT NULL, label, "
    "value);"
    "CREATE TABLE mark(len INTEGER, id TEXT, pos INTEGER NOT NULL, "
    "PRIMARY KEY(len, id)) WITHOUT ROWID;"
    "BEGIN";

static const char insert_sql[] =
    "INSERT INTO row(pos, id, label, value) VALUES(?1, ?2, ?3, ?4)";
static const char mark_sql[] =
    "INSERT INTO mark(pos, id, len) VALUES(?1, ?2, ?3)";

static enum err
db_fault(const struct table_writer *w, struct buf *err)
{
	bool is_full = w->db && sqlite3_errcode(w->db) == SQLITE_FULL;

	return err_set(err, is_full ? ERR_FULL : ERR_IO,
	    "cannot write the table %s: %s", w->path.ptr,
	    w->db ? sqlite3_errmsg(w->db) : "out of memory");
}

static enum err
start_file(struct table_writer *w, struct buf *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;

	unlink(w->part.ptr);
	if (sqlite3_open_v2(w->part.ptr, &w->db, flags, NULL) ||
	    sqlite3_exec(w->db, setup_sql, NULL, NULL, NULL) ||
	    sqlite3_prepare_v2(w->db, insert_sql, -1, &w->insert, NULL) ||
	    sqlite3_prepare_v2(w->db, mark_sql, -1, &w->mark, NULL))
		return db_fault(w, err);
	return ERR_OK;
}

enum err
table_writer_open(const char *path, const struct table_schema *schema,
    enum table_order order, struct table_writer **out, struct buf *err)
{
	struct table_writer *w = xcalloc(1, sizeof(*w));
	enum err rc;

	buf_init(&w->path);
	buf_init(&w->part);
	buf_init(&w->to_digest);
	buf_init(&w->scratch);
	buf_init(&w->last_id);
	path_set(&w->path, "%s", path);
	path_set(&w->part, "%s.part", path);
	table_schema_copy(&w->schema, schema);
	w->order = order;
	w->digest = digest_new();
	if (order == TABLE_UNSORTED)
		w->sorter = sorter_new(path, SORTER_ARENA_LEN);
	rc = start_file(w, err);
	if (rc)
		table_writer_abort(&w);
	*out = w;
	return rc;
}

static void
bind_label(sqlite3_stmt *st, const struct record *rec)
{
	int64_t i;
	double r;

	if (rec->label_type == TABLE_LABEL_INT) {
		row_swap64(&i, rec->label, 1);
		sqlite3_bind_int64(st, 3, i);
	} else if (rec->label_type == TABLE_LABEL_REAL) {
		row_swap64(&r, rec->label, 1);
		sqlite3_bind_double(st, 3, r);
	} else if (rec->label_type == TABLE_LABEL_TEXT) {
		sqlite3_bind_text(
		    st, 3, rec->label, (int)rec->label_len, SQLITE_STATIC);
	} else {
		sqlite3_bind_null(st, 3);
	}
}

static void
digest_row(struct table_writer *w, const struct record *rec)
{
	size_t len = record_flat_len(rec);

	buf_reserve(&w->to_digest, len);
	record_flatten(rec, w->to_digest.ptr + w->to_digest.len);
	w->to_digest.len += len;
	if (w->to_digest.len < DIGEST_BUF_LEN)
		return;
	digest_update(w->digest, w->to_digest.ptr, w->to_digest.len);
	buf_reset(&w->to_digest);
}

static enum err
put_mark(struct table_writer *w, const struct record *rec, struct buf *err)
{
	if (w->rows % MARK_EVERY)
		return ERR_OK;
	sqlite3_bind_int64(w->mark, 1, w->rows);
	sqlite3_bind_text(w->mark, 2, rec->id, (int)rec->id_len, SQLITE_STATIC);
	sqlite3_bind_int64(w->mark, 3, rec->id_len);
	if (sqlite3_step(w->mark) != SQLITE_DONE || sqlite3_reset(w->mark))
		return db_fault(w, err);
	return ERR_OK;
}

static enum err
put(struct table_writer *w, const struct record *rec, struct buf *err)
{
	sqlite3_stmt *st = w->insert;

	sqlite3_bind_int64(st, 1, w->rows);
	sqlite3_bind_text(st, 2, rec->id, (int)rec->id_len, SQLITE_STATIC);
	bind_label(st, rec);
	if (w->schema.kind == TABLE_DENSE || w->schema.kind == TABLE_SPARSE)
		sqlite3_bind_blob(st, 4, rec->value_len ? rec->value : "",
		    (int)rec->value_len, SQLITE_STATIC);
	else
		sqlite3_bind_text(st, 4, rec->value_len ? rec->value : "",
		    (int)rec->value_len, SQLITE_STATIC);
	if (sqlite3_step(st) != SQLITE_DONE || sqlite3_reset(st))
		return db_fault(w, err);
	if (put_mark(w, rec, err))
		return ERR_IO;
	digest_row(w, rec);
	buf_reset(&w->last_id);
	buf_add(&w->last_id, rec->id, rec->id_len);
	w->rows++;
	return ERR_OK;
}

static enum err
put_sorted(struct table_writer *w, const struct record *rec, struct buf *err)
{
	if (w->rows && table_compare_ids(w->last_id.ptr, w->last_id.len,
			   rec->id, rec->id_len) >= 0)
		return err_set(err, ERR_INVALID,
		    "row '%.*s' stands behind row '%s', against the order of "
		    "ids",
		    (int)rec->id_len, rec->id, w->last_id.ptr);
	return put(w, rec, err);
}

enum err
table_writer_add(
    struct table_writer *w, const struct table_row *row, struct buf *err)
{
	struct record rec;
	enum err rc =
	    record_encode(&rec, row, w->schema.kind, &w->scratch, err);

	if (rc)
		return rc;
	return w->sorter ? sorter_add(w->sorter, &rec, err)
			 : put_sorted(w, &rec, err);
}

/* The first of equal ids is the one that came last. */
static enum err
put_all_sorted(struct table_writer *w, struct buf *err)
{
	struct record rec;
	enum err rc = sorter_finish(w->sorter, err);

	while (!rc && !(rc = sorter_next(w->sorter, &rec, err))) {
		if (w->rows && rec.id_len == w->last_id.len &&
		    !memcmp(rec.id, w->last_id.ptr, rec.id_len))
			w->duplicates++;
		else
			rc = put(w, &rec, err);
	}
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static enum err
put_meta(
    struct table_writer *w, const char *key, const char *value, struct buf *err)
{
	sqlite3_stmt *st = NULL;
	enum err rc = ERR_OK;

	if (!value)
		return ERR_OK;
	if (sqlite3_prepare_v2(w->db,
		"INSERT INTO meta(key, value) VALUES(?1, ?2)", -1, &st, NULL) ||
	    sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC) ||
	    sqlite3_bind_text(st, 2, value, -1, SQLITE_STATIC) ||
	    sqlite3_step(st) != SQLITE_DONE)
		rc = db_fault(w, err);
	sqlite3_finalize(st);
	return rc;
}

static enum err
put_metas(struct table_writer *w, const char *digest, struct buf *err)
{
	struct buf header = BUF_INIT;
	char rows[24];
	cJSON *list = table_header_list(&w->schema);
	const char *metas[][2] = {
	    {"format", "1"},
	    {"kind", table_kind_name(w->schema.kind)},
	    {"sid_name", w->schema.sid_name},
	    {"label_name", w->schema.label_name},
	    {"header", NULL},
	    {"rows", rows},
	    {"digest", digest},
	};
	enum err rc = ERR_OK;

	json_print(list, JSON_COMPACT, &header);
	metas[4][1] = header.ptr;
	snprintf(rows, sizeof(rows), "%lld", (long long)w->rows);
	for (size_t i = 0; !rc && i < ARRAY_LEN(metas); i++)
		rc = put_meta(w, metas[i][0], metas[i][1], err);
	cJSON_Delete(list);
	buf_release(&header);
	return rc;
}

static void
end_digest(struct table_writer *w, char hex[DIGEST_HEX_LEN])
{
	uint8_t bytes[DIGEST_SHA256_LEN];

	digest_update(w->digest, w->to_digest.ptr, w->to_digest.len);
	digest_final(w->digest, bytes);
	w->digest = NULL;
	digest_hex(bytes, sizeof(bytes), hex);
}

static enum err
close_file(struct table_writer *w, struct buf *err)
{
	sqlite3_finalize(w->insert);
	sqlite3_finalize(w->mark);
	w->insert = w->mark = NULL;
	if (sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL) ||
	    sqlite3_close(w->db))
		return db_fault(w, err);
	w->db = NULL;
	return ERR_OK;
}

static enum err
publish(struct table_writer *w, struct buf *err)
{
	int fd = open(w->part.ptr, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum err rc = ERR_OK;

	if (fd < 0 || fsync(fd) < 0 || fchmod(fd, 0440) < 0)
		rc = err_set_errno(err, ERR_IO, "cannot sync %s", w->part.ptr);
	if (fd >= 0)
		close(fd);
	if (!rc && rename(w->part.ptr, w->path.ptr) < 0)
		rc = err_set_errno(
		    err, ERR_IO, "cannot rename to %s", w->path.ptr);
	return rc;
}

enum err
table_writer_finish(
    struct table_writer **wp, struct table_stats *stats_out, struct buf *err)
{
	struct table_writer *w = *wp;
	struct table_stats stats = {0};
	enum err rc = ERR_OK;

	if (w->sorter)
		rc = put_all_sorted(w, err);
	if (rc)
		goto out;
	end_digest(w, stats.digest);
	rc = put_metas(w, stats.digest, err);
	if (!rc)
		rc = close_file(w, err);
	if (!rc)
		rc = publish(w, err);
	if (rc)
		goto out;
	stats.rows = w->rows;
	stats.duplicates = w->duplicates;
	if (stats_out)
		*stats_out = stats;
out:
	table_writer_abort(wp);
	return rc;
}

void
table_writer_abort(struct table_writer **wp)
{
	struct table_writer *w = *wp;

	if (!w)
		return;
	sqlite3_finalize(w->insert);
	sqlite3_finalize(w->mark);
	sqlite3_close(w->db);
	unlink(w->part.ptr);
	sorter_free(w->sorter);
	digest_free(w->digest);
	table_schema_release(&w->schema);
	buf_release(&w->path);
	buf_release(&w->part);
	buf_release(&w->to_digest);
	buf_release(&w->scratch);
	buf_release(&w->last_id);
	free(w);
	*wp = NULL;
}
