/*
 * A database of its own for each test program of the store: created on the
 * server that FATEFLOW_TEST_DB_SOCKET names, dropped at the end. Without that
 * variable the tests skip.
 */
#ifndef FF_TESTS_STORE_DB_H
#define FF_TESTS_STORE_DB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "lib/base/cfg.h"
#include "lib/base/mem.h"
#include "lib/store/db.h"
#include "lib/store/migrate.h"

static struct {
	struct cfg cfg;
	struct db *db;
	char name[64];
} store;

static void
store_script(const char *fmt)
{
	struct buf sql = BUF_INIT, err = BUF_INIT;

	buf_addf(&sql, "%s %s", fmt, store.name);
	if (db_script(store.db, sql.ptr, sql.len, &err) != ERR_OK)
		fail_msg("%s: %s", sql.ptr, err.ptr);
	buf_release(&sql);
}

/* Borrowed texts only, so no cfg_release(). */
static void
store_cfg(const char *socket, char *database)
{
	memset(&store.cfg, 0, sizeof(store.cfg));
	store.cfg.database.socket = (char *)socket;
	store.cfg.database.host = (char *)"";
	store.cfg.database.user = (char *)"root";
	store.cfg.database.password_file = (char *)"";
	store.cfg.database.name = database;
	store.cfg.database.connect_timeout_ms = 5000;
}

static inline int
store_setup(void **state)
{
	const char *socket = getenv("FATEFLOW_TEST_DB_SOCKET");
	struct buf err = BUF_INIT;

	(void)state;
	if (!socket)
		return 0;
	snprintf(store.name, sizeof(store.name), "ff_unit_%d", (int)getpid());
	store_cfg(socket, (char *)"mysql");
	store.db = db_new(&store.cfg);
	store_script("CREATE DATABASE");
	db_close(&store.db);
	store.cfg.database.name = store.name;
	store.db = db_new(&store.cfg);
	if (migrate_run(store.db, SOURCE_DIR "/sql", NULL, &err) != ERR_OK)
		fail_msg("%s", err.ptr);
	return 0;
}

static inline int
store_teardown(void **state)
{
	(void)state;
	if (store.db)
		store_script("DROP DATABASE");
	db_close(&store.db);
	return 0;
}

/* First in every test. */
#define STORE_NEEDED()           \
	do {                     \
		if (!store.db) { \
			skip();  \
			return;  \
		}                \
	} while (0)

#endif
