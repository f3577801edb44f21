/* Who may start: all tasks of a component together, room kept for the first. */
#include "tests/unit/scheduler/run_jobs.h"

#include <string.h>

#include "lib/base/mem.h"
#include "scheduler/admission.h"

#define CONF                                                           \
	"{\"initiator\":{\"role\":\"guest\",\"party_id\":9},"          \
	"\"job_parameters\":{\"work_mode\":0,\"task_cores\":2,"        \
	"\"task_memory\":10},\"role\":{\"guest\":[9],\"host\":[7,8]}," \
	"\"role_parameters\":{}}"
#define DSL                                                                    \
	"{\"components\":{\"dataio_0\":{\"module\":\"DataIO\",\"input\":"      \
	"{\"data\":{\"data\":[\"args.train_data\"]}},\"output\":{\"data\":"    \
	"[\"out\"]}},\"dataio_1\":{\"module\":\"DataIO\",\"input\":{\"data\":" \
	"{\"data\":[\"args.other\"]}},\"output\":{\"data\":[\"out\"]}}}}"

static struct run_job *
new_job(void)
{
	char dsl[] = DSL, conf[] = CONF;
	struct job_run row = {.job_id = "1", .dsl = dsl, .conf = conf};

	return run_job_of(&row);
}

static struct quota
quota_of(int64_t jobs, int64_t tasks, int64_t per_party)
{
	return (struct quota){
	    .site = {[QUOTA_JOBS] = jobs, [QUOTA_TASKS] = tasks},
	    .per_party = per_party,
	};
}

static void
test_component_when_room_is_short_then_takes_none(void **state)
{
	struct quota quota = quota_of(2, 5, 0);
	struct admission a = {.quota = &quota};
	struct run_job *j = new_job();
	struct buf reason = BUF_INIT;

	(void)state;
	assert_int_equal(admission_component(&a, j, 0, &reason), QUOTA_YES);
	assert_int_equal(a.use.site[QUOTA_TASKS], 3);
	assert_int_equal(a.use.site[QUOTA_CORES], 6);
	assert_int_equal(a.use.site[QUOTA_MEMORY], 30);
	assert_int_equal(admission_component(&a, j, 1, &reason), QUOTA_LATER);
	assert_int_equal(a.use.site[QUOTA_TASKS], 3);
	assert_string_equal(reason.ptr,
	    "scheduler.max_tasks = 5: dataio_1 needs 3 tasks at once; 3 in "
	    "use when it began to wait for this");
	buf_release(&reason);
	admission_release(&a);
	job_free(j);
}

static void
test_count_when_tasks_run_then_they_are_taken(void **state)
{
	struct quota quota = quota_of(2, 5, 1);
	struct admission a = {.quota = &quota};
	struct run_job *j = new_job();
	struct buf reason = BUF_INIT;

	(void)state;
	j->components[0].tasks[0].next = STATE_RUNNING;
	j->components[0].tasks[1].next = STATE_SUCCESS;
	admission_count(&a, j);
	assert_int_equal(a.use.site[QUOTA_JOBS], 1);
	assert_int_equal(a.use.site[QUOTA_TASKS], 1);
	assert_int_equal(a.use.site[QUOTA_CORES], 2);
	assert_int_equal(admission_component(&a, j, 1, &reason), QUOTA_LATER);
	assert_string_equal(reason.ptr,
	    "scheduler.max_tasks_per_party = 1: dataio_1 needs 1 task of "
	    "party 9 at once; 1 in use when it began to wait for this");
	buf_release(&reason);
	admission_release(&a);
	job_free(j);
}

static void
test_job_when_room_is_kept_then_only_what_leaves_it_begins(void **state)
{
	static const struct {
		int64_t used, asked;
		enum quota_answer want;
		const char *says;
	} rows[] = {
	    {0, 2, QUOTA_YES, ""},
	    {2, 4, QUOTA_YES, ""}, /* it lacks nothing: it fits */
	    {4, 2, QUOTA_LATER, "room is kept for job 77"},
	    {3, 1, QUOTA_LATER, "room is kept for job 77"},
	    {5, 2, QUOTA_LATER, "scheduler.max_tasks = 6"},
	    {0, 7, QUOTA_NEVER, "scheduler.max_tasks = 6"},
	};
	struct quota quota = quota_of(3, 6, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct admission a = {.quota = &quota};
		struct quota_use kept = {.site = {1, 4}};
		struct quota_use ask = {.site = {1, rows[i].asked}};
		struct buf reason = BUF_INIT;

		a.use.site[QUOTA_TASKS] = rows[i].used;
		admission_keep(&a, "77", &kept);
		assert_int_equal(
		    admission_job(&a, &ask, &reason), rows[i].want);
		assert_non_null(strstr(reason.ptr, rows[i].says));
		assert_int_equal(reason.len == 0, !rows[i].want);
		assert_int_equal(a.use.site[QUOTA_JOBS], !rows[i].want);
		assert_int_equal(a.use.site[QUOTA_TASKS], rows[i].used);
		buf_release(&reason);
		admission_release(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_component_when_room_is_short_then_takes_none),
	    cmocka_unit_test(test_count_when_tasks_run_then_they_are_taken),
	    cmocka_unit_test(
		test_job_when_room_is_kept_then_only_what_leaves_it_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
