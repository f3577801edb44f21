/* The database layer against a real server. */
#include "tests/unit/store/store_db.h"

#include "lib/base/clock.h"

#include <pthread.h>

static void
make_table(const char *columns)
{
	struct buf sql = BUF_INIT, err = BUF_INIT;

	assert_int_equal(
	    db_script(store.db, "DROP TABLE IF EXISTS w", 22, &err), ERR_OK);
	buf_addf(&sql, "CREATE TABLE w (%s) ENGINE=InnoDB", columns);
	if (db_script(store.db, sql.ptr, sql.len, &err) != ERR_OK)
		fail_msg("%s", err.ptr);
	buf_release(&sql);
	buf_release(&err);
}

static int64_t
count(void)
{
	int64_t n = -1;

	assert_int_equal(
	    db_number(store.db, "SELECT COUNT(*) FROM w", DB_NONE, 0, &n, NULL),
	    ERR_OK);
	return n;
}

static enum err
insert(int64_t a, const char *b)
{
	return db_exec(store.db, "INSERT INTO w (a, b) VALUES (?, ?)",
	    DB_BINDS(DB_INT(a), DB_TEXT(b)), NULL);
}

static const char plain[] = "a BIGINT PRIMARY KEY, b LONGTEXT, c DOUBLE";

static void
test_values_when_written_then_read_back_the_same(void **state)
{
	struct db_rows *r = NULL;

	(void)state;
	STORE_NEEDED();
	make_table(plain);
	assert_int_equal(
	    db_exec(store.db, "INSERT INTO w (a, b, c) VALUES (?, ?, ?)",
		DB_BINDS(
		    DB_INT(INT64_MIN), DB_BYTES("x\0y", 3), DB_DOUBLE(0.1)),
		NULL),
	    ERR_OK);
	assert_int_equal(db_affected(store.db), 1);
	assert_int_equal(
	    db_one(store.db, "SELECT a, b, c, NULL, SUM(a) FROM w GROUP BY a",
		DB_NONE, &r, NULL),
	    ERR_OK);
	assert_true(db_int(r, 0) == INT64_MIN);
	assert_int_equal(db_len(r, 1), 3);
	assert_memory_equal(db_text(r, 1), "x\0y", 4);
	assert_true(db_double(r, 2) == 0.1);
	assert_true(db_is_null(r, 3));
	assert_true(db_int(r, 4) == INT64_MIN);
	assert_string_equal(db_column_name(r, 0), "a");
	db_end(&r);
}

static void
test_text_when_longer_than_the_buffer_then_whole(void **state)
{
	size_t len = 3000000;
	char *big = xmalloc(len + 1);
	struct db_rows *r = NULL;

	(void)state;
	STORE_NEEDED();
	memset(big, 'q', len);
	big[len] = '\0';
	make_table(plain);
	assert_int_equal(insert(1, "short"), ERR_OK);
	assert_int_equal(insert(2, big), ERR_OK);
	assert_int_equal(insert(3, NULL), ERR_OK);
	assert_int_equal(insert(4, ""), ERR_OK);
	assert_int_equal(db_stream(store.db, "SELECT b FROM w ORDER BY a",
			     DB_NONE, &r, NULL),
	    ERR_OK);
	assert_int_equal(db_next(r, NULL), ERR_OK);
	assert_string_equal(db_text(r, 0), "short");
	assert_int_equal(db_next(r, NULL), ERR_OK);
	assert_int_equal(db_len(r, 0), len);
	assert_memory_equal(db_text(r, 0), big, len + 1);
	assert_int_equal(db_next(r, NULL), ERR_OK);
	assert_null(db_text(r, 0));
	assert_int_equal(db_next(r, NULL), ERR_OK);
	assert_string_equal(db_text(r, 0), "");
	assert_int_equal(db_next(r, NULL), ERR_NOTFOUND);
	db_end(&r);
	free(big);
}

static void
test_query_when_another_runs_within_then_both_are_whole(void **state)
{
	static const char sql[] = "SELECT a FROM w WHERE a >= ? ORDER BY a";
	struct db_rows *outer = NULL, *inner = NULL;
	int seen = 0;

	(void)state;
	STORE_NEEDED();
	make_table(plain);
	for (int i = 0; i < 3; i++)
		insert(i, "x");
	assert_int_equal(
	    db_query(store.db, sql, DB_BINDS(DB_INT(0)), &outer, NULL), ERR_OK);
	while (db_next(outer, NULL) == ERR_OK) {
		assert_int_equal(
		    db_query(store.db, sql, DB_BINDS(DB_INT(1)), &inner, NULL),
		    ERR_OK);
		while (db_next(inner, NULL) == ERR_OK)
			seen++;
		db_end(&inner);
	}
	db_end(&outer);
	assert_int_equal(seen, 6);
}

static void
test_failures_when_they_happen_then_have_their_code(void **state)
{
	struct db_rows *r = NULL;
	struct buf err = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	make_table("a TINYINT PRIMARY KEY, b VARCHAR(3)");
	assert_int_equal(insert(1, "x"), ERR_OK);
	assert_int_equal(insert(1, "y"), ERR_CONFLICT);
	assert_int_equal(insert(2, "long"), ERR_INVALID);
	assert_int_equal(insert(1000, "y"), ERR_INVALID);
	assert_int_equal(db_exec(store.db, "SELEC 1", DB_NONE, &err), ERR_DB);
	assert_non_null(strstr(err.ptr, "SELEC"));
	assert_int_equal(db_exec_one(store.db, "UPDATE w SET b = ? WHERE a = ?",
			     DB_BINDS(DB_TEXT("x"), DB_INT(9)), NULL),
	    ERR_CONFLICT);
	/* The same value again still counts as matched. */
	assert_int_equal(db_exec_one(store.db, "UPDATE w SET b = ? WHERE a = ?",
			     DB_BINDS(DB_TEXT("x"), DB_INT(1)), NULL),
	    ERR_OK);
	assert_int_equal(db_one(store.db, "SELECT a FROM w WHERE a = ?",
			     DB_BINDS(DB_INT(9)), &r, NULL),
	    ERR_NOTFOUND);
	assert_null(r);
	assert_int_equal(
	    db_exec(store.db, "DELETE FROM w WHERE a = ?", DB_NONE, NULL),
	    ERR_INTERNAL);
	buf_release(&err);
}

static void
test_insert_many_when_300_rows_then_all_in_order(void **state)
{
	enum { N = 300 };
	struct db_bind v[N * 2];
	struct db_multi m = {"INSERT INTO w (a, b)", "", v, 2, N};
	int64_t sum = 0;

	(void)state;
	STORE_NEEDED();
	make_table(plain);
	for (size_t i = 0; i < N; i++) {
		v[2 * i] = DB_INT((int64_t)i);
		v[2 * i + 1] = DB_TEXT("row");
	}
	assert_int_equal(db_insert_many(store.db, &m, NULL), ERR_OK);
	assert_int_equal(db_affected(store.db), N);
	assert_int_equal(
	    db_number(store.db, "SELECT SUM(a) FROM w", DB_NONE, 0, &sum, NULL),
	    ERR_OK);
	assert_int_equal(sum, N * (N - 1) / 2);
}

static void
test_transaction_when_inner_rolls_back_then_nothing_stays(void **state)
{
	(void)state;
	STORE_NEEDED();
	make_table(plain);
	assert_int_equal(db_begin(store.db, NULL), ERR_OK);
	assert_int_equal(insert(1, "x"), ERR_OK);
	assert_int_equal(db_begin(store.db, NULL), ERR_OK);
	db_rollback(store.db);
	assert_int_equal(db_commit(store.db, NULL), ERR_DB);
	assert_false(db_in_transaction(store.db));
	assert_int_equal(count(), 0);
	assert_int_equal(insert(2, "x"), ERR_OK);
	assert_int_equal(count(), 1);
}

static void
kill_own_connection(void)
{
	struct db *other = db_new(&store.cfg);
	int64_t id = 0;
	char sql[64];

	db_number(store.db, "SELECT CONNECTION_ID()", DB_NONE, 0, &id, NULL);
	snprintf(sql, sizeof(sql), "KILL %lld", (long long)id);
	assert_int_equal(db_script(other, sql, strlen(sql), NULL), ERR_OK);
	db_close(&other);
}

static void
test_connection_when_lost_outside_a_transaction_then_replaced(void **state)
{
	(void)state;
	STORE_NEEDED();
	make_table(plain);
	kill_own_connection();
	assert_int_equal(insert(1, "x"), ERR_OK);
	kill_own_connection();
	assert_int_equal(count(), 1);
	kill_own_connection();
	assert_int_equal(db_begin(store.db, NULL), ERR_OK);
	assert_int_equal(insert(2, "x"), ERR_OK);
	assert_int_equal(db_commit(store.db, NULL), ERR_OK);
}

static enum err
insert_two_equal(struct db *db, void *ctx, struct buf *err)
{
	int64_t a = *(int64_t *)ctx;

	(void)db;
	(void)err;
	assert_int_equal(insert(a, "part"), ERR_OK);
	return insert(a, "refused");
}

/* A row of its own, and a part that fails; returns what ctx says. */
static enum err
insert_around_a_part(struct db *db, void *ctx, struct buf *err)
{
	int64_t a = 3;

	assert_int_equal(insert(2, "outer"), ERR_OK);
	assert_int_equal(db_part(db, insert_two_equal, &a, err), ERR_CONFLICT);
	return *(enum err *)ctx;
}

static enum err
insert_when_cut_off(struct db *db, void *ctx, struct buf *err)
{
	(void)db;
	(void)err;
	kill_own_connection();
	return insert(*(int64_t *)ctx, "part");
}

static void
test_part_when_it_fails_then_only_that_is_undone(void **state)
{
	int64_t a = 2;

	(void)state;
	STORE_NEEDED();
	make_table(plain);
	assert_int_equal(db_begin(store.db, NULL), ERR_OK);
	insert(1, "before");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(db_part(store.db, insert_two_equal, &a, NULL),
		    ERR_CONFLICT);
		assert_false(db_is_doomed(store.db));
	}
	insert(2, "behind");
	assert_int_equal(db_commit(store.db, NULL), ERR_OK);
	assert_int_equal(count(), 2);
}

static void
test_part_when_within_a_part_then_each_is_undone_alone(void **state)
{
	static const enum err outer[] = {ERR_CONFLICT, ERR_OK};

	(void)state;
	STORE_NEEDED();
	make_table(plain);
	assert_int_equal(db_begin(store.db, NULL), ERR_OK);
	insert(1, "before");
	for (size_t i = 0; i < ARRAY_LEN(outer); i++) {
		enum err ends = outer[i];

		assert_int_equal(
		    db_part(store.db, insert_around_a_part, &ends, NULL),
		    outer[i]);
		assert_int_equal(count(), ends == ERR_OK ? 2 : 1);
	}
	assert_int_equal(db_commit(store.db, NULL), ERR_OK);
	assert_int_equal(count(), 2);
}

static void
test_part_when_the_connection_breaks_then_the_whole_is_doomed(void **state)
{
	int64_t a = 2;

	(void)state;
	STORE_NEEDED();
	make_table(plain);
	assert_int_equal(db_begin(store.db, NULL), ERR_OK);
	insert(1, "before");
	assert_int_equal(
	    db_part(store.db, insert_when_cut_off, &a, NULL), ERR_DB);
	assert_true(db_is_doomed(store.db));
	assert_int_equal(db_commit(store.db, NULL), ERR_DB);
	assert_int_equal(count(), 0);
}

static void
test_connection_when_lost_within_a_transaction_then_it_fails(void **state)
{
	(void)state;
	STORE_NEEDED();
	make_table(plain);
	assert_int_equal(db_begin(store.db, NULL), ERR_OK);
	assert_int_equal(insert(1, "x"), ERR_OK);
	kill_own_connection();
	assert_int_equal(insert(2, "x"), ERR_DB);
	assert_int_equal(insert(3, "x"), ERR_DB);
	assert_int_equal(db_commit(store.db, NULL), ERR_DB);
	assert_int_equal(count(), 0);
}

static void
test_commit_when_connection_is_lost_then_uncertain(void **state)
{
	(void)state;
	STORE_NEEDED();
	make_table(plain);
	assert_int_equal(db_begin(store.db, NULL), ERR_OK);
	assert_int_equal(insert(1, "x"), ERR_OK);
	kill_own_connection();
	assert_int_equal(db_commit(store.db, NULL), ERR_UNCERTAIN);
	assert_false(db_in_transaction(store.db));
	assert_int_equal(count(), 0);
}

static enum err
insert_and_lose(struct db *db, void *ctx, struct buf *err)
{
	int *runs = ctx;
	enum err rc =
	    db_exec(db, "INSERT INTO w (a, c) VALUES (1, 1)", DB_NONE, err);

	if (rc == ERR_OK && ++*runs < 2)
		kill_own_connection();
	if (rc == ERR_OK)
		rc = db_exec(
		    db, "INSERT INTO w (a, c) VALUES (2, 2)", DB_NONE, err);
	return rc;
}

static void
test_transact_when_connection_is_lost_before_commit_then_repeated(void **state)
{
	int runs = 0;

	(void)state;
	STORE_NEEDED();
	make_table(plain);
	assert_int_equal(
	    db_transact(store.db, insert_and_lose, &runs, NULL), ERR_OK);
	assert_int_equal(runs, 2);
	assert_int_equal(count(), 2);
}

static enum err
lose_before_commit(struct db *db, void *ctx, struct buf *err)
{
	enum err rc =
	    db_exec(db, "INSERT INTO w (a, c) VALUES (1, 1)", DB_NONE, err);

	++*(int *)ctx;
	kill_own_connection();
	return rc;
}

static void
test_transact_when_connection_is_lost_at_commit_then_not_repeated(void **state)
{
	int runs = 0;

	(void)state;
	STORE_NEEDED();
	make_table(plain);
	assert_int_equal(db_transact(store.db, lose_before_commit, &runs, NULL),
	    ERR_UNCERTAIN);
	assert_int_equal(runs, 1);
	assert_int_equal(count(), 0);
}

/* ---- two that lock each other's row ---- */

struct crossing {
	struct db *db;
	int64_t first;
	int64_t second;
	pthread_barrier_t *both_hold;
	int runs;
	enum err rc;
};

static enum err
cross(struct db *db, void *ctx, struct buf *err)
{
	static const char sql[] = "UPDATE w SET c = c + 1 WHERE a = ?";
	struct crossing *x = ctx;
	enum err rc = db_exec_one(db, sql, DB_BINDS(DB_INT(x->first)), err);

	if (rc != ERR_OK)
		return rc;
	if (!x->runs++)
		pthread_barrier_wait(x->both_hold);
	return db_exec_one(db, sql, DB_BINDS(DB_INT(x->second)), err);
}

static void *
cross_thread(void *arg)
{
	struct crossing *x = arg;

	x->rc = db_transact(x->db, cross, x, NULL);
	return NULL;
}

static void
test_transact_when_two_deadlock_then_both_succeed(void **state)
{
	pthread_barrier_t both;
	struct crossing x[2] = {
	    {.first = 1, .second = 2}, {.first = 2, .second = 1}};
	pthread_t threads[2];
	int64_t sum = 0;

	(void)state;
	STORE_NEEDED();
	make_table(plain);
	db_exec(store.db, "INSERT INTO w (a, c) VALUES (1, 0), (2, 0)", DB_NONE,
	    NULL);
	pthread_barrier_init(&both, NULL, 2);
	for (int i = 0; i < 2; i++) {
		x[i].db = db_new(&store.cfg);
		x[i].both_hold = &both;
		pthread_create(&threads[i], NULL, cross_thread, &x[i]);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(x[i].rc, ERR_OK);
		db_close(&x[i].db);
	}
	assert_int_equal(x[0].runs + x[1].runs, 3);
	db_number(store.db, "SELECT SUM(c) FROM w", DB_NONE, 0, &sum, NULL);
	assert_int_equal(sum, 4);
	pthread_barrier_destroy(&both);
}

static void
test_limit_when_a_query_is_slow_then_busy(void **state)
{
	int64_t v;

	(void)state;
	STORE_NEEDED();
	assert_int_equal(db_limit(store.db, 50, NULL), ERR_OK);
	assert_int_equal(db_number(store.db,
			     "SELECT COUNT(*) FROM information_schema.columns"
			     " a, information_schema.columns b,"
			     " information_schema.columns c",
			     DB_NONE, 0, &v, NULL),
	    ERR_BUSY);
	assert_int_equal(db_limit(store.db, 0, NULL), ERR_OK);
}

/* Its rows had begun: the client library waits for more of them. */
static void
test_query_when_a_lock_was_not_to_be_had_then_asked_again(void **state)
{
	static const char set[] = "SET SESSION innodb_lock_wait_timeout = 1";
	static const char sql[] = "SELECT a FROM w LOCK IN SHARE MODE";
	struct db *other = db_new(&store.cfg);
	int64_t v, begun;

	(void)state;
	STORE_NEEDED();
	make_table(plain);
	insert(1, "a");
	insert(2, "b");
	assert_int_equal(
	    db_script(store.db, set, sizeof(set) - 1, NULL), ERR_OK);
	assert_int_equal(db_begin(other, NULL), ERR_OK);
	assert_int_equal(
	    db_exec(other, "UPDATE w SET b = 'c' WHERE a = 2", DB_NONE, NULL),
	    ERR_OK);
	for (int i = 0; i < 2; i++) {
		begun = clock_mono_ms();
		assert_int_equal(
		    db_number(store.db, sql, DB_NONE, 0, &v, NULL), ERR_BUSY);
		assert_true(clock_mono_ms() - begun < 4000);
	}
	db_rollback(other);
	begun = clock_mono_ms();
	assert_int_equal(
	    db_number(store.db, sql, DB_NONE, 0, &v, NULL), ERR_OK);
	assert_int_equal(v, 1);
	assert_true(clock_mono_ms() - begun < 4000);
	db_close(&other);
}

static void
test_limit_when_the_connection_is_replaced_then_still_stands(void **state)
{
	struct db_rows *r = NULL;

	(void)state;
	STORE_NEEDED();
	kill_own_connection();
	assert_int_equal(db_limit(store.db, 1500, NULL), ERR_OK);
	kill_own_connection();
	assert_int_equal(
	    db_one(store.db, "SELECT @@max_statement_time", DB_NONE, &r, NULL),
	    ERR_OK);
	assert_true(db_double(r, 0) == 1.5);
	db_end(&r);
	assert_int_equal(db_limit(store.db, 0, NULL), ERR_OK);
}

static void
test_connect_when_the_server_is_away_then_says_where(void **state)
{
	struct buf err = BUF_INIT;
	struct db *db;

	(void)state;
	store_cfg("/nonexistent/my.sock", (char *)"ff");
	db = db_new(&store.cfg);
	assert_int_equal(db_ping(db, &err), ERR_DB);
	assert_non_null(strstr(err.ptr, "/nonexistent/my.sock"));
	assert_string_equal(db_server(db), "");
	db_close(&db);
	buf_release(&err);
}

/* Whatever other tests leave, every session is the same. */
static void
test_session_when_opened_then_in_the_known_state(void **state)
{
	struct db_rows *r = NULL;

	(void)state;
	STORE_NEEDED();
	assert_int_equal(
	    db_one(store.db,
		"SELECT @@time_zone, @@sql_mode, @@character_set_client,"
		" @@tx_isolation",
		DB_NONE, &r, NULL),
	    ERR_OK);
	assert_string_equal(db_text(r, 0), "+00:00");
	assert_non_null(strstr(db_text(r, 1), "STRICT_ALL_TABLES"));
	assert_string_equal(db_text(r, 2), "utf8mb4");
	assert_string_equal(db_text(r, 3), "READ-COMMITTED");
	db_end(&r);
}

static void
test_session_when_stopped_in_a_transaction_then_not_for_ever(void **state)
{
	int64_t seconds = -1;

	(void)state;
	STORE_NEEDED();
	assert_int_equal(
	    db_number(store.db, "SELECT @@idle_transaction_timeout", DB_NONE, 0,
		&seconds, NULL),
	    ERR_OK);
	assert_int_equal(seconds, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_session_when_opened_then_in_the_known_state),
	    cmocka_unit_test(test_values_when_written_then_read_back_the_same),
	    cmocka_unit_test(test_text_when_longer_than_the_buffer_then_whole),
	    cmocka_unit_test(
		test_query_when_another_runs_within_then_both_are_whole),
	    cmocka_unit_test(
		test_failures_when_they_happen_then_have_their_code),
	    cmocka_unit_test(test_insert_many_when_300_rows_then_all_in_order),
	    cmocka_unit_test(test_part_when_it_fails_then_only_that_is_undone),
	    cmocka_unit_test(
		test_part_when_within_a_part_then_each_is_undone_alone),
	    cmocka_unit_test(
		test_part_when_the_connection_breaks_then_the_whole_is_doomed),
	    cmocka_unit_test(
		test_transaction_when_inner_rolls_back_then_nothing_stays),
	    cmocka_unit_test(
		test_connection_when_lost_outside_a_transaction_then_replaced),
	    cmocka_unit_test(
		test_connection_when_lost_within_a_transaction_then_it_fails),
	    cmocka_unit_test(
		test_commit_when_connection_is_lost_then_uncertain),
	    cmocka_unit_test(
		test_transact_when_connection_is_lost_before_commit_then_repeated),
	    cmocka_unit_test(
		test_transact_when_connection_is_lost_at_commit_then_not_repeated),
	    cmocka_unit_test(test_transact_when_two_deadlock_then_both_succeed),
	    cmocka_unit_test(test_limit_when_a_query_is_slow_then_busy),
	    cmocka_unit_test(
		test_query_when_a_lock_was_not_to_be_had_then_asked_again),
	    cmocka_unit_test(
		test_session_when_stopped_in_a_transaction_then_not_for_ever),
	    cmocka_unit_test(
		test_limit_when_the_connection_is_replaced_then_still_stands),
	};
	const struct CMUnitTest without_server[] = {
	    cmocka_unit_test(
		test_connect_when_the_server_is_away_then_says_where),
	};
	int failed = cmocka_run_group_tests(tests, store_setup, store_teardown);

	return failed + cmocka_run_group_tests(without_server, NULL, NULL);
}
