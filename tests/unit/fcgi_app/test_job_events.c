#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi-app/job_events.h"
#include "lib/base/buf.h"

static void
test_print_of_a_stopped_job_gives_its_events_by_time(void **state)
{
	struct task_query_place v[] = {
	    {.task_id = (char *)"J_b",
		.role = (char *)"host",
		.party_id = (char *)"2",
		.status = (char *)"failed",
		.reason = (char *)"broke\nin two",
		.start_time = 3000,
		.end_time = 3500},
	    {.task_id = (char *)"J_a",
		.role = (char *)"guest",
		.party_id = (char *)"1",
		.status = (char *)"running",
		.start_time = 2500},
	};
	struct task_query_places tasks = {v, 2};
	struct job_history h = {.kind = (char *)"train",
	    .status = (char *)"canceled",
	    .initiator_role = (char *)"guest",
	    .initiator_party_id = (char *)"1",
	    .stop_by = (char *)"127.0.0.1",
	    .stop_reason = (char *)"wrong\ntable",
	    .stop_time = 3900,
	    .create_time = 1000,
	    .start_time = 2000,
	    .end_time = 4000};
	static const char *const order[] = {"submit job", "start job",
	    "start task J_a", "start task J_b", "failed: broke|in two\n",
	    "status canceled\n"};
	struct buf schedule = BUF_INIT, audit = BUF_INIT;
	const char *at;

	(void)state;
	job_events_print(&h, &tasks, &schedule, &audit);
	at = schedule.ptr;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		at = strstr(at, order[i]);
		assert_non_null(at);
	}
	assert_ptr_equal(strstr(schedule.ptr, "[INFO] ["), schedule.ptr);
	assert_non_null(strstr(
	    audit.ptr, "stop (cancel) asked for by 127.0.0.1: wrong|table\n"));
	buf_release(&schedule);
	buf_release(&audit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_print_of_a_stopped_job_gives_its_events_by_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
