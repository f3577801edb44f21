/*
 * What the db*.c files share. Not for others: mysql.h ends here.
 */
#ifndef FF_STORE_DB_INTERNAL_H
#define FF_STORE_DB_INTERNAL_H

#include <mysql.h>

#include "lib/store/db.h"

enum { DB_CACHE_SIZE = 96 };

/* One column of a result: where a row's value is fetched to. */
struct db_column {
	enum db_kind kind;
	const char *name; /* borrowed from the result's metadata */
	long long i;
	double d;
	char *text;
	size_t cap; /* of text, without the byte for the NUL */
	unsigned long len;
	my_bool is_null;
	my_bool error;
};

/* A prepared statement, and its rows while `busy`. */
struct db_rows {
	struct db *db;
	char *sql;
	uint32_t hash;
	MYSQL_STMT *stmt;
	MYSQL_RES *meta;
	MYSQL_BIND *params;
	size_t n_params;
	MYSQL_BIND *results;
	struct db_column *columns;
	size_t n_columns;
	uint64_t used; /* tick of the last use: the oldest is dropped */
	bool busy;
	bool streaming;
	bool has_moved; /* a column has a new buffer: bind again */
};

struct db {
	const struct cfg *cfg;
	MYSQL *mysql; /* NULL: not connected */
	char server[64];
	bool is_mariadb;
	int64_t limit_ms; /* wanted, of every connection */
	struct db_rows *cache[DB_CACHE_SIZE];
	uint64_t tick;
	bool streaming; /* rows are on the wire */
	int64_t affected;
	int64_t last_id;
	int depth;	   /* of nested transactions */
	bool is_doomed;	   /* the transaction can only roll back */
	unsigned n_parts;  /* of a transaction: those of db_part() that run */
	unsigned code;	   /* the server's, of the last failure */
	bool is_retryable; /* the last failure was a deadlock or lock wait */
	bool is_cut_off; /* it lost the connection, and a transaction with it */
	int64_t patience_ms; /* for one answer, of connections made from now */
	const char *opener_file;
	int opener_line;
};

/* What the server said, as one of ours. */
enum err
db_fail(struct db *db, unsigned code, const char *text, struct buf *err);

/* Was the connection lost? Then drop it. */
bool db_is_lost(unsigned code);
/* Lost before the server can have run what was sent? */
bool db_is_unsent(unsigned code);
/* Refused by a server that would not have committed it either? */
bool db_is_refused(unsigned code);
/* Has so little time passed that another try cannot tire the caller? */
bool db_was_quick(int64_t since);
void db_drop_connection(struct db *db);

/* A text without values; once more when a lost connection cannot have run it.
 */
enum err
db_run_text(struct db *db, const char *sql, size_t len, struct buf *err);

/* The prepared statement of that text; busy until db_end(). */
enum err db_prepare(
    struct db *db, const char *sql, struct db_rows **out, struct buf *err);
void db_rows_free(struct db_rows *r);

#endif
