/* What a job has used up, however the clocks of a pass lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "scheduler/budget.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
