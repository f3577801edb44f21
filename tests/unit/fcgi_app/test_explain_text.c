/* What is said of a job in each state, from facts made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi-app/explain_text.h"
#include "lib/base/mem.h"

#define NOW	      ((int64_t)1000000000000) /* 2001-09-09T01:46:40Z */
#define S	      ((int64_t)1000)
#define TEXT(literal) ((char *)(uintptr_t)(literal))

static struct job_explain
job_in(enum state status)
{
	return (struct job_explain){
	    .job_id = "J",
	    .status = status,
	    .kind = TEXT("train"),
	    .runs = 1,
	    .n_components = 5,
	    .create_time = NOW - 200 * S,
	    .start_time = status == STATE_WAITING ? 0 : NOW - 190 * S,
	    .end_time = state_is_final(status) ? NOW - 100 * S : 0,
	    .n_schedulers = 1,
	    .has_scheduler = true,
	};
}

static struct job_explain_task
task_in(enum state status, const char *component, const char *role)
{
	return (struct job_explain_task){
	    .component = TEXT(component),
	    .role = TEXT(role),
	    .party_id = TEXT("9999"),
	    .dir = TEXT(""),
	    .status = status,
	    .start_time = NOW - 60 * S,
	    .silent_ms = -1,
	};
}

/* All sentences, " | " between them, are those and no others. */
static void
assert_says(const struct explain_facts *f, const char *expected)
{
	cJSON *list = cJSON_CreateArray();
	struct buf text = BUF_INIT;
	const cJSON *it;

	explain_text(f, list);
	cJSON_ArrayForEach(it, list)
	{
		if (text.len)
			buf_adds(&text, " | ");
		buf_adds(&text, it->valuestring);
	}
	assert_string_equal(text.ptr, expected);
	buf_release(&text);
	cJSON_Delete(list);
}

static struct explain_facts
facts_of(const struct job_explain *j)
{
	return (struct explain_facts){
	    .job = j, .now = NOW, .max_jobs = 20, .has_folder = true};
}

static void
test_duration_has_two_units_at_most(void **state)
{
	static const struct {
		int64_t ms;
		const char *expected;
	} rows[] = {
	    {-5, "0 s"},
	    {0, "0 s"},
	    {999, "0 s"},
	    {1000, "1 s"},
	    {60000, "1 min"},
	    {185000, "3 min 5 s"},
	    {3600000, "1 h"},
	    {3605000, "1 h"},
	    {7384000, "2 h 3 min"},
	    {90061000, "1 d 1 h"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf text = BUF_INIT;

		explain_duration(rows[i].ms, &text);
		assert_string_equal(text.ptr, rows[i].expected);
		buf_release(&text);
	}
}

static void
test_waiting_says_what_for_and_how_many_are_ahead(void **state)
{
	struct job_explain j = job_in(STATE_WAITING);
	struct explain_facts f = facts_of(&j);

	(void)state;
	j.pending_reason = TEXT("20 of 20 jobs run (scheduler.max_jobs)");
	j.n_ahead = 3;
	j.n_running = 20;
	assert_says(&f,
	    "Job J (train) waits since 2001-09-09T01:43:20.000Z, for 3 min "
	    "20 s. | It waits because: 20 of 20 jobs run "
	    "(scheduler.max_jobs). | 3 waiting jobs are ahead of it in the "
	    "queue. 20 of at most 20 jobs run on this site. | It starts "
	    "earlier when what it waits for ends, when the site raises the "
	    "limit, or when it is submitted with a higher priority in its "
	    "job_parameters. | To give it up: fateflow job stop -j J.");
}

static void
test_waiting_first_in_the_queue_is_taken_soon(void **state)
{
	struct job_explain j = job_in(STATE_WAITING);
	struct explain_facts f = facts_of(&j);

	(void)state;
	assert_says(&f,
	    "Job J (train) waits since 2001-09-09T01:43:20.000Z, for 3 min "
	    "20 s. | It is the first in the queue. 0 of at most 20 jobs run "
	    "on this site. | A scheduler is alive and looks at it at its next "
	    "pass. | To give it up: fateflow job stop -j J.");
}

static void
test_waiting_without_a_scheduler_says_so_first(void **state)
{
	struct job_explain j = job_in(STATE_WAITING);
	struct explain_facts f = facts_of(&j);

	(void)state;
	j.n_schedulers = 0;
	j.n_ahead = 1;
	j.runs = 2;
	j.update_time = NOW - 30 * S;
	j.rerun_from = TEXT("dataio_0");
	j.stop_requested = 2;
	j.stop_by = TEXT("10.0.0.7");
	j.stop_time = NOW - 10 * S;
	j.stop_reason = TEXT("wrong table");
	assert_says(&f,
	    "Job J (train) waits since 2001-09-09T01:46:10.000Z, for 30 s; it "
	    "was put back into the queue for its run 2, from dataio_0 on. | "
	    "No scheduler is alive on this site: nothing starts and nothing "
	    "goes on until one runs (fateflow-scheduler, or "
	    "fateflow-scheduler --once from cron). | 10.0.0.7 asked to kill "
	    "it at 2001-09-09T01:46:30.000Z (wrong table), and no scheduler "
	    "is alive to do so. | 1 waiting job is ahead of it in the queue. "
	    "0 of at most 20 jobs run on this site.");
}

static void
test_running_tells_each_task_and_its_heartbeat(void **state)
{
	struct job_explain j = job_in(STATE_RUNNING);
	struct explain_facts f = facts_of(&j);
	struct job_explain_task v[] = {
	    task_in(STATE_SUCCESS, "dataio_0", "guest"),
	    task_in(STATE_RUNNING, "lr_0", "guest"),
	    task_in(STATE_RUNNING, "lr_0", "host"),
	};

	(void)state;
	v[1].attempt = 1;
	v[1].progress = 40;
	v[1].message = TEXT("iteration 3 of 30");
	v[1].silent_ms = 3 * S;
	v[1].idle_ms = 50 * S;
	j.tasks = (struct job_explain_tasks){v, ARRAY_LEN(v)};
	j.progress = 20;
	j.timeout_ms = 3600 * S;
	j.spent_ms = 190 * S;
	j.auto_retries = 3;
	j.retries = 1;
	j.has_scheduler = false;
	j.pending_reason = TEXT("no room for 3 tasks.");
	assert_says(&f,
	    "Job J (train) runs since 2001-09-09T01:43:30.000Z, for 3 min "
	    "10 s; 1 of 5 components are done (20 %). | lr_0 of guest 9999 "
	    "(attempt 2) runs for 1 min: 40 %, iteration 3 of 30; it last "
	    "wrote its state 3 s ago, without progress for 50 s. | lr_0 of "
	    "host 9999 runs for 1 min: 0 %; it has written nothing. | The "
	    "scheduler that had it is gone; another takes it over within "
	    "seconds, and its tasks go on meanwhile. | What comes next in it "
	    "waits: no room for 3 tasks. | What failed in passing was tried "
	    "again 1 of at most 3 times. | Of its time of 1 h, 3 min 10 s are "
	    "used. | To give it up: fateflow job stop -j J.");
}

static void
test_running_with_many_tasks_counts_the_rest(void **state)
{
	struct job_explain j = job_in(STATE_RUNNING);
	struct explain_facts f = facts_of(&j);
	struct job_explain_task v[11];
	cJSON *list = cJSON_CreateArray();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		v[i] = task_in(STATE_RUNNING, "lr_0", "host");
	j.tasks = (struct job_explain_tasks){v, ARRAY_LEN(v)};
	explain_text(&f, list);
	assert_string_equal(cJSON_GetArrayItem(list, 9)->valuestring,
	    "3 more of its tasks run.");
	cJSON_Delete(list);
}

static void
test_running_between_components_says_so(void **state)
{
	struct job_explain j = job_in(STATE_RUNNING);
	struct explain_facts f = facts_of(&j);

	(void)state;
	assert_says(&f,
	    "Job J (train) runs since 2001-09-09T01:43:30.000Z, for 3 min "
	    "10 s; 0 of 5 components are done (0 %). | No task of it runs at "
	    "this moment: the scheduler is between two components. | To give "
	    "it up: fateflow job stop -j J.");
}

static void
test_failed_names_component_party_class_reason_and_what_to_do(void **state)
{
	struct job_explain j = job_in(STATE_FAILED);
	struct explain_facts f = facts_of(&j);
	struct job_explain_task t = task_in(STATE_FAILED, "lr_0", "host");

	(void)state;
	t.reason = TEXT("label column y is not there.");
	t.error_class = TEXT("job");
	j.reason = TEXT("lr_0, host 9999: label column y is not there.");
	f.failed = &t;
	f.n_log_lines = 20;
	assert_says(&f,
	    "Job J (train) failed at 2001-09-09T01:45:00.000Z, after 1 min "
	    "30 s. | What failed first is lr_0 of host 9999, class job: label "
	    "column y is not there. | The last lines of its log are shown "
	    "beside; all of them: fateflow job log -j J -o logs. | To run "
	    "again what did not succeed: fateflow job rerun -j J.");
	j.reason = TEXT("something else");
	j.error_class = TEXT("killed");
	f.n_log_lines = 0;
	f.has_folder = false;
	f.no_rerun = "its folder is gone";
	assert_says(&f,
	    "Job J (train) failed at 2001-09-09T01:45:00.000Z, after 1 min "
	    "30 s. | What failed first is lr_0 of host 9999, class job: label "
	    "column y is not there. | The reason on record: something else. | "
	    "The failure is of the class killed. | Its folder was cleaned: "
	    "there are no logs of it any more. | It cannot run again: its "
	    "folder is gone.");
}

static void
test_canceled_says_who_and_why_and_blames_no_task(void **state)
{
	struct job_explain j = job_in(STATE_CANCELED);
	struct explain_facts f = facts_of(&j);
	struct job_explain_task t = task_in(STATE_FAILED, "lr_0", "host");

	(void)state;
	t.reason = TEXT("canceled");
	f.failed = &t;
	j.start_time = 0;
	j.stop_requested = 1;
	j.stop_by = TEXT("10.0.0.7");
	j.stop_time = NOW - 100 * S;
	j.stop_reason = TEXT("not needed");
	assert_says(&f,
	    "Job J (train) was canceled at 2001-09-09T01:45:00.000Z, before "
	    "it began. | 10.0.0.7 asked for that at 2001-09-09T01:45:00.000Z "
	    "(cancel): not needed. | To run again what did not succeed: "
	    "fateflow job rerun -j J.");
}

static void
test_timeout_and_success_have_their_words(void **state)
{
	struct job_explain j = job_in(STATE_TIMEOUT);
	struct explain_facts f = facts_of(&j);

	(void)state;
	j.reason = TEXT("the job's time of 1 min is used up");
	assert_says(&f,
	    "Job J (train) ran out of time at 2001-09-09T01:45:00.000Z, after "
	    "1 min 30 s. | The reason on record: the job's time of 1 min is "
	    "used up. | To run again what did not succeed: fateflow job rerun "
	    "-j J.");
	j = job_in(STATE_SUCCESS);
	j.runs = 3;
	assert_says(&f,
	    "Job J (train) succeeded at 2001-09-09T01:45:00.000Z, after 1 min "
	    "30 s, in its run 3. | There is nothing to do.");
}

static void
test_failed_first_is_what_the_job_names_or_ended_first(void **state)
{
	struct job_explain j = job_in(STATE_FAILED);
	struct job_explain_task v[] = {
	    task_in(STATE_SUCCESS, "dataio_0", "guest"),
	    task_in(STATE_FAILED, "lr_0", "guest"),
	    task_in(STATE_TIMEOUT, "lr_0", "host"),
	};

	(void)state;
	v[1].end_time = 20;
	v[2].end_time = 10;
	assert_null(job_explain_failed(&j, NULL, NULL));
	j.tasks = (struct job_explain_tasks){v, ARRAY_LEN(v)};
	assert_ptr_equal(job_explain_failed(&j, NULL, NULL), &v[2]);
	assert_ptr_equal(job_explain_failed(&j, "guest", "9999"), &v[1]);
	assert_null(job_explain_failed(&j, "arbiter", NULL));
	assert_null(job_explain_failed(&j, NULL, "1"));
	j.failed_component = TEXT("lr_0");
	j.failed_role = TEXT("guest");
	j.failed_party_id = TEXT("9999");
	assert_ptr_equal(job_explain_failed(&j, NULL, NULL), &v[1]);
	assert_int_equal(job_explain_done(&j), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_duration_has_two_units_at_most),
	    cmocka_unit_test(test_waiting_says_what_for_and_how_many_are_ahead),
	    cmocka_unit_test(test_waiting_first_in_the_queue_is_taken_soon),
	    cmocka_unit_test(test_waiting_without_a_scheduler_says_so_first),
	    cmocka_unit_test(test_running_tells_each_task_and_its_heartbeat),
	    cmocka_unit_test(test_running_with_many_tasks_counts_the_rest),
	    cmocka_unit_test(test_running_between_components_says_so),
	    cmocka_unit_test(
		test_failed_names_component_party_class_reason_and_what_to_do),
	    cmocka_unit_test(test_canceled_says_who_and_why_and_blames_no_task),
	    cmocka_unit_test(test_timeout_and_success_have_their_words),
	    cmocka_unit_test(
		test_failed_first_is_what_the_job_names_or_ended_first),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
