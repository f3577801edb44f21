/* Which component is tried again, when, and what restored rows mean. */
#include "tests/unit/scheduler/run_jobs.h"

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "scheduler/retry.h"

/* a_0 -> b_0, and c_0 beside them; each on guest and host. */
#define DSL                                                                   \
	"{\"components\":{"                                                   \
	"\"a_0\":{\"module\":\"DataIO\",\"input\":{\"data\":{\"data\":"       \
	"[\"args.x\"]}},\"output\":{\"data\":[\"train\"]}},"                  \
	"\"b_0\":{\"module\":\"Intersection\",\"input\":{\"data\":{\"data\":" \
	"[\"a_0.train\"]}},\"output\":{\"data\":[\"train\"]}},"               \
	"\"c_0\":{\"module\":\"DataIO\",\"input\":{\"data\":{\"data\":"       \
	"[\"args.y\"]}},\"output\":{\"data\":[\"train\"]}}}}"
#define CONF                                                       \
	"{\"initiator\":{\"role\":\"guest\",\"party_id\":9999},"   \
	"\"job_parameters\":{\"work_mode\":0,\"auto_retries\":%d," \
	"\"auto_retry_delay\":2},\"role\":{\"guest\":[9999],"      \
	"\"host\":[10000]},\"role_parameters\":{}}"

static struct run_job *
job(int auto_retries, int64_t run_fence, const char *rerun_from)
{
	char conf[512];
	struct job_run row = {.job_id = "2026112312000012345671",
	    .fence = 9,
	    .run_fence = run_fence,
	    .rerun_from = (char *)(uintptr_t)rerun_from,
	    .dsl = (char *)(uintptr_t)DSL,
	    .conf = conf};

	snprintf(conf, sizeof(conf), CONF, auto_retries);
	return run_job_of(&row);
}

static size_t
at(const struct run_job *j, const char *name)
{
	return (size_t)dsl_find(&j->dsl, name);
}

/* A row for both parties; the host's has the status, the guest's `peer`. */
static void
restore(struct run_job *j, const char *component, int64_t fence,
    enum state status, const char *error_class, enum state peer)
{
	const char *roles[] = {"guest", "host"}, *ids[] = {"9999", "10000"};

	for (int i = 0; i < 2; i++) {
		struct task_run row = {
		    .component = (char *)(uintptr_t)component,
		    .role = (char *)(uintptr_t)roles[i],
		    .party_id = (char *)(uintptr_t)ids[i],
		    .status = i ? status : peer,
		    .error_class =
			(char *)(uintptr_t)(i ? error_class : "ended"),
		    .reason = (char *)(uintptr_t) "why",
		    .fence = fence,
		};

		job_restore_task(j, &row);
	}
}

static void
test_delay_when_retries_grow_then_doubles_up_to_the_limit(void **state)
{
	(void)state;
	assert_int_equal(retry_delay_ms(2000, 0), 2000);
	assert_int_equal(retry_delay_ms(2000, 1), 4000);
	assert_int_equal(retry_delay_ms(2000, 3), 16000);
	assert_int_equal(retry_delay_ms(2000, 60), RETRY_DELAY_MAX_MS);
	assert_int_equal(retry_delay_ms(0, 1000000), 0);
	assert_int_equal(retry_delay_ms(3600000, 0), RETRY_DELAY_MAX_MS);
}

static void
test_fail_when_two_fail_at_once_then_they_share_a_retry(void **state)
{
	struct run_job *j = job(1, 0, NULL);
	struct run_component *a = &j->components[at(j, "a_0")];
	struct run_component *c = &j->components[at(j, "c_0")];

	(void)state;
	retry_fail(&a->tasks[0], FAILURE_DISK_FULL, "full");
	assert_true(a->is_retry && a->is_redo);
	retry_fail(&a->tasks[1], FAILURE_DISK_FULL, "full too");
	assert_string_equal(a->redo_text.ptr, "full");
	retry_fail(&c->tasks[0], FAILURE_DISK_FULL, "full");
	assert_true(c->is_retry);
	assert_int_equal(a->retry_no, 1);
	assert_int_equal(c->retry_no, 1);
	assert_int_equal(j->ending, STATE_SUBMIT);
	job_free(j);
}

static void
test_fail_when_the_retries_have_begun_then_ends_the_job(void **state)
{
	struct run_job *j = job(1, 0, NULL);
	struct run_component *a = &j->components[at(j, "a_0")];
	struct run_component *c = &j->components[at(j, "c_0")];

	(void)state;
	retry_fail(&a->tasks[0], FAILURE_KILLED, "killed");
	j->retries = j->next_retries = 1; /* its attempt began */
	retry_fail(&c->tasks[0], FAILURE_LOST, "lost");
	assert_int_equal(j->ending, STATE_FAIL);
	assert_ptr_equal(j->failed, &c->tasks[0]);
	assert_int_equal(j->failure, FAILURE_LOST);
	job_free(j);
}

static void
test_fail_when_it_is_the_jobs_own_then_ends_the_job(void **state)
{
	struct run_job *j = job(5, 0, NULL);
	struct run_component *a = &j->components[at(j, "a_0")];

	(void)state;
	retry_fail(&a->tasks[0], FAILURE_ERROR, "no label");
	assert_false(a->is_redo);
	assert_int_equal(j->ending, STATE_FAIL);
	assert_string_equal(j->reason.ptr, "no label");
	job_free(j);
}

static void
test_look_when_the_last_attempt_is_over_then_waits_and_is_due(void **state)
{
	struct run_job *j = job(3, 0, NULL);
	size_t a = at(j, "a_0");
	struct run_component *c = &j->components[a];

	(void)state;
	restore(j, "a_0", 9, STATE_FAILED, "killed", STATE_RUNNING);
	retry_restore(j);
	assert_true(c->is_retry);
	retry_look(j, 7000, 1000);
	assert_int_equal(c->redo_at, 0); /* the guest's still runs */
	assert_null(retry_pending(j));
	c->tasks[0].status = c->tasks[0].next = STATE_FAILED;
	c->tasks[0].is_watched = false;
	retry_look(j, 7000, 1000);
	assert_int_equal(c->redo_at, 3000);
	assert_string_equal(
	    retry_pending(j), "retry 1 of 3 of a_0 in 2 s: why");
	assert_int_equal(retry_due_at(j, 99999), 3000);
	assert_false(retry_is_due(j, a, 2999));
	assert_true(retry_is_due(j, a, 3000));
	job_free(j);
}

static void
test_look_when_it_is_due_then_moves_the_job_once(void **state)
{
	struct run_job *j = job(3, 0, NULL);
	size_t a = at(j, "a_0");

	(void)state;
	restore(j, "a_0", 9, STATE_FAILED, "killed", STATE_FAILED);
	retry_restore(j);
	retry_look(j, 7000, 1000);
	j->is_dirty = false;
	retry_look(j, 7000, 3000);
	assert_true(j->is_dirty);
	j->is_dirty = false; /* there was no room for it */
	retry_look(j, 7000, 3001);
	assert_false(j->is_dirty);
	assert_true(retry_is_due(j, a, 3001));
	assert_null(retry_pending(j));
	assert_int_equal(retry_due_at(j, 99999), 99999);
	job_free(j);
}

static void
test_due_when_the_job_ends_then_no_retry_is_waited_for(void **state)
{
	struct run_job *j = job(3, 0, NULL);

	(void)state;
	restore(j, "a_0", 9, STATE_FAILED, "killed", STATE_FAILED);
	retry_restore(j);
	retry_look(j, 7000, 1000);
	assert_int_equal(retry_due_at(j, 99999), 3000);
	job_end(j, STATE_CANCEL, "stopped");
	assert_int_equal(retry_due_at(j, 99999), 99999);
	job_free(j);
}

struct row {
	const char *what;
	int64_t a_fence, b_fence; /* 0: no rows */
	enum state a, b;
	const char *a_class, *b_class;
	const char *from;
	bool a_redo, b_redo, is_retry;
	enum state_event ending;
};

#define RUN_FENCE 5

static const struct row rows[] = {
    {"both are done", 6, 7, STATE_SUCCESS, STATE_SUCCESS, NULL, NULL, NULL,
	false, false, false, STATE_SUBMIT},
    {"failed in this run, transient", 6, 7, STATE_SUCCESS, STATE_FAILED, NULL,
	"lost", NULL, false, true, true, STATE_SUBMIT},
    {"failed in this run by itself", 6, 7, STATE_SUCCESS, STATE_FAILED, NULL,
	"error", NULL, false, false, false, STATE_FAIL},
    {"its time was up in this run", 6, 7, STATE_SUCCESS, STATE_TIMEOUT, NULL,
	"timeout", NULL, false, false, false, STATE_EXPIRE},
    {"failed before classes were", 6, 7, STATE_SUCCESS, STATE_FAILED, NULL,
	NULL, NULL, false, false, false, STATE_FAIL},
    {"failed in an earlier run", 1, 2, STATE_SUCCESS, STATE_FAILED, NULL,
	"error", NULL, false, true, false, STATE_SUBMIT},
    {"earlier, from the first on", 1, 2, STATE_SUCCESS, STATE_SUCCESS, NULL,
	NULL, "a_0", true, true, false, STATE_SUBMIT},
    {"earlier, from the second on", 1, 2, STATE_SUCCESS, STATE_SUCCESS, NULL,
	NULL, "b_0", false, true, false, STATE_SUBMIT},
    {"the first was done anew in this run", 6, 2, STATE_SUCCESS, STATE_SUCCESS,
	NULL, NULL, "a_0", false, true, false, STATE_SUBMIT},
    {"the first was done anew in a run between", 4, 2, STATE_SUCCESS,
	STATE_SUCCESS, NULL, NULL, NULL, false, true, false, STATE_SUBMIT},
    {"the second never began", 1, 0, STATE_FAILED, STATE_NONE, "error", NULL,
	NULL, true, false, false, STATE_SUBMIT},
};

static void
test_restore_when_rows_are_of_runs_then_knows_what_to_do_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct run_job *j = job(2, RUN_FENCE, r->from);
		const struct run_component *a, *b;

		restore(j, "a_0", r->a_fence, r->a, r->a_class,
		    r->a == STATE_SUCCESS ? STATE_SUCCESS : STATE_FAILED);
		if (r->b_fence)
			restore(j, "b_0", r->b_fence, r->b, r->b_class,
			    r->b == STATE_SUCCESS ? STATE_SUCCESS
						  : STATE_FAILED);
		retry_restore(j);
		a = &j->components[at(j, "a_0")];
		b = &j->components[at(j, "b_0")];
		if (a->is_redo != r->a_redo || b->is_redo != r->b_redo ||
		    b->is_retry != r->is_retry || j->ending != r->ending)
			fail_msg("%s", r->what);
		assert_int_equal(
		    a->is_done, r->a == STATE_SUCCESS && !r->a_redo);
		job_free(j);
	}
}

static void
test_look_when_a_long_wait_is_resumed_then_waits_less(void **state)
{
	struct run_job *j = job(5, 0, NULL);
	struct run_component *c = &j->components[at(j, "a_0")];

	(void)state;
	j->retries = 4;
	restore(j, "a_0", 9, STATE_FAILED, "killed", STATE_FAILED);
	retry_restore(j);
	retry_look(j, 0, 1000);
	assert_int_equal(c->redo_at, 1000 + RETRY_RESUMED_MAX_MS);
	job_free(j);
}

static void
test_restore_when_peers_ended_with_it_then_the_cause_decides(void **state)
{
	struct run_job *j = job(2, 1, NULL);

	(void)state;
	restore(j, "a_0", 6, STATE_FAILED, "error", STATE_FAILED);
	retry_restore(j);
	assert_int_equal(j->ending, STATE_FAIL);
	assert_string_equal(j->failed->party->role, "host");
	job_free(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_delay_when_retries_grow_then_doubles_up_to_the_limit),
	    cmocka_unit_test(
		test_fail_when_two_fail_at_once_then_they_share_a_retry),
	    cmocka_unit_test(
		test_fail_when_the_retries_have_begun_then_ends_the_job),
	    cmocka_unit_test(
		test_fail_when_it_is_the_jobs_own_then_ends_the_job),
	    cmocka_unit_test(
		test_look_when_the_last_attempt_is_over_then_waits_and_is_due),
	    cmocka_unit_test(test_look_when_it_is_due_then_moves_the_job_once),
	    cmocka_unit_test(
		test_due_when_the_job_ends_then_no_retry_is_waited_for),
	    cmocka_unit_test(
		test_restore_when_rows_are_of_runs_then_knows_what_to_do_again),
	    cmocka_unit_test(
		test_look_when_a_long_wait_is_resumed_then_waits_less),
	    cmocka_unit_test(
		test_restore_when_peers_ended_with_it_then_the_cause_decides),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
