/*
 * The database: one connection, prepared statements, typed values.
 *
 * Everything that knows MySQL stands in db*.c; a store file keeps its
 * statements in one constant table and calls this:
 *
 *	enum { WIDGET_FIND, WIDGET_CLAIM, WIDGET__MAX };
 *	static const char *const stmts[WIDGET__MAX] = {
 *		[WIDGET_FIND] = "SELECT id, name, note FROM widget"
 *				" WHERE size > ? ORDER BY id LIMIT ?",
 *		[WIDGET_CLAIM] = "UPDATE widget SET owner = ?"
 *				 " WHERE id = ? AND owner = 0",
 *	};
 *
 *	rc = db_query(db, stmts[WIDGET_FIND],
 *	    DB_BINDS(DB_INT(size), DB_INT(10)), &rows, err);
 *	while (rc == ERR_OK && (rc = db_next(rows, err)) == ERR_OK)
 *		show(db_int(rows, 0), db_text(rows, 1), db_is_null(rows, 2));
 *	if (rc == ERR_NOTFOUND)		the end of the rows
 *		rc = ERR_OK;
 *	db_end(&rows);
 *
 *	rc = db_exec_one(db, stmts[WIDGET_CLAIM],
 *	    DB_BINDS(DB_INT(me), DB_INT(id)), err);
 *	if (rc == ERR_CONFLICT)		somebody else was faster
 *
 * A statement's text is looked up in a cache of prepared statements by its
 * content, so a text assembled from constant fragments works too; values are
 * always bound. A table of texts is registered with DB_STATEMENTS() so that
 * a test prepares each against the real schema.
 *
 * Connecting is lazy: db_new() does nothing, the first use connects, and a
 * lost connection is replaced at the next use outside a transaction.
 *
 * Results: ERR_CONFLICT duplicate key; ERR_BUSY deadlock, lock wait or
 * statement limit; ERR_INVALID a value that does not fit its column;
 * ERR_UNCERTAIN a write whose answer got lost (read again what is true);
 * ERR_DB the rest, with the server's words.
 */
#ifndef FF_STORE_DB_H
#define FF_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/cfg.h"

struct db;
struct db_rows;

/* ---- the connection ---- */

/* cfg is borrowed and outlives the handle. Never NULL. */
struct db *db_new(const struct cfg *cfg);
void db_close(struct db **db);

/*
 * How long a connection made from now on waits for an answer: 60 s unless
 * this was called. What serves a request waits less, so that a server that
 * hangs is told to the client instead of hanging him too; it must exceed the
 * limits of db_limit() and of a lock wait (10 s).
 */
void db_set_patience(struct db *db, int64_t ms);

/*
 * Connects if there is no connection; does not ask a standing one. The
 * statements themselves do this, so only start-up and doctor need it.
 */
enum err db_connect(struct db *db, struct buf *err);

/* A round trip that proves that the server answers. */
enum err db_ping(struct db *db, struct buf *err);

/* "10.11.19-MariaDB", or "" before the first connection. */
const char *db_server(const struct db *db);

/*
 * From now on a SELECT of this connection ends after `ms` with ERR_BUSY;
 * 0 takes the limit off. Nothing is sent when the limit stands already.
 */
enum err db_limit(struct db *db, int64_t ms, struct buf *err);

/* ---- values ---- */

enum db_kind { DB_KIND_NULL, DB_KIND_INT, DB_KIND_DOUBLE, DB_KIND_BYTES };

/* Borrowed until the call that binds it returns. */
struct db_bind {
	enum db_kind kind;
	int64_t i;
	double d;
	const void *ptr;
	size_t len;
};

struct db_bind db_bind_text(const char *s);
struct db_bind db_bind_reason(const char *s);

#define DB_NULL	     ((struct db_bind){.kind = DB_KIND_NULL})
#define DB_INT(v)    ((struct db_bind){.kind = DB_KIND_INT, .i = (v)})
#define DB_DOUBLE(v) ((struct db_bind){.kind = DB_KIND_DOUBLE, .d = (v)})
#define DB_TEXT(s)   (db_bind_text(s))	 /* NULL is SQL's NULL */
#define DB_REASON(s) (db_bind_reason(s)) /* may be cut: it is told by tasks */
#define DB_BYTES(p, n) \
	((struct db_bind){.kind = DB_KIND_BYTES, .ptr = (p), .len = (n)})

struct db_binds {
	const struct db_bind *v;
	size_t n;
};

/* DB_BINDS(DB_INT(1), DB_TEXT(name)); DB_NONE when there is nothing. */
#define DB_BINDS(...)                                             \
	((struct db_binds){(const struct db_bind[]){__VA_ARGS__}, \
	    sizeof((const struct db_bind[]){__VA_ARGS__}) /       \
		sizeof(struct db_bind)})
#define DB_NONE ((struct db_binds){NULL, 0})

/* ---- statements without rows ---- */

enum err
db_exec(struct db *db, const char *sql, struct db_binds binds, struct buf *err);

/*
 * The same for a guarded change of one row: ERR_CONFLICT when no row matched
 * (rows matched count, whether or not they changed).
 */
enum err db_exec_one(
    struct db *db, const char *sql, struct db_binds binds, struct buf *err);

/* Of the last db_exec: rows matched, and the id an INSERT was given. */
int64_t db_affected(const struct db *db);
int64_t db_last_id(const struct db *db);

/*
 * Many rows by few statements: `head` is "INSERT INTO t (a, b)" (or INSERT
 * IGNORE, REPLACE), `tail` what follows the values ("" mostly), `values`
 * n_rows times n_cols values in row order. One transaction.
 */
struct db_multi {
	const char *head;
	const char *tail;
	const struct db_bind *values;
	size_t n_cols;
	size_t n_rows;
};
enum err
db_insert_many(struct db *db, const struct db_multi *m, struct buf *err);

/* A text as it stands, without values: DDL of the migrations. */
enum err db_script(struct db *db, const char *sql, size_t len, struct buf *err);

/* ---- statements with rows ---- */

/*
 * db_query holds the rows in memory, so other statements may run while they
 * are read. db_stream reads them off the wire: nothing else may be asked of
 * this connection before db_end(). On failure *out is NULL, and db_end()
 * accepts that.
 */
enum err db_query(struct db *db, const char *sql, struct db_binds binds,
    struct db_rows **out, struct buf *err);
enum err db_stream(struct db *db, const char *sql, struct db_binds binds,
    struct db_rows **out, struct buf *err);

/* The next row; ERR_NOTFOUND (and no text) after the last. */
enum err db_next(struct db_rows *rows, struct buf *err);

/* db_query and db_next: ERR_NOTFOUND (and no text) when there is no row. */
enum err db_one(struct db *db, const char *sql, struct db_binds binds,
    struct db_rows **out, struct buf *err);

/* One number (COUNT, MAX ...): `none` when there is no row or it is NULL. */
enum err db_number(struct db *db, const char *sql, struct db_binds binds,
    int64_t none, int64_t *out, struct buf *err);

void db_end(struct db_rows **rows);

/*
 * Columns of the current row, from 0. NULL reads as 0, 0.0 and a NULL text.
 * A text ends with NUL and is borrowed until db_next() or db_end().
 */
size_t db_columns(const struct db_rows *rows);
const char *db_column_name(const struct db_rows *rows, size_t col);
/* What the column holds: INT, DOUBLE or BYTES; NULL when this row's is NULL. */
enum db_kind db_kind(const struct db_rows *rows, size_t col);
bool db_is_null(const struct db_rows *rows, size_t col);
int64_t db_int(const struct db_rows *rows, size_t col);
double db_double(const struct db_rows *rows, size_t col);
const char *db_text(const struct db_rows *rows, size_t col);
size_t db_len(const struct db_rows *rows, size_t col);

/* ---- transactions ---- */

/*
 * They nest by counting: only the outermost begins and commits, and after an
 * inner db_rollback() the outermost can only roll back.
 */
#define db_begin(db, err) db_begin_at((db), __FILE__, __LINE__, (err))
enum err
db_begin_at(struct db *db, const char *file, int line, struct buf *err);
enum err db_commit(struct db *db, struct buf *err);
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db);

typedef enum err db_work(struct db *db, void *ctx, struct buf *err);

/*
 * Runs work(db, ctx) in a transaction: commits when it returns ERR_OK, rolls
 * back otherwise, and after a deadlock or a lock wait runs it again, a
 * bounded number of times with a short random pause; once more, too, when its
 * connection was cut off before the COMMIT was sent. So the work must be
 * repeatable: what it leaves in ctx is overwritten, and files, processes and
 * network wait until this returns. Within a transaction it just runs.
 */
enum err db_transact(struct db *db, db_work *work, void *ctx, struct buf *err);

/*
 * Runs work(db, ctx) as a part of the transaction that stands: when it fails,
 * only what it did is undone, and the transaction goes on, unless
 * db_is_doomed() says that it cannot. A part may have parts of its own.
 */
enum err db_part(struct db *db, db_work *work, void *ctx, struct buf *err);
bool db_is_doomed(const struct db *db);

/*
 * For work that lost a race which the next run sees and avoids: after this,
 * a failure is repeated as a deadlock is.
 */
void db_repeat(struct db *db);

/* ---- for the test that prepares every statement ---- */

struct db_statements {
	const char *file;
	const char *const *texts;
	size_t n;
	struct db_statements *next;
};

void db_statements_register(struct db_statements *s);
const struct db_statements *db_statements_all(void);

/* Once per store file: DB_STATEMENTS(stmts); */
#define DB_STATEMENTS(table)                                            \
	__attribute__((constructor)) static void table##_register(void) \
	{                                                               \
		static struct db_statements s = {__FILE__, (table),     \
		    sizeof(table) / sizeof((table)[0]), NULL};          \
		db_statements_register(&s);                             \
	}                                                               \
	struct db_statements

/* Prepares the text and forgets it: does the schema know what it names? */
enum err db_prepare_only(struct db *db, const char *sql, struct buf *err);

#endif
