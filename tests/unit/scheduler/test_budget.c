/* What a job has used up, however the clocks of a pass lie. */
#include "tests/unit/scheduler/run_jobs.h"
#include "tests/unit/store/store_db.h"

#include "lib/base/json.h"
#include "scheduler/budget.h"

#define JOB "2026112312000012345671"
#define DSL                                                           \
	"{\"components\":{\"a_0\":{\"module\":\"DataIO\",\"input\":{" \
	"\"data\":{\"data\":[\"args.x\"]}},\"output\":{\"data\":"     \
	"[\"train\"]}}}}"
#define CONF                                                        \
	"{\"initiator\":{\"role\":\"guest\",\"party_id\":9999},"    \
	"\"job_parameters\":{\"work_mode\":0},\"role\":{\"guest\":" \
	"[9999]},\"role_parameters\":{}}"

static void
test_spent_when_counted_since_then_adds_the_difference(void **state)
{
	struct run_job j = {.spent_ms = 40, .counted_at = 1000};

	(void)state;
	assert_int_equal(budget_spent(&j, 1000), 40);
	assert_int_equal(budget_spent(&j, 1250), 290);
}

/* The pass began, then the database kept it waiting, then the job was read. */
static void
test_spent_when_read_after_the_pass_began_then_subtracts_nothing(void **state)
{
	struct run_job j = {.spent_ms = 40, .counted_at = 6000};

	(void)state;
	assert_int_equal(budget_spent(&j, 1000), 40);
}

/* What the pass stored counts up to its begin, what follows from the read. */
static void
test_commit_when_read_after_the_pass_began_then_counts_nothing_twice(
    void **state)
{
	struct run_job j = {.spent_ms = 40,
	    .counted_at = 6000,
	    .next_spent_ms = 40,
	    .next_counted_at = 1000};

	(void)state;
	job_commit(&j);
	assert_int_equal(budget_spent(&j, 6000), 40);
	assert_int_equal(budget_spent(&j, 6100), 140);
}

static struct run_job *
new_job(void)
{
	struct job_run row = {.job_id = JOB,
	    .dsl = (char *)(uintptr_t)DSL,
	    .conf = (char *)(uintptr_t)CONF};

	return run_job_of(&row);
}

static int64_t
stored_ms(void)
{
	int64_t ms = -1;

	assert_int_equal(
	    db_number(store.db,
		"SELECT f_spent_ms FROM t_task WHERE f_job_id = '" JOB "'",
		DB_NONE, -1, &ms, NULL),
	    ERR_OK);
	return ms;
}

static void
test_store_when_it_was_rolled_back_then_it_is_done_again(void **state)
{
	struct run_job *j;
	struct task_run_key key = {JOB, NULL, "guest", "9999"};
	struct task_run_start start = {.component = "a_0", .run_ip = ""};
	struct scheduler s = {.db = store.db};
	struct settle p = {.s = &s, .mono_now = 4000};

	(void)state;
	STORE_NEEDED();
	j = new_job();
	key.task_id = j->components[0].tasks[0].task_id.ptr;
	assert_int_equal(task_run_insert(store.db, &key, &start, NULL), ERR_OK);
	j->components[0].counted_at = 1000;

	assert_int_equal(db_begin(store.db, NULL), ERR_OK);
	assert_int_equal(budget_store(&p, j, NULL), ERR_OK);
	assert_int_equal(stored_ms(), 3000);
	db_rollback(store.db);
	job_rollback(j);
	assert_int_equal(stored_ms(), 0);

	assert_int_equal(budget_store(&p, j, NULL), ERR_OK);
	assert_int_equal(stored_ms(), 3000);
	job_commit(j);
	p.mono_now = 4001; /* stored a moment ago: not worth a statement */
	assert_int_equal(budget_store(&p, j, NULL), ERR_OK);
	assert_int_equal(stored_ms(), 3000);
	job_free(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_spent_when_counted_since_then_adds_the_difference),
	    cmocka_unit_test(
		test_spent_when_read_after_the_pass_began_then_subtracts_nothing),
	    cmocka_unit_test(
		test_commit_when_read_after_the_pass_began_then_counts_nothing_twice),
	    cmocka_unit_test(
		test_store_when_it_was_rolled_back_then_it_is_done_again),
	};

	json_init();
	return cmocka_run_group_tests(tests, store_setup, store_teardown);
}
