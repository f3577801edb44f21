/*
 * The connection: opening it in one known state, dropping it when it is lost,
 * and the one table that turns the server's error numbers into ours.
 *
 * Every session is the same whatever the server's defaults: READ COMMITTED,
 * UTC, utf8mb4 with binary comparison, strict mode, found rows counted. A
 * connection is never pinged before use: a statement that finds it gone
 * connects again when that cannot run anything twice (db_stmt.c).
 */
#include <errno.h>
#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/store/db_internal.h"

enum {
	PATIENCE_MS = 60 * 1000, /* for an answer, unless told otherwise */
	QUICK_MS = 2000,
	PASSWORD_MAX = 1024,
	CODE_STATEMENT_TIMEOUT_MARIADB = 1969,
	CODE_STATEMENT_TIMEOUT_MYSQL = 3024,
	CODE_CONNECTION_KILLED = 1927,
	CODE_IDLE_TIMEOUT_MYSQL = 4031,
	CODE_READ_ONLY_MYSQL = 1836,
	CODE_SERVER_LOST_EXTENDED = 2055,
	CODE_WSREP_NOT_READY = ER_UNKNOWN_COM_ERROR,
};

/*
 * The comment is MariaDB's alone: a program that is stopped within a
 * transaction loses it after 5 s, and its row locks with it, so that another
 * can go on. LIMIT: MySQL 8 has no such timeout; there the locks stay until
 * the program goes on or its connection ends.
 */
static const char *const session_sql[] = {
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION time_zone = '+00:00',"
    " collation_connection = 'utf8mb4_bin',"
    " innodb_lock_wait_timeout = 10,"
    " /*M! idle_transaction_timeout = 5, */"
    " sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
};

/* What a number says about the connection and about what was sent. */
enum {
	IS_LOST = 1,	/* the connection is of no more use */
	IS_UNRUN = 2,	/* the server did not run what was sent */
	IS_REFUSED = 4, /* nor would it have, had it been a COMMIT */
	IS_REPEAT = 8,	/* rolled back, and worth another try */
};

#define REFUSED (IS_LOST | IS_UNRUN | IS_REFUSED)

static const struct {
	unsigned code;
	enum err err;
	unsigned is;
} codes[] = {
    {ER_DUP_ENTRY, ERR_CONFLICT, 0},
    {ER_LOCK_DEADLOCK, ERR_BUSY, IS_REPEAT}, /* Galera: not certified */
    {ER_LOCK_WAIT_TIMEOUT, ERR_BUSY, IS_REPEAT},
    {ER_QUERY_INTERRUPTED, ERR_BUSY, 0},
    {CODE_STATEMENT_TIMEOUT_MARIADB, ERR_BUSY, 0},
    {CODE_STATEMENT_TIMEOUT_MYSQL, ERR_BUSY, 0},
    {ER_DATA_TOO_LONG, ERR_INVALID, 0},
    {ER_WARN_DATA_OUT_OF_RANGE, ERR_INVALID, 0},
    {ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ERR_INVALID, 0},
    {ER_NET_PACKET_TOO_LARGE, ERR_INVALID, 0},
    {CR_NET_PACKET_TOO_LARGE, ERR_INVALID, 0},
    /* The connection broke. */
    {CR_SERVER_GONE_ERROR, ERR_DB, IS_LOST | IS_UNRUN},
    {CODE_CONNECTION_KILLED, ERR_DB, IS_LOST | IS_UNRUN},
    {CODE_IDLE_TIMEOUT_MYSQL, ERR_DB, IS_LOST | IS_UNRUN},
    {CR_SERVER_LOST, ERR_DB, IS_LOST},
    {CODE_SERVER_LOST_EXTENDED, ERR_DB, IS_LOST},
    {CR_MALFORMED_PACKET, ERR_DB, IS_LOST},
    {ER_SERVER_SHUTDOWN, ERR_DB, IS_LOST},
    {ER_ERROR_DURING_COMMIT, ERR_DB, IS_LOST},
    /* This server no longer is the one to write to; the address may be
     * another's by now. */
    {ER_OPTION_PREVENTS_STATEMENT, ERR_DB, REFUSED},
    {CODE_READ_ONLY_MYSQL, ERR_DB, REFUSED},
    {CODE_WSREP_NOT_READY, ERR_DB, REFUSED},
};

struct db *
db_new(const struct cfg *cfg)
{
	struct db *db = xcalloc(1, sizeof(*db));

	db->cfg = cfg;
	db->patience_ms = PATIENCE_MS;
	return db;
}

void
db_close(struct db **dbp)
{
	struct db *db = *dbp;

	*dbp = NULL;
	if (!db)
		return;
	db_drop_connection(db);
	free(db);
}

void
db_drop_connection(struct db *db)
{
	for (size_t i = 0; i < DB_CACHE_SIZE; i++) {
		struct db_rows *r = db->cache[i];

		if (!r)
			continue;
		/* Rows being read stay with their reader until db_end(). */
		if (r->busy)
			r->db = NULL;
		else
			db_rows_free(r);
		db->cache[i] = NULL;
	}
	if (db->mysql)
		mysql_close(db->mysql);
	db->mysql = NULL;
	db->streaming = false;
}

static unsigned
what_it_is(unsigned code)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return codes[i].is;
	return 0;
}

bool
db_is_unsent(unsigned code)
{
	return what_it_is(code) & IS_UNRUN;
}

bool
db_is_refused(unsigned code)
{
	return what_it_is(code) & IS_REFUSED;
}

bool
db_is_lost(unsigned code)
{
	return what_it_is(code) & IS_LOST;
}

/* A server that let us wait would do so again. */
bool
db_was_quick(int64_t since)
{
	return clock_mono_ms() - since < QUICK_MS;
}

void
db_set_patience(struct db *db, int64_t ms)
{
	db->patience_ms = ms;
}

enum err
db_fail(struct db *db, unsigned code, const char *text, struct buf *err)
{
	enum err rc = ERR_DB;

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			rc = codes[i].err;
	db->code = code;
	db->is_retryable = what_it_is(code) & IS_REPEAT;
	db->is_cut_off = db->depth && db_is_lost(code);
	if (db->is_cut_off || (db->depth && db->is_retryable))
		db->is_doomed = true;
	return err_set(err, rc, "database: %s (%u)", text, code);
}

static enum err
read_password(const struct db *db, struct buf *password, struct buf *err)
{
	const char *path = db->cfg->database.password_file;
	enum err rc;

	if (!path[0])
		return ERR_OK;
	rc = path_read_file(path, PASSWORD_MAX, password, err);
	while (rc == ERR_OK && password->len &&
	       (password->ptr[password->len - 1] == '\n' ||
		   password->ptr[password->len - 1] == '\r'))
		buf_truncate(password, password->len - 1);
	return rc;
}

static void
set_options(MYSQL *mysql, const struct db *db)
{
	unsigned connect_s =
	    (unsigned)((db->cfg->database.connect_timeout_ms + 999) / 1000);
	unsigned io_s = (unsigned)((db->patience_ms + 999) / 1000);
	my_bool no = 0;

	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &io_s);
	mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &io_s);
	mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(mysql, MYSQL_REPORT_DATA_TRUNCATION, &(my_bool){1});
	mysql_options(mysql, MYSQL_OPT_RECONNECT, &no);
	mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &(unsigned){0});
}

static enum err
describe_refusal(const struct db *db, MYSQL *mysql, struct buf *err)
{
	const struct cfg *c = db->cfg;

	if (c->database.socket[0])
		return err_set(err, ERR_DB,
		    "cannot reach the database %s at %s: %s (%u)",
		    c->database.name, c->database.socket, mysql_error(mysql),
		    mysql_errno(mysql));
	return err_set(err, ERR_DB,
	    "cannot reach the database %s at %s:%d: %s (%u)", c->database.name,
	    c->database.host, (int)c->database.port, mysql_error(mysql),
	    mysql_errno(mysql));
}

static enum err
open_connection(struct db *db, MYSQL *mysql, struct buf *err)
{
	const struct cfg *c = db->cfg;
	bool by_socket = c->database.socket[0] != '\0';
	struct buf password = BUF_INIT;
	enum err rc;

	rc = read_password(db, &password, err);
	if (rc != ERR_OK)
		goto out;
	set_options(mysql, db);
	if (!mysql_real_connect(mysql,
		by_socket ? "localhost" : c->database.host, c->database.user,
		password.ptr, c->database.name,
		by_socket ? 0 : (unsigned)c->database.port,
		by_socket ? c->database.socket : NULL, CLIENT_FOUND_ROWS)) {
		rc = describe_refusal(db, mysql, err);
		goto out;
	}
	for (size_t i = 0; rc == ERR_OK && i < ARRAY_LEN(session_sql); i++)
		if (mysql_query(mysql, session_sql[i]))
			rc = describe_refusal(db, mysql, err);
out:
	if (password.len)
		explicit_bzero(password.ptr, password.len);
	buf_release(&password);
	return rc;
}

static void
limit_text(const struct db *db, char *sql, size_t size)
{
	if (db->is_mariadb)
		snprintf(sql, size,
		    "SET SESSION max_statement_time = %lld.%03lld",
		    (long long)db->limit_ms / 1000,
		    (long long)db->limit_ms % 1000);
	else
		snprintf(sql, size, "SET SESSION max_execution_time = %lld",
		    (long long)db->limit_ms);
}

enum err
db_connect(struct db *db, struct buf *err)
{
	char limit[80];
	MYSQL *mysql;
	enum err rc;

	if (db->mysql)
		return ERR_OK;
	mysql = mysql_init(NULL);
	if (!mysql)
		return err_set(err, ERR_DB, "database: no memory to connect");
	rc = open_connection(db, mysql, err);
	if (rc != ERR_OK) {
		mysql_close(mysql);
		return rc;
	}
	db->mysql = mysql;
	snprintf(
	    db->server, sizeof(db->server), "%s", mysql_get_server_info(mysql));
	db->is_mariadb = strstr(db->server, "MariaDB") != NULL;
	if (db->limit_ms) {
		limit_text(db, limit, sizeof(limit));
		if (mysql_query(mysql, limit))
			rc = describe_refusal(db, mysql, err);
	}
	if (rc != ERR_OK)
		db_drop_connection(db);
	return rc;
}

enum err
db_ping(struct db *db, struct buf *err)
{
	int64_t one;

	return db_number(db, "SELECT 1", DB_NONE, 0, &one, err);
}

const char *
db_server(const struct db *db)
{
	return db->server;
}

enum err
db_run_text(struct db *db, const char *sql, size_t len, struct buf *err)
{
	for (int attempt = 0;; attempt++) {
		int64_t since = clock_mono_ms();
		unsigned code;
		enum err rc = db_connect(db, err);

		if (rc != ERR_OK)
			return rc;
		if (mysql_real_query(db->mysql, sql, len) == 0)
			return ERR_OK;
		code = mysql_errno(db->mysql);
		if (!db_is_lost(code))
			return db_fail(db, code, mysql_error(db->mysql), err);
		if (db->depth || attempt || !db_is_unsent(code) ||
		    !db_was_quick(since)) {
			rc = db_fail(db, code, mysql_error(db->mysql), err);
			db_drop_connection(db);
			return rc;
		}
		db_drop_connection(db);
	}
}

enum err
db_script(struct db *db, const char *sql, size_t len, struct buf *err)
{
	return db_run_text(db, sql, len, err);
}

enum err
db_limit(struct db *db, int64_t ms, struct buf *err)
{
	int64_t before = db->limit_ms;
	enum err rc;
	char sql[80];

	/* A connection that is made later is given the limit then. */
	db->limit_ms = ms;
	if (!db->mysql || before == ms)
		return db_connect(db, err);
	limit_text(db, sql, sizeof(sql));
	rc = db_run_text(db, sql, strlen(sql), err);
	if (rc != ERR_OK)
		db->limit_ms = before;
	return rc;
}
