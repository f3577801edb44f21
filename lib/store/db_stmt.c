/*
 * Prepared statements, their cache, and the values that go in and come out.
 *
 * The cache holds the last DB_CACHE_SIZE texts of a connection, found by
 * content. A statement whose rows are still being read is busy; the same text
 * asked for meanwhile is prepared a second time.
 *
 * What happens when the connection turns out to be lost: within a
 * transaction the call fails, since its earlier statements are gone. Outside,
 * a read is run again on a new connection; a write only when the server
 * cannot have seen it, else it is ERR_UNCERTAIN.
 */
#include <assert.h>
#include <errmsg.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/utf8.h"
#include "lib/store/db_internal.h"

enum {
	REASON_MAX = 8000,    /* bytes of a text that a task may tell */
	TEXT_START = 120,     /* first size of a text column's buffer */
	TEXT_KEEP = 64 * 1024 /* a larger one is given back at db_end() */
};

enum run_mode { RUN_EXEC, RUN_BUFFERED, RUN_STREAM };

static uint32_t
hash_text(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h;
}

struct db_bind
db_bind_text(const char *s)
{
	if (!s)
		return DB_NULL;
	return DB_BYTES(s, strlen(s));
}

struct db_bind
db_bind_reason(const char *s)
{
	return s ? DB_BYTES(s, utf8_cut(s, REASON_MAX)) : DB_NULL;
}

/* ---- the cache ---- */

void
db_rows_free(struct db_rows *r)
{
	if (!r)
		return;
	if (r->meta)
		mysql_free_result(r->meta);
	if (r->stmt)
		mysql_stmt_close(r->stmt);
	for (size_t i = 0; i < r->n_columns; i++)
		free(r->columns[i].text);
	free(r->columns);
	free(r->results);
	free(r->params);
	free(r->sql);
	free(r);
}

static struct db_rows *
cache_find(struct db *db, const char *sql, uint32_t hash)
{
	for (size_t i = 0; i < DB_CACHE_SIZE; i++) {
		struct db_rows *r = db->cache[i];

		if (r && r->hash == hash && !r->busy &&
		    strcmp(r->sql, sql) == 0)
			return r;
	}
	return NULL;
}

/* Puts r in a free slot or in that of the statement unused for longest. */
static void
cache_add(struct db *db, struct db_rows *r)
{
	size_t best = DB_CACHE_SIZE;

	for (size_t i = 0; i < DB_CACHE_SIZE; i++) {
		if (!db->cache[i]) {
			best = i;
			break;
		}
		if (!db->cache[i]->busy &&
		    (best == DB_CACHE_SIZE ||
			db->cache[i]->used < db->cache[best]->used))
			best = i;
	}
	assert(best < DB_CACHE_SIZE);
	db_rows_free(db->cache[best]);
	db->cache[best] = r;
}

static bool
is_integer(enum enum_field_types t)
{
	return t == MYSQL_TYPE_TINY || t == MYSQL_TYPE_SHORT ||
	       t == MYSQL_TYPE_INT24 || t == MYSQL_TYPE_LONG ||
	       t == MYSQL_TYPE_LONGLONG || t == MYSQL_TYPE_YEAR;
}

static void
bind_column(struct db_column *c, MYSQL_BIND *b)
{
	memset(b, 0, sizeof(*b));
	b->is_null = &c->is_null;
	b->error = &c->error;
	b->length = &c->len;
	if (c->kind == DB_KIND_INT) {
		b->buffer_type = MYSQL_TYPE_LONGLONG;
		b->buffer = &c->i;
	} else if (c->kind == DB_KIND_DOUBLE) {
		b->buffer_type = MYSQL_TYPE_DOUBLE;
		b->buffer = &c->d;
	} else {
		b->buffer_type = MYSQL_TYPE_STRING;
		b->buffer = c->text;
		b->buffer_length = c->cap;
	}
}

static void
column_reserve(struct db_column *c, size_t cap)
{
	free(c->text);
	c->text = xmalloc(cap + 1);
	c->text[0] = '\0';
	c->cap = cap;
}

static void
describe_columns(struct db_rows *r)
{
	r->meta = mysql_stmt_result_metadata(r->stmt);
	if (!r->meta)
		return;
	r->n_columns = mysql_num_fields(r->meta);
	r->columns = xcalloc(r->n_columns, sizeof(*r->columns));
	r->results = xcalloc(r->n_columns, sizeof(*r->results));
	for (size_t i = 0; i < r->n_columns; i++) {
		MYSQL_FIELD *f = mysql_fetch_field_direct(r->meta, (unsigned)i);
		struct db_column *c = &r->columns[i];

		c->name = f->name;
		if (is_integer(f->type))
			c->kind = DB_KIND_INT;
		else if (f->type == MYSQL_TYPE_FLOAT ||
			 f->type == MYSQL_TYPE_DOUBLE)
			c->kind = DB_KIND_DOUBLE;
		else {
			c->kind = DB_KIND_BYTES;
			column_reserve(c, TEXT_START);
		}
		bind_column(c, &r->results[i]);
	}
}

static enum err
prepare_new(
    struct db *db, const char *sql, struct db_rows **out, struct buf *err)
{
	struct db_rows *r = xcalloc(1, sizeof(*r));
	enum err rc;

	*out = NULL;
	r->db = db;
	r->stmt = mysql_stmt_init(db->mysql);
	if (!r->stmt) {
		rc = err_set(err, ERR_DB, "database: no memory");
		goto fail;
	}
	if (mysql_stmt_prepare(r->stmt, sql, strlen(sql))) {
		rc = db_fail(db, mysql_stmt_errno(r->stmt),
		    mysql_stmt_error(r->stmt), err);
		goto fail;
	}
	r->sql = xstrdup(sql);
	r->hash = hash_text(sql);
	r->n_params = mysql_stmt_param_count(r->stmt);
	r->params = xcalloc(r->n_params ? r->n_params : 1, sizeof(*r->params));
	describe_columns(r);
	*out = r;
	return ERR_OK;
fail:
	db_rows_free(r);
	return rc;
}

enum err
db_prepare(
    struct db *db, const char *sql, struct db_rows **out, struct buf *err)
{
	struct db_rows *r;
	enum err rc;

	*out = NULL;
	rc = db_connect(db, err);
	if (rc != ERR_OK)
		return rc;
	if (db->streaming)
		return err_set(err, ERR_INTERNAL,
		    "database: a statement while rows are streamed: %s", sql);
	r = cache_find(db, sql, hash_text(sql));
	if (!r) {
		rc = prepare_new(db, sql, &r, err);
		if (rc != ERR_OK)
			return rc;
		cache_add(db, r);
	}
	r->used = ++db->tick;
	r->busy = true;
	*out = r;
	return ERR_OK;
}

enum err
db_prepare_only(struct db *db, const char *sql, struct buf *err)
{
	struct db_rows *r = NULL;
	enum err rc = db_prepare(db, sql, &r, err);

	db_end(&r);
	return rc;
}

/* ---- running ---- */

static void
bind_param(const struct db_bind *v, MYSQL_BIND *b)
{
	memset(b, 0, sizeof(*b));
	switch (v->kind) {
	case DB_KIND_NULL:
		b->buffer_type = MYSQL_TYPE_NULL;
		break;
	case DB_KIND_INT:
		b->buffer_type = MYSQL_TYPE_LONGLONG;
		b->buffer = (void *)&v->i;
		break;
	case DB_KIND_DOUBLE:
		b->buffer_type = MYSQL_TYPE_DOUBLE;
		b->buffer = (void *)&v->d;
		break;
	case DB_KIND_BYTES:
		b->buffer_type = MYSQL_TYPE_STRING;
		b->buffer = (void *)v->ptr;
		b->buffer_length = v->len;
		break;
	}
}

/* Executes a prepared statement. */
static enum err
execute(struct db_rows *r, struct db_binds binds, enum run_mode mode,
    struct buf *err)
{
	struct db *db = r->db;

	if (binds.n != r->n_params)
		return err_set(err, ERR_INTERNAL,
		    "database: %zu values for %zu places: %s", binds.n,
		    r->n_params, r->sql);
	for (size_t i = 0; i < binds.n; i++)
		bind_param(&binds.v[i], &r->params[i]);
	if ((binds.n && mysql_stmt_bind_param(r->stmt, r->params)) ||
	    mysql_stmt_execute(r->stmt))
		goto fail;
	db->affected = (int64_t)mysql_stmt_affected_rows(r->stmt);
	db->last_id = (int64_t)mysql_stmt_insert_id(r->stmt);
	if (!r->n_columns)
		return ERR_OK;
	if (mysql_stmt_bind_result(r->stmt, r->results) ||
	    (mode != RUN_STREAM && mysql_stmt_store_result(r->stmt)))
		goto fail;
	r->streaming = db->streaming = mode == RUN_STREAM;
	return ERR_OK;
fail:
	return db_fail(
	    db, mysql_stmt_errno(r->stmt), mysql_stmt_error(r->stmt), err);
}

/*
 * One whose rows ended in an error (a lock that was not to be had, a limit of
 * time) still waits for the rest of them, by the client library: the next
 * execution would read until the connection's time is up.
 */
static void
discard(struct db_rows **rp)
{
	struct db_rows *r = *rp;

	for (size_t i = 0; i < DB_CACHE_SIZE; i++)
		if (r->db->cache[i] == r)
			r->db->cache[i] = NULL;
	db_rows_free(r);
	*rp = NULL;
}

static enum err
run_once(struct db *db, const char *sql, struct db_binds binds,
    enum run_mode mode, struct db_rows **out, struct buf *err)
{
	enum err rc;

	db->code = 0;
	rc = db_prepare(db, sql, out, err);
	if (rc == ERR_OK)
		rc = execute(*out, binds, mode, err);
	/* Preparing runs nothing, so nothing can be uncertain. */
	else if (db_is_lost(db->code))
		db->code = CR_SERVER_GONE_ERROR;
	if (rc != ERR_OK && *out && (*out)->n_columns && !db_is_lost(db->code))
		discard(out);
	if (rc != ERR_OK)
		db_end(out);
	return rc;
}

static enum err
run(struct db *db, const char *sql, struct db_binds binds, enum run_mode mode,
    struct db_rows **out, struct buf *err)
{
	size_t mark = err ? err->len : 0;
	enum err rc;

	*out = NULL;
	if (db->depth && db->is_doomed)
		return err_set(err, ERR_DB,
		    "database: the transaction has failed already");
	for (int attempt = 0;; attempt++) {
		int64_t since = clock_mono_ms();

		rc = run_once(db, sql, binds, mode, out, err);
		if (rc == ERR_OK || !db_is_lost(db->code))
			return rc;
		db_drop_connection(db);
		if (db->depth)
			return rc;
		if (mode == RUN_EXEC && !db_is_unsent(db->code))
			return ERR_UNCERTAIN;
		if (attempt || !db_was_quick(since))
			return rc;
		if (err)
			buf_truncate(err, mark);
	}
}

enum err
db_exec(struct db *db, const char *sql, struct db_binds binds, struct buf *err)
{
	struct db_rows *r;
	enum err rc = run(db, sql, binds, RUN_EXEC, &r, err);

	db_end(&r);
	return rc;
}

enum err
db_exec_one(
    struct db *db, const char *sql, struct db_binds binds, struct buf *err)
{
	enum err rc = db_exec(db, sql, binds, err);

	if (rc == ERR_OK && db->affected != 1)
		return err_set(err, ERR_CONFLICT,
		    "the row has changed meanwhile or is gone");
	return rc;
}

int64_t
db_affected(const struct db *db)
{
	return db->affected;
}

int64_t
db_last_id(const struct db *db)
{
	return db->last_id;
}

/* ---- rows ---- */

enum err
db_query(struct db *db, const char *sql, struct db_binds binds,
    struct db_rows **out, struct buf *err)
{
	return run(db, sql, binds, RUN_BUFFERED, out, err);
}

enum err
db_stream(struct db *db, const char *sql, struct db_binds binds,
    struct db_rows **out, struct buf *err)
{
	return run(db, sql, binds, RUN_STREAM, out, err);
}

/*
 * Fetches again the texts that were longer than their buffers. The new
 * buffers are bound before the next row only: Connector/C 3.3.19 clears the
 * lengths of the row at hand when it binds.
 */
static int
fetch_long_texts(struct db_rows *r)
{
	for (size_t i = 0; i < r->n_columns; i++) {
		struct db_column *c = &r->columns[i];

		if (c->kind != DB_KIND_BYTES || c->is_null || c->len <= c->cap)
			continue;
		column_reserve(c, c->len);
		bind_column(c, &r->results[i]);
		if (mysql_stmt_fetch_column(
			r->stmt, &r->results[i], (unsigned)i, 0))
			return 1;
		r->has_moved = true;
	}
	return 0;
}

enum err
db_next(struct db_rows *r, struct buf *err)
{
	int result;

	if (!r->db)
		return err_set(err, ERR_DB, "database: the connection is gone");
	result = r->has_moved ? mysql_stmt_bind_result(r->stmt, r->results) : 0;
	r->has_moved = false;
	if (!result)
		result = mysql_stmt_fetch(r->stmt);
	if (result == MYSQL_NO_DATA)
		return ERR_NOTFOUND;
	if (result == MYSQL_DATA_TRUNCATED)
		result = fetch_long_texts(r);
	if (result)
		return db_fail(r->db, mysql_stmt_errno(r->stmt),
		    mysql_stmt_error(r->stmt), err);
	for (size_t i = 0; i < r->n_columns; i++) {
		struct db_column *c = &r->columns[i];

		if (c->kind == DB_KIND_BYTES)
			c->text[c->is_null ? 0 : c->len] = '\0';
	}
	return ERR_OK;
}

enum err
db_one(struct db *db, const char *sql, struct db_binds binds,
    struct db_rows **out, struct buf *err)
{
	enum err rc = db_query(db, sql, binds, out, err);

	if (rc == ERR_OK)
		rc = db_next(*out, err);
	if (rc != ERR_OK)
		db_end(out);
	return rc;
}

enum err
db_number(struct db *db, const char *sql, struct db_binds binds, int64_t none,
    int64_t *out, struct buf *err)
{
	struct db_rows *r;
	enum err rc = db_one(db, sql, binds, &r, err);

	if (rc == ERR_NOTFOUND || (rc == ERR_OK && db_is_null(r, 0))) {
		*out = none;
		rc = ERR_OK;
	} else if (rc == ERR_OK) {
		*out = db_int(r, 0);
	}
	db_end(&r);
	return rc;
}

void
db_end(struct db_rows **rp)
{
	struct db_rows *r = *rp;

	*rp = NULL;
	if (!r)
		return;
	if (!r->db) {
		db_rows_free(r);
		return;
	}
	mysql_stmt_free_result(r->stmt);
	if (r->streaming)
		r->db->streaming = r->streaming = false;
	for (size_t i = 0; i < r->n_columns; i++) {
		struct db_column *c = &r->columns[i];

		if (c->kind != DB_KIND_BYTES || c->cap <= TEXT_KEEP)
			continue;
		column_reserve(c, TEXT_START);
		bind_column(c, &r->results[i]);
	}
	r->busy = false;
}

/* ---- columns ---- */

static const struct db_column *
column(const struct db_rows *r, size_t col)
{
	assert(col < r->n_columns);
	return &r->columns[col];
}

size_t
db_columns(const struct db_rows *r)
{
	return r->n_columns;
}

const char *
db_column_name(const struct db_rows *r, size_t col)
{
	return column(r, col)->name;
}

enum db_kind
db_kind(const struct db_rows *r, size_t col)
{
	const struct db_column *c = column(r, col);

	return c->is_null ? DB_KIND_NULL : c->kind;
}

bool
db_is_null(const struct db_rows *r, size_t col)
{
	return column(r, col)->is_null;
}

int64_t
db_int(const struct db_rows *r, size_t col)
{
	const struct db_column *c = column(r, col);

	if (c->is_null)
		return 0;
	if (c->kind == DB_KIND_INT)
		return c->i;
	if (c->kind == DB_KIND_DOUBLE)
		return (int64_t)c->d;
	return strtoll(c->text, NULL, 10); /* a DECIMAL: SUM of integers */
}

double
db_double(const struct db_rows *r, size_t col)
{
	const struct db_column *c = column(r, col);

	if (c->is_null)
		return 0;
	if (c->kind == DB_KIND_INT)
		return (double)c->i;
	if (c->kind == DB_KIND_DOUBLE)
		return c->d;
	return strtod(c->text, NULL);
}

const char *
db_text(const struct db_rows *r, size_t col)
{
	const struct db_column *c = column(r, col);

	assert(c->kind == DB_KIND_BYTES);
	return c->is_null ? NULL : c->text;
}

size_t
db_len(const struct db_rows *r, size_t col)
{
	const struct db_column *c = column(r, col);

	return c->is_null ? 0 : c->len;
}
