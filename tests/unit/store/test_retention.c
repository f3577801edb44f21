/* Which ended jobs are due, in which order, and what is never taken. */
#include "store_db.h"

#include "lib/store/retention.h"

static struct {
	enum err checked; /* what the check says */
	int n_moved;
	int n_kept; /* of them, those whose job was still there */
} test;

static enum err
check(const char *job_id, void *arg, struct buf *err)
{
	(void)job_id;
	(void)arg;
	(void)err;
	return test.checked;
}

static enum err
move(const char *job_id, void *arg, struct buf *err)
{
	int64_t n = 0;

	(void)arg;
	(void)err;
	db_number(store.db, "SELECT COUNT(*) FROM job_run WHERE job_id = ?",
	    DB_BINDS(DB_TEXT(job_id)), 0, &n, NULL);
	test.n_moved++;
	test.n_kept += n > 0;
	return ERR_OK;
}

static const struct retention_files files = {check, move, NULL};

static void
add_job(const char *id, int live, int64_t end_time, const char *conf)
{
	assert_int_equal(
	    db_exec(store.db,
		"INSERT INTO job_run (job_id, kind, status, live,"
		" initiator_role, initiator_party_id, work_mode, n_components,"
		" max_width, timeout_ms, f_roles, f_dsl, f_runtime_conf,"
		" create_time, end_time) VALUES (?, 'train', 'x', ?, 'guest',"
		" '1', 0, 1, 1, 0, '{}', '{}', ?, 1, ?)",
		DB_BINDS(DB_TEXT(id), DB_INT(live), DB_TEXT(conf),
		    live ? DB_NULL : DB_INT(end_time)),
		NULL),
	    ERR_OK);
}

static void
add_metrics(const char *id, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(
		    db_exec(store.db,
			"INSERT INTO t_tracking_metric (f_day, f_job_id,"
			" f_component_name, f_task_id, f_role, f_party_id,"
			" f_metric_namespace, f_metric_name, f_key, f_value,"
			" f_type, f_create_time) VALUES ('', ?, '', '', '',"
			" '', '', '', '', '', 0, 0)",
			DB_BINDS(DB_TEXT(id)), NULL),
		    ERR_OK);
}

/* A version of a table; each has a name of its own. */
static void
add_table(const char *id, const char *name_space, const char *file)
{
	assert_int_equal(
	    db_exec(store.db,
		"INSERT INTO data_table (name_key, namespace, name, version,"
		" is_current, file, row_count, partitions, schema_json,"
		" digest, job_id, create_time) VALUES (UNHEX(SHA2(?, 256)), ?,"
		" 'n', 1, 1, ?, 1, 1, '{}', '', ?, 1)",
		DB_BINDS(DB_TEXT(file), DB_TEXT(name_space), DB_TEXT(file),
		    DB_TEXT(id)),
		NULL),
	    ERR_OK);
}

static int64_t
is_current(const char *file)
{
	int64_t n = -1;

	db_number(store.db,
	    "SELECT COUNT(*) FROM data_table WHERE file = ?"
	    " AND is_current = 1 AND deleted = 0",
	    DB_BINDS(DB_TEXT(file)), 0, &n, NULL);
	return n;
}

static void
start(void)
{
	db_exec(store.db, "DELETE FROM data_table", DB_NONE, NULL);
	db_exec(store.db, "DELETE FROM job_run", DB_NONE, NULL);
	db_exec(store.db, "DELETE FROM t_tracking_metric", DB_NONE, NULL);
	db_exec(store.db, "DELETE FROM retention_mark", DB_NONE, NULL);
	test.checked = ERR_OK;
	test.n_moved = test.n_kept = 0;
	add_job("20200101000000000003", 0, 300, "{}");
	add_job("20200101000000000001", 0, 100, "{}");
	add_job("20200101000000000002", 0, 100, "{}");
	add_job("20200101000000000004", 1, 0,
	    "{\"model_version\": \"20200101000000000003\"}");
}

static void
test_due_jobs_come_in_the_order_of_their_ends(void **state)
{
	struct retention_job jobs[8];
	struct retention_mark mark = {0, 0};
	size_t n = 0;

	(void)state;
	STORE_NEEDED();
	start();
	assert_int_equal(
	    retention_due(store.db, &mark, 1000, jobs, 8, &n, NULL), ERR_OK);
	assert_int_equal(n, 3);
	assert_string_equal(jobs[0].id, "20200101000000000001");
	assert_string_equal(jobs[1].id, "20200101000000000002");
	assert_string_equal(jobs[2].id, "20200101000000000003");
	assert_false(jobs[0].is_used || jobs[1].is_used);
	assert_true(jobs[2].is_used);
	retention_due(store.db, &mark, 300, jobs, 8, &n, NULL);
	assert_int_equal(n, 2);
	mark = (struct retention_mark){jobs[0].end_time, jobs[0].seq};
	retention_due(store.db, &mark, 1000, jobs, 1, &n, NULL);
	assert_int_equal(n, 1);
	assert_string_equal(jobs[0].id, "20200101000000000002");
}

static void
test_mark_when_written_then_read_per_kind(void **state)
{
	struct retention_mark mark = {5, 6}, read = {1, 1};

	(void)state;
	STORE_NEEDED();
	start();
	retention_mark_read(store.db, RETENTION_METRICS, &read, NULL);
	assert_int_equal(read.end_time, 0);
	for (int i = 0; i < 2; i++, mark.seq++) {
		assert_int_equal(retention_mark_write(
				     store.db, RETENTION_METRICS, &mark, NULL),
		    ERR_OK);
		retention_mark_read(store.db, RETENTION_METRICS, &read, NULL);
		assert_int_equal(read.end_time, 5);
		assert_int_equal(read.seq, mark.seq);
	}
	retention_mark_read(store.db, RETENTION_SCRATCH, &read, NULL);
	assert_int_equal(read.seq, 0);
}

static void
test_take_when_the_job_lives_then_nothing(void **state)
{
	int64_t n = 0;

	(void)state;
	STORE_NEEDED();
	start();
	add_metrics("20200101000000000004", 3);
	for (int k = 0; k < RETENTION__MAX; k++)
		assert_int_equal(
		    retention_take(store.db, (enum retention_kind)k,
			"20200101000000000004", 1, &files, NULL),
		    ERR_OK);
	assert_int_equal(test.n_moved, 0);
	retention_count(
	    store.db, RETENTION_METRICS, "20200101000000000004", &n, NULL);
	assert_int_equal(n, 3);
}

static void
test_take_when_a_job_goes_then_all_of_it(void **state)
{
	struct retention_mark mark = {0, 0};
	struct retention_job jobs[8];
	size_t n_jobs = 0;
	int64_t n = 0;

	(void)state;
	STORE_NEEDED();
	start();
	add_metrics("20200101000000000001", 1500); /* more than one step */
	assert_int_equal(retention_take(store.db, RETENTION_JOBS,
			     "20200101000000000001", 1, &files, NULL),
	    ERR_OK);
	assert_int_equal(test.n_moved, 1);
	assert_int_equal(test.n_kept, 0); /* after its rows, not before */
	retention_count(
	    store.db, RETENTION_METRICS, "20200101000000000001", &n, NULL);
	assert_int_equal(n, 0);
	retention_due(store.db, &mark, 1000, jobs, 8, &n_jobs, NULL);
	assert_int_equal(n_jobs, 2);
}

static void
test_take_when_the_folder_cannot_move_then_the_job_stays(void **state)
{
	struct retention_mark mark = {0, 0};
	struct retention_job jobs[8];
	size_t n_jobs = 0;

	(void)state;
	STORE_NEEDED();
	start();
	test.checked = ERR_IO;
	assert_int_equal(retention_take(store.db, RETENTION_JOBS,
			     "20200101000000000001", 1, &files, NULL),
	    ERR_IO);
	assert_int_equal(test.n_moved, 0);
	retention_due(store.db, &mark, 1000, jobs, 8, &n_jobs, NULL);
	assert_int_equal(n_jobs, 3);
}

/* Whatever namespace the user gave it: it is no output. */
static void
test_take_when_a_component_saved_a_table_then_it_stays(void **state)
{
	static const char job[] = "20200101000000000001";
	int64_t n = 0;

	(void)state;
	STORE_NEEDED();
	start();
	add_table(job, "output_data_20200101000000000001_a", "a_0.table");
	add_table(job, "mine", "b_0.publish");
	add_table(job, "output_data_20200101000000000001_b", "c_0.publish");
	retention_count(store.db, RETENTION_TABLES, job, &n, NULL);
	assert_int_equal(n, 1);
	assert_int_equal(
	    retention_take(store.db, RETENTION_TABLES, job, 1, &files, NULL),
	    ERR_OK);
	retention_count(store.db, RETENTION_TABLES, job, &n, NULL);
	assert_int_equal(n, 0);
	assert_int_equal(is_current("a_0.table"), 0);
	assert_int_equal(
	    retention_take(store.db, RETENTION_JOBS, job, 1, &files, NULL),
	    ERR_OK);
	assert_int_equal(is_current("b_0.publish"), 1);
	assert_int_equal(is_current("c_0.publish"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_due_jobs_come_in_the_order_of_their_ends),
	    cmocka_unit_test(test_mark_when_written_then_read_per_kind),
	    cmocka_unit_test(test_take_when_the_job_lives_then_nothing),
	    cmocka_unit_test(test_take_when_a_job_goes_then_all_of_it),
	    cmocka_unit_test(
		test_take_when_the_folder_cannot_move_then_the_job_stays),
	    cmocka_unit_test(
		test_take_when_a_component_saved_a_table_then_it_stays),
	};

	return cmocka_run_group_tests(tests, store_setup, store_teardown);
}
