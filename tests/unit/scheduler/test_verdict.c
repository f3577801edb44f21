/* How a task ended, for every combination that can be seen of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/mem.h"
#include "scheduler/verdict.h"

#define EXITED(code) ((code) << 8)
#define SIGNALED(n)  (n)
#define E	     FAILURE_ERROR

struct row {
	bool alive, started;
	enum verdict_word says;
	const char *text;
	bool has_wait;
	int wait;
	enum verdict want;
	enum failure class;
	const char *reason; /* behind "lr_0 of host 10000 " */
};

static const struct row rows[] = {
    {true, true, SAYS_NOTHING, NULL, false, 0, VERDICT_RUNNING, 0, ""},
    {true, true, SAYS_SUCCESS, NULL, false, 0, VERDICT_RUNNING, 0, ""},
    {true, true, SAYS_FAILED, "x", false, 0, VERDICT_RUNNING, 0, ""},
    {false, true, SAYS_SUCCESS, NULL, true, 0, VERDICT_DONE, 0, ""},
    {false, true, SAYS_SUCCESS, NULL, false, 0, VERDICT_DONE, 0, ""},
    {false, true, SAYS_SUCCESS, NULL, true, SIGNALED(9), VERDICT_DONE, 0, ""},
    {false, true, SAYS_SUCCESS, NULL, true, EXITED(3), VERDICT_FAILED, E,
	"failed: exited with 3 after it had reported success"},
    {false, true, SAYS_FAILED, "no label", true, EXITED(1), VERDICT_FAILED, E,
	"failed: no label"},
    {false, true, SAYS_FAILED, "writing x: No space left on device", true,
	EXITED(1), VERDICT_FAILED, FAILURE_DISK_FULL,
	"failed: writing x: No space left on device"},
    {false, true, SAYS_FAILED, NULL, true, EXITED(1), VERDICT_FAILED, E,
	"failed: it gave no reason"},
    {false, true, SAYS_RUNNING, NULL, true, SIGNALED(9), VERDICT_FAILED,
	FAILURE_KILLED, "failed: killed by signal 9 (Killed)"},
    {false, true, SAYS_RUNNING, NULL, true, SIGNALED(25), VERDICT_FAILED,
	FAILURE_DISK_FULL,
	"failed: killed by signal 25 (File size limit exceeded)"},
    {false, true, SAYS_NOTHING, NULL, true, EXITED(3), VERDICT_FAILED, E,
	"failed: exited with 3 without a result"},
    {false, true, SAYS_NOTHING, NULL, true, EXITED(74), VERDICT_FAILED,
	FAILURE_DISK_FULL,
	"failed: exited with 74: it could not write down its result (the disk "
	"is full or failing)"},
    {false, true, SAYS_RUNNING, NULL, true, EXITED(0), VERDICT_FAILED, E,
	"failed: exited with 0 without a result"},
    {false, true, SAYS_OTHER, NULL, true, EXITED(0), VERDICT_FAILED, E,
	"failed: its state.json has no status of running, success, failed"},
    {false, false, SAYS_NOTHING, NULL, false, 0, VERDICT_FAILED, FAILURE_LOST,
	"failed: it was never started"},
    {false, true, SAYS_RUNNING, NULL, false, 0, VERDICT_FAILED, FAILURE_LOST,
	"failed: its process is gone without an exit status (killed, or the "
	"host restarted)"},
};

static void
test_decide_when_facts_are_seen_then_names_party_and_cause(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct verdict_facts f = {
		    .component = "lr_0",
		    .role = "host",
		    .party_id = "10000",
		    .is_alive = r->alive,
		    .has_started = r->started,
		    .says = r->says,
		    .error = {.code = "io", .text = r->text},
		    .has_wait_status = r->has_wait,
		    .wait_status = r->wait,
		};
		struct buf got = BUF_INIT, want = BUF_INIT;
		enum failure class;

		assert_int_equal(verdict_decide(&f, &class, &got), r->want);
		assert_int_equal(class, r->class);
		if (*r->reason)
			buf_addf(&want, "lr_0 of host 10000 %s", r->reason);
		assert_string_equal(got.ptr, want.ptr);
		buf_release(&got);
		buf_release(&want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_decide_when_facts_are_seen_then_names_party_and_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
