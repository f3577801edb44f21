/*
 * The reader. The file never changes once it is published, so SQLite opens it
 * "immutable": no locks, no journal, no write access. Pages are read with
 * pread() into a small cache, never mapped: a file that vanishes or is cut
 * is an error then, not a signal. Positions run from 0 without a gap; a row
 * that is missing or out of place means damage and is said so.
 */
#include "lib/base/mem.h"
#include "lib/table/row.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_KIB "512"

/* A row on its way out: numbers need aligned memory. */
struct slot {
	sqlite3_stmt *stmt;
	double *values;
	uint32_t *columns;
	size_t cap;
};

struct table_reader {
	char *path;
	sqlite3 *db;
	struct slot scan; /* next() */
	struct slot look; /* find() */
	sqlite3_stmt *mark;
	int64_t next_pos;
	struct table_schema schema;
	int64_t rows;
	char *digest;
};

static enum err
damaged(const struct table_reader *r, const char *why, struct buf *err)
{
	return err_set(
	    err, ERR_IO, "the table file %s is damaged: %s", r->path, why);
}

static enum err
db_fault(const struct table_reader *r, struct buf *err)
{
	return damaged(r, r->db ? sqlite3_errmsg(r->db) : "out of memory", err);
}

static enum err
check_file(const char *path, struct buf *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	enum err rc = ERR_OK;

	if (fd < 0)
		return err_set_errno(err,
		    errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "cannot open the table file %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		rc =
		    err_set(err, ERR_INVALID, "%s is not a regular file", path);
	close(fd);
	return rc;
}

static void
make_uri(const char *path, struct buf *uri)
{
	buf_adds(uri, "file:");
	for (; *path; path++)
		if (strchr("?#%", *path))
			buf_addf(uri, "%%%02X", (unsigned char)*path);
		else
			buf_addc(uri, *path);
	buf_adds(uri, "?immutable=1");
}

static enum err
open_db(struct table_reader *r, struct buf *err)
{
	struct buf uri = BUF_INIT;
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	enum err rc = ERR_OK;

	make_uri(r->path, &uri);
	if (sqlite3_open_v2(uri.ptr, &r->db, flags, NULL) ||
	    sqlite3_exec(r->db,
		"PRAGMA mmap_size=0;PRAGMA cache_size=-" CACHE_KIB ";"
		"PRAGMA temp_store=MEMORY;PRAGMA trusted_schema=OFF;"
		"PRAGMA cell_size_check=ON",
		NULL, NULL, NULL))
		rc = db_fault(r, err);
	buf_release(&uri);
	return rc;
}

static enum err
read_header(struct table_reader *r, const char *text, struct buf *err)
{
	cJSON *list = NULL;
	enum err rc = json_parse(text, strlen(text), "the header", &list, err);

	if (rc)
		return rc;
	for (const cJSON *it = list->child; it; it = it->next)
		if (cJSON_IsString(it))
			table_schema_add(&r->schema, it->valuestring);
	cJSON_Delete(list);
	return ERR_OK;
}

static enum err
take_meta(
    struct table_reader *r, const char *key, const char *value, struct buf *err)
{
	char **const texts[] = {
	    &r->schema.sid_name, &r->schema.label_name, &r->digest};
	static const char *const names[] = {"sid_name", "label_name", "digest"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(key, names[i]) && !*texts[i])
			*texts[i] = xstrdup(value);
	if (!strcmp(key, "format") && strcmp(value, "1"))
		return err_set(err, ERR_INVALID,
		    "%s is a table of format %.16s, this program reads 1",
		    r->path, value);
	if (!strcmp(key, "kind"))
		return table_kind_parse(value, &r->schema.kind, err);
	if (!strcmp(key, "rows"))
		r->rows = strtoll(value, NULL, 10);
	if (!strcmp(key, "header"))
		return read_header(r, value, err);
	return ERR_OK;
}

static enum err
read_metas(struct table_reader *r, struct buf *err)
{
	sqlite3_stmt *st = NULL;
	enum err rc = ERR_OK;
	int step = SQLITE_DONE;

	if (sqlite3_prepare_v2(
		r->db, "SELECT key, value FROM meta", -1, &st, NULL))
		return db_fault(r, err);
	while (!rc && (step = sqlite3_step(st)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(st, 0);
		const char *value = (const char *)sqlite3_column_text(st, 1);

		if (key && value)
			rc = take_meta(r, key, value, err);
	}
	if (!rc && step != SQLITE_DONE)
		rc = db_fault(r, err);
	if (!rc && (r->rows < 0 || !r->digest))
		rc = damaged(r, "its description is incomplete", err);
	sqlite3_finalize(st);
	return rc;
}

static enum err
prepare(struct table_reader *r, struct buf *err)
{
	static const char rows_sql[] =
	    "SELECT id, label, value, pos FROM row WHERE pos >= ?1 "
	    "ORDER BY pos";
	static const char mark_sql[] =
	    "SELECT pos FROM mark WHERE (len, id) <= (?1, ?2) "
	    "ORDER BY len DESC, id DESC LIMIT 1";

	if (sqlite3_prepare_v2(r->db, rows_sql, -1, &r->scan.stmt, NULL) ||
	    sqlite3_prepare_v2(r->db, rows_sql, -1, &r->look.stmt, NULL) ||
	    sqlite3_prepare_v2(r->db, mark_sql, -1, &r->mark, NULL))
		return db_fault(r, err);
	return ERR_OK;
}

enum err
table_reader_open(const char *path, struct table_reader **out, struct buf *err)
{
	struct table_reader *r;
	enum err rc = check_file(path, err);

	*out = NULL;
	if (rc)
		return rc;
	r = xcalloc(1, sizeof(*r));
	r->path = xstrdup(path);
	r->rows = -1;
	table_schema_init(&r->schema, TABLE_RAW);
	rc = open_db(r, err);
	if (!rc)
		rc = read_metas(r, err);
	if (!rc)
		rc = prepare(r, err);
	if (rc)
		table_reader_close(&r);
	else
		table_reader_rewind(r);
	*out = r;
	return rc;
}

static void
slot_release(struct slot *s)
{
	sqlite3_finalize(s->stmt);
	free(s->values);
	free(s->columns);
}

void
table_reader_close(struct table_reader **rp)
{
	struct table_reader *r = *rp;

	if (!r)
		return;
	slot_release(&r->scan);
	slot_release(&r->look);
	sqlite3_finalize(r->mark);
	sqlite3_close(r->db);
	table_schema_release(&r->schema);
	free(r->digest);
	free(r->path);
	free(r);
	*rp = NULL;
}

const struct table_schema *
table_reader_schema(const struct table_reader *r)
{
	return &r->schema;
}

int64_t
table_reader_count(const struct table_reader *r)
{
	return r->rows;
}

const char *
table_reader_digest(const struct table_reader *r)
{
	return r->digest;
}

/* ---- rows ---- */

static void
read_label(sqlite3_stmt *st, struct table_label *label)
{
	int type = sqlite3_column_type(st, 1);

	*label = (struct table_label){.type = TABLE_NO_LABEL};
	if (type == SQLITE_INTEGER) {
		label->type = TABLE_LABEL_INT;
		label->i = sqlite3_column_int64(st, 1);
	} else if (type == SQLITE_FLOAT) {
		label->type = TABLE_LABEL_REAL;
		label->r = sqlite3_column_double(st, 1);
	} else if (type == SQLITE_TEXT) {
		label->type = TABLE_LABEL_TEXT;
		label->s = (const char *)sqlite3_column_text(st, 1);
	}
}

static void
slot_reserve(struct slot *s, size_t n)
{
	if (n <= s->cap && s->values)
		return;
	s->cap = n < 16 ? 16 : n;
	s->values = xreallocarray(s->values, s->cap, sizeof(*s->values));
	s->columns = xreallocarray(s->columns, s->cap, sizeof(*s->columns));
}

static bool
read_numbers(struct slot *s, enum table_kind kind, struct table_row *row)
{
	size_t size = kind == TABLE_DENSE ? 8 : 12;
	const char *bytes = sqlite3_column_blob(s->stmt, 2);
	size_t len = (size_t)sqlite3_column_bytes(s->stmt, 2);

	if (len % size)
		return false;
	row->n = len / size;
	slot_reserve(s, row->n);
	row_swap64(s->values, bytes, row->n);
	row->values = s->values;
	if (kind == TABLE_SPARSE && row->n) {
		row_swap32(s->columns, bytes + row->n * 8, row->n);
		row->columns = s->columns;
	}
	return true;
}

static enum err
read_row(struct table_reader *r, struct slot *s, struct table_row *row,
    struct buf *err)
{
	sqlite3_stmt *st = s->stmt;

	*row = (struct table_row){0};
	row->id = (const char *)sqlite3_column_text(st, 0);
	row->id_len = (size_t)sqlite3_column_bytes(st, 0);
	read_label(st, &row->label);
	if (!row->id)
		return damaged(r, "a row has no id", err);
	if (r->schema.kind == TABLE_DENSE || r->schema.kind == TABLE_SPARSE)
		return read_numbers(s, r->schema.kind, row)
			   ? ERR_OK
			   : damaged(r, "a row's numbers are cut", err);
	row->text = (const char *)sqlite3_column_text(st, 2);
	row->text_len = (size_t)sqlite3_column_bytes(st, 2);
	return row->text ? ERR_OK : damaged(r, "a row has no value", err);
}

enum err
table_reader_next(
    struct table_reader *r, struct table_row *row_out, struct buf *err)
{
	int step;

	if (r->next_pos == r->rows)
		return ERR_NOTFOUND;
	step = sqlite3_step(r->scan.stmt);
	if (step == SQLITE_DONE)
		return damaged(r, "rows are missing", err);
	if (step != SQLITE_ROW)
		return db_fault(r, err);
	if (sqlite3_column_int64(r->scan.stmt, 3) != r->next_pos)
		return damaged(r, "a row is out of place", err);
	r->next_pos++;
	return read_row(r, &r->scan, row_out, err);
}

void
table_reader_rewind(struct table_reader *r)
{
	sqlite3_reset(r->scan.stmt);
	sqlite3_bind_int64(r->scan.stmt, 1, 0);
	r->next_pos = 0;
}

/* The marked row at or before the id; ERR_NOTFOUND when it is before all. */
static enum err
find_mark(struct table_reader *r, const char *id, size_t id_len,
    int64_t *pos_out, struct buf *err)
{
	enum err rc = ERR_OK;
	int step;

	sqlite3_bind_int64(r->mark, 1, (int64_t)id_len);
	sqlite3_bind_text(r->mark, 2, id, (int)id_len, SQLITE_STATIC);
	step = sqlite3_step(r->mark);
	if (step == SQLITE_ROW)
		*pos_out = sqlite3_column_int64(r->mark, 0);
	else
		rc = step == SQLITE_DONE ? ERR_NOTFOUND : db_fault(r, err);
	sqlite3_reset(r->mark);
	return rc;
}

enum err
table_reader_find(struct table_reader *r, const char *id, size_t id_len,
    struct table_row *row_out, struct buf *err)
{
	sqlite3_stmt *st = r->look.stmt;
	int64_t pos = 0;
	enum err rc = find_mark(r, id, id_len, &pos, err);

	if (rc)
		return rc;
	sqlite3_reset(st);
	sqlite3_bind_int64(st, 1, pos);
	for (int i = 0; i < MARK_EVERY; i++) {
		int step = sqlite3_step(st), order;
		const char *there;

		if (step == SQLITE_DONE)
			return ERR_NOTFOUND;
		if (step != SQLITE_ROW)
			return db_fault(r, err);
		there = (const char *)sqlite3_column_text(st, 0);
		order = table_compare_ids(there ? there : "",
		    (size_t)sqlite3_column_bytes(st, 0), id, id_len);
		if (!order)
			return read_row(r, &r->look, row_out, err);
		if (order > 0)
			return ERR_NOTFOUND;
	}
	return ERR_NOTFOUND;
}
