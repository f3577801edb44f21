/* The waiting jobs in order, the turn, what others run, reasons. */
#include "store_db.h"

#include <string.h>

#include "lib/store/job_queue.h"

static void
add_job(const char *id, const char *status, int64_t rank, int64_t owner)
{
	assert_int_equal(
	    db_exec(store.db,
		"INSERT INTO job_run (job_id, kind, status, live, owner,"
		" queue_rank, initiator_role, initiator_party_id, work_mode,"
		" n_components, max_width, task_cores, task_memory, timeout_ms,"
		" f_roles, f_dsl, f_runtime_conf, create_time)"
		" VALUES (?, 'train', ?, 1, ?, ?, 'guest', '1', 0, 1, 2, 3, 5,"
		" 0, '{}', '{}', '{}', 1)",
		DB_BINDS(
		    DB_TEXT(id), DB_TEXT(status), DB_INT(owner), DB_INT(rank)),
		NULL),
	    ERR_OK);
}

static void
add_task(
    const char *job, const char *role, const char *party, const char *status)
{
	assert_int_equal(
	    db_exec(store.db,
		"INSERT INTO t_task (f_job_id, f_task_id, f_role, f_party_id,"
		" f_component_name, f_status, f_create_time)"
		" VALUES (?, 'a', ?, ?, 'a_0', ?, 1)",
		DB_BINDS(DB_TEXT(job), DB_TEXT(role), DB_TEXT(party),
		    DB_TEXT(status)),
		NULL),
	    ERR_OK);
}

static int
forget_jobs(void **state)
{
	(void)state;
	if (!store.db)
		return 0;
	db_exec(store.db, "DELETE FROM job_run", DB_NONE, NULL);
	db_exec(store.db, "DELETE FROM t_task", DB_NONE, NULL);
	return 0;
}

/* The ids of the rows, a space between them; the last row is left in *last. */
static void
take(struct db_rows **rows, struct buf *ids, struct job_queue_place *last)
{
	struct job_queue_row row;
	enum err rc;

	buf_reset(ids);
	while (!(rc = job_queue_next(*rows, &row, NULL))) {
		buf_addf(ids, "%s%s", ids->len ? " " : "", row.job_id);
		*last = row.place;
		assert_int_equal(row.max_width, 2);
		assert_int_equal(row.task_cores, 3);
		assert_int_equal(row.task_memory, 5);
	}
	assert_int_equal(rc, ERR_NOTFOUND);
	db_end(rows);
}

static void
test_behind_when_read_in_parts_then_rank_and_number_order(void **state)
{
	struct job_queue_place at = JOB_QUEUE_FIRST, other;
	struct db_rows *rows = NULL;
	struct buf ids = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	add_job("plain1", "waiting", 0, 0);
	add_job("low", "waiting", 7, 0);
	add_job("high", "waiting", -100, 0);
	add_job("gone", "running", -100, 1);
	add_job("plain2", "waiting", 0, 0);
	assert_int_equal(
	    job_queue_behind(store.db, &at, 2, &rows, NULL), ERR_OK);
	take(&rows, &ids, &at);
	assert_string_equal(ids.ptr, "high plain1");
	assert_int_equal(
	    job_queue_since(store.db, at.seq, 9, &rows, NULL), ERR_OK);
	take(&rows, &ids, &other);
	assert_string_equal(ids.ptr, "high plain2 low");
	assert_int_equal(
	    job_queue_behind(store.db, &at, 9, &rows, NULL), ERR_OK);
	take(&rows, &ids, &at);
	assert_string_equal(ids.ptr, "plain2 low");
	buf_release(&ids);
}

static void
test_turn_when_another_had_one_then_we_are_not_alone(void **state)
{
	int64_t mine = 0, theirs = 0;
	bool alone = true;

	(void)state;
	STORE_NEEDED();
	assert_int_equal(job_queue_turn(store.db, &mine, &alone, NULL), ERR_OK);
	assert_false(alone);
	assert_int_equal(job_queue_turn(store.db, &mine, &alone, NULL), ERR_OK);
	assert_true(alone);
	assert_int_equal(
	    job_queue_turn(store.db, &theirs, &alone, NULL), ERR_OK);
	assert_false(alone);
	assert_int_equal(theirs, mine + 1);
	assert_int_equal(job_queue_turn(store.db, &mine, &alone, NULL), ERR_OK);
	assert_false(alone);
	assert_int_equal(mine, theirs + 1);
	assert_int_equal(job_queue_turn(store.db, &mine, &alone, NULL), ERR_OK);
	assert_true(alone);
}

static void
test_others_when_they_run_tasks_then_ours_are_left_out(void **state)
{
	struct quota_use use = {0};
	struct buf text = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	add_job("ours", "running", 0, 1);
	add_task("ours", "guest", "9", "running");
	add_job("theirs", "running", 0, 2);
	add_task("theirs", "guest", "9", "running");
	add_task("theirs", "host", "7", "running");
	add_task("theirs", "host", "8", "success");
	assert_int_equal(
	    job_queue_others(store.db, 1, true, &use, NULL), ERR_OK);
	assert_int_equal(use.site[QUOTA_JOBS], 1);
	assert_int_equal(use.site[QUOTA_TASKS], 2);
	assert_int_equal(use.site[QUOTA_CORES], 6);
	assert_int_equal(use.site[QUOTA_MEMORY], 10);
	quota_list_print(&use.by, &text);
	assert_string_equal(
	    text.ptr, "7:1,9:1,guest:1,guest 9:1,host:1,host 7:1");
	quota_use_release(&use);
	buf_release(&text);
}

static int64_t
number(const char *sql)
{
	int64_t n = -1;

	assert_int_equal(
	    db_number(store.db, sql, DB_NONE, -1, &n, NULL), ERR_OK);
	return n;
}

static void
test_notes_when_written_then_only_on_those_that_wait(void **state)
{
	const char *ids[] = {"one", "two", "runs"};

	(void)state;
	STORE_NEEDED();
	add_job("one", "waiting", 0, 0);
	add_job("two", "waiting", 0, 0);
	add_job("three", "waiting", 0, 0);
	add_job("runs", "running", 0, 1);
	assert_int_equal(
	    job_queue_set_pending(store.db, ids, 3, "why", NULL), ERR_OK);
	assert_int_equal(number("SELECT COUNT(*) FROM job_run WHERE"
				" pending_reason = 'why'"),
	    2);
	job_queue_set_passed(store.db, "one", 50, NULL);
	job_queue_set_passed(store.db, "one", 20, NULL);
	job_queue_set_passed(store.db, "runs", 20, NULL);
	assert_int_equal(number("SELECT SUM(passed_ms) FROM job_run"), 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		test_behind_when_read_in_parts_then_rank_and_number_order,
		forget_jobs),
	    cmocka_unit_test(
		test_turn_when_another_had_one_then_we_are_not_alone),
	    cmocka_unit_test_teardown(
		test_others_when_they_run_tasks_then_ours_are_left_out,
		forget_jobs),
	    cmocka_unit_test_teardown(
		test_notes_when_written_then_only_on_those_that_wait,
		forget_jobs),
	};

	return cmocka_run_group_tests(tests, store_setup, store_teardown);
}
