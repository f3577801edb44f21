/* Migrations against a real server. */
#include "tests/unit/store/store_db.h"

#include "lib/base/path.h"

static struct {
	char dir[64];
} folder;

static void
put(const char *name, const char *text)
{
	struct buf path = BUF_INIT, err = BUF_INIT;

	path_set(&path, "%s/%s", folder.dir, name);
	if (path_write_file(path.ptr, text, strlen(text), PATH_SCRATCH, &err) !=
	    ERR_OK)
		fail_msg("%s", err.ptr);
	buf_release(&path);
}

/* An empty database and a folder with two files. */
static int
fresh(void **state)
{
	(void)state;
	if (!store.db)
		return 0;
	snprintf(folder.dir, sizeof(folder.dir), "/tmp/ff-migrate-XXXXXX");
	assert_non_null(mkdtemp(folder.dir));
	store_script("DROP DATABASE");
	store_script("CREATE DATABASE");
	db_close(&store.db);
	store.db = db_new(&store.cfg);
	put("0001_v.sql",
	    "CREATE TABLE IF NOT EXISTS schema_version (version INT NOT NULL,"
	    " name VARCHAR(255) NOT NULL, sha256 CHAR(64) NOT NULL,"
	    " applied_at DATETIME(3) NULL, PRIMARY KEY (version));");
	put("0002_a.sql", "-- one; two\nCREATE TABLE a (i INT);\n");
	return 0;
}

static int
clean(void **state)
{
	(void)state;
	if (folder.dir[0])
		path_remove_tree(folder.dir, NULL);
	return 0;
}

static void
test_run_when_repeated_then_applies_only_what_is_new(void **state)
{
	struct migrate_report r;
	int version;

	(void)state;
	STORE_NEEDED();
	assert_int_equal(migrate_version(store.db, &version, NULL), ERR_OK);
	assert_int_equal(version, 0);
	assert_int_equal(migrate_run(store.db, folder.dir, &r, NULL), ERR_OK);
	assert_int_equal(r.from, 0);
	assert_int_equal(r.to, 2);
	put("0003_b.sql", "ALTER TABLE a ADD COLUMN j INT");
	assert_int_equal(migrate_look(store.db, folder.dir, &r, NULL), ERR_OK);
	assert_int_equal(r.to, 2);
	assert_int_equal(r.newest, 3);
	assert_int_equal(migrate_run(store.db, folder.dir, &r, NULL), ERR_OK);
	assert_int_equal(r.from, 2);
	assert_int_equal(r.to, 3);
	assert_int_equal(migrate_version(store.db, &version, NULL), ERR_OK);
	assert_int_equal(version, 3);
}

static void
test_run_when_a_file_was_edited_then_refuses(void **state)
{
	struct buf err = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	assert_int_equal(migrate_run(store.db, folder.dir, NULL, NULL), ERR_OK);
	put("0002_a.sql", "CREATE TABLE a (i BIGINT)");
	assert_int_equal(
	    migrate_run(store.db, folder.dir, NULL, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.ptr, "0002_a.sql"));
	buf_release(&err);
}

static void
test_run_when_a_number_is_missing_then_refuses(void **state)
{
	struct buf err = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	put("0004_d.sql", "CREATE TABLE d (i INT)");
	assert_int_equal(
	    migrate_run(store.db, folder.dir, NULL, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.ptr, "0003"));
	buf_release(&err);
}

static void
test_run_when_the_database_is_newer_then_refuses(void **state)
{
	struct buf path = BUF_INIT, err = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	assert_int_equal(migrate_run(store.db, folder.dir, NULL, NULL), ERR_OK);
	unlink(path_set(&path, "%s/0002_a.sql", folder.dir));
	assert_int_equal(
	    migrate_run(store.db, folder.dir, NULL, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.ptr, "older"));
	buf_release(&path);
	buf_release(&err);
}

static void
test_run_when_cut_off_after_the_statement_then_goes_on(void **state)
{
	struct migrate_report r;

	(void)state;
	STORE_NEEDED();
	assert_int_equal(migrate_run(store.db, folder.dir, NULL, NULL), ERR_OK);
	db_exec(store.db,
	    "UPDATE schema_version SET applied_at = NULL WHERE version = ?",
	    DB_BINDS(DB_INT(2)), NULL);
	assert_int_equal(migrate_run(store.db, folder.dir, &r, NULL), ERR_OK);
	assert_int_equal(r.from, 1);
	assert_int_equal(r.to, 2);
}

static void
test_run_when_a_statement_fails_then_names_the_file(void **state)
{
	struct buf err = BUF_INIT;
	struct migrate_report r;

	(void)state;
	STORE_NEEDED();
	put("0003_b.sql", "ALTER TABLE nothing ADD COLUMN j INT");
	assert_int_equal(migrate_run(store.db, folder.dir, &r, &err), ERR_DB);
	assert_int_equal(r.to, 2);
	assert_non_null(strstr(err.ptr, "0003_b.sql: database:"));
	buf_release(&err);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fresh, clean)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_run_when_repeated_then_applies_only_what_is_new),
	    CASE(test_run_when_a_file_was_edited_then_refuses),
	    CASE(test_run_when_a_number_is_missing_then_refuses),
	    CASE(test_run_when_the_database_is_newer_then_refuses),
	    CASE(test_run_when_cut_off_after_the_statement_then_goes_on),
	    CASE(test_run_when_a_statement_fails_then_names_the_file),
	};

	return cmocka_run_group_tests(tests, store_setup, store_teardown);
}
