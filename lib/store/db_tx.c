/*
 * Transactions that nest by counting, the one loop that repeats after a
 * deadlock, and the insert of many rows.
 *
 * A COMMIT whose answer got lost is ERR_UNCERTAIN: it may have happened, and
 * only a look at the rows can tell, so nothing is repeated. A connection that
 * breaks before COMMIT was sent takes the transaction with it, for certain:
 * that is repeated once, on a new one.
 */
#include <assert.h>
#include <mysqld_error.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/store/db_internal.h"

enum {
	RETRIES = 8,
	PAUSE_FIRST_MS = 4,
	PAUSE_LAST_MS = 200,
	CHUNK_BYTES = 1024 * 1024 /* well below max_allowed_packet */
};

enum err
db_begin_at(struct db *db, const char *file, int line, struct buf *err)
{
	static const char sql[] = "START TRANSACTION";
	enum err rc;

	if (db->depth) {
		db->depth++;
		return ERR_OK;
	}
	assert(!db->streaming);
	db->is_doomed = false;
	db->is_retryable = db->is_cut_off = false;
	rc = db_run_text(db, sql, sizeof(sql) - 1, err);
	if (rc != ERR_OK)
		return rc;
	db->depth = 1;
	db->opener_file = file;
	db->opener_line = line;
	return ERR_OK;
}

void
db_rollback(struct db *db)
{
	assert(db->depth > 0);
	if (--db->depth) {
		db->is_doomed = true;
		return;
	}
	db->is_doomed = false;
	if (!db->mysql)
		return;
	if (db->streaming || mysql_rollback(db->mysql))
		db_drop_connection(db); /* the server rolls back then */
}

/* As Galera before 4 says that a COMMIT was not certified. */
static bool
is_deadlock_of_old(unsigned code, const char *text)
{
	return code == ER_ERROR_DURING_COMMIT &&
	       !strncmp(text, "Got error 149 ", 14);
}

enum err
db_commit(struct db *db, struct buf *err)
{
	unsigned code;
	enum err rc;

	assert(db->depth > 0);
	if (db->depth > 1) {
		db->depth--;
		return ERR_OK;
	}
	if (db->is_doomed || !db->mysql) {
		db_rollback(db);
		return err_set(err, ERR_DB,
		    "database: the transaction of %s:%d was rolled back",
		    db->opener_file, db->opener_line);
	}
	if (mysql_commit(db->mysql) == 0) {
		db->depth = 0;
		return ERR_OK;
	}
	code = mysql_errno(db->mysql);
	rc = db_fail(db, code, mysql_error(db->mysql), err);
	if (is_deadlock_of_old(code, mysql_error(db->mysql)))
		db->is_retryable = true;
	else if (db_is_lost(code) && !db_is_refused(code))
		rc = ERR_UNCERTAIN;
	if (db_is_lost(code))
		db_drop_connection(db);
	if (rc == ERR_UNCERTAIN)
		db->is_cut_off = false; /* never to be repeated */
	db_rollback(db);
	return rc;
}

bool
db_in_transaction(const struct db *db)
{
	return db->depth > 0;
}

static void
pause_before_retry(int attempt)
{
	struct timespec now, ts = {0};
	long ceiling = PAUSE_FIRST_MS << attempt;

	if (ceiling > PAUSE_LAST_MS)
		ceiling = PAUSE_LAST_MS;
	/* Any number will do that differs between the two in the deadlock. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	ts.tv_nsec = (1 + (now.tv_nsec / 1000) % ceiling) * 1000000L;
	nanosleep(&ts, NULL);
}

static enum err
transact_once(struct db *db, db_work *work, void *ctx, struct buf *err)
{
	enum err rc = db_begin(db, err);

	if (rc != ERR_OK)
		return rc;
	rc = work(db, ctx, err);
	if (rc == ERR_OK)
		return db_commit(db, err);
	db_rollback(db);
	return rc;
}

enum err
db_transact(struct db *db, db_work *work, void *ctx, struct buf *err)
{
	size_t mark = err ? err->len : 0;
	enum err rc;

	if (db->depth)
		return work(db, ctx, err);
	for (int attempt = 0, cuts = 0;; attempt++) {
		int64_t since = clock_mono_ms();

		db->is_retryable = db->is_cut_off = false;
		rc = transact_once(db, work, ctx, err);
		if (rc == ERR_OK || attempt == RETRIES)
			return rc;
		if (db->is_cut_off && !cuts++ && db_was_quick(since))
			db->is_retryable = true;
		if (!db->is_retryable)
			return rc;
		log_debug("transaction repeated attempt=%d", attempt + 1);
		if (err)
			buf_truncate(err, mark);
		pause_before_retry(attempt);
	}
}

/* Equal names would replace one another, so each depth has its own. */
static enum err
run_savepoint(struct db *db, const char *verb, struct buf *err)
{
	struct buf sql = BUF_INIT;
	enum err rc;

	buf_addf(&sql, "%sSAVEPOINT part%u", verb, db->n_parts);
	rc = db_run_text(db, sql.ptr, sql.len, err);
	buf_release(&sql);
	return rc;
}

enum err
db_part(struct db *db, db_work *work, void *ctx, struct buf *err)
{
	enum err rc;

	assert(db->depth > 0);
	if (db->is_doomed)
		return err_set(err, ERR_DB,
		    "database: the transaction has failed already");
	rc = run_savepoint(db, "", err);
	if (rc != ERR_OK)
		return rc;
	db->n_parts++;
	rc = work(db, ctx, err);
	db->n_parts--;
	/* A doomed transaction has no savepoint to go back to any more. */
	if (rc != ERR_OK && !db->is_doomed &&
	    run_savepoint(db, "ROLLBACK TO ", NULL) != ERR_OK)
		db->is_doomed = true;
	return rc;
}

bool
db_is_doomed(const struct db *db)
{
	return db->is_doomed;
}

void
db_repeat(struct db *db)
{
	db->is_retryable = true;
	db->is_doomed = db->depth > 0;
}

/* ---- many rows ---- */

/* Rows for the next statement: few sizes, so that few texts are prepared. */
static size_t
chunk_rows(const struct db_multi *m, size_t at)
{
	static const size_t sizes[] = {64, 16, 4, 1};
	size_t bytes = 0, fit = 0;

	while (at + fit < m->n_rows && fit < sizes[0]) {
		const struct db_bind *row = m->values + (at + fit) * m->n_cols;

		for (size_t i = 0; i < m->n_cols; i++)
			bytes += row[i].len;
		if (fit && bytes > CHUNK_BYTES)
			break;
		fit++;
	}
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (sizes[i] <= fit)
			return sizes[i];
	return 1;
}

static void
chunk_text(const struct db_multi *m, size_t n, struct buf *sql)
{
	buf_reset(sql);
	buf_addf(sql, "%s VALUES ", m->head);
	for (size_t row = 0; row < n; row++) {
		buf_adds(sql, row ? ", (" : "(");
		for (size_t i = 0; i < m->n_cols; i++)
			buf_adds(sql, i ? ", ?" : "?");
		buf_addc(sql, ')');
	}
	if (m->tail && m->tail[0])
		buf_addf(sql, " %s", m->tail);
}

static enum err
insert_chunks(struct db *db, void *ctx, struct buf *err)
{
	const struct db_multi *m = ctx;
	struct buf sql = BUF_INIT;
	enum err rc = ERR_OK;
	int64_t affected = 0;
	size_t last = 0;

	for (size_t at = 0; rc == ERR_OK && at < m->n_rows; at += last) {
		size_t n = chunk_rows(m, at);

		if (n != last)
			chunk_text(m, n, &sql);
		last = n;
		rc = db_exec(db, sql.ptr,
		    (struct db_binds){
			m->values + at * m->n_cols, n * m->n_cols},
		    err);
		affected += db->affected;
	}
	db->affected = affected;
	buf_release(&sql);
	return rc;
}

enum err
db_insert_many(struct db *db, const struct db_multi *m, struct buf *err)
{
	if (!m->n_rows)
		return ERR_OK;
	return db_transact(db, insert_chunks, (void *)m, err);
}

/* ---- the registry of statement tables ---- */

static struct {
	struct db_statements *first;
} registry;

void
db_statements_register(struct db_statements *s)
{
	s->next = registry.first;
	registry.first = s;
}

const struct db_statements *
db_statements_all(void)
{
	return registry.first;
}
