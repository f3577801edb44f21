/* Who may start: all tasks of a component together, nobody behind another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "lib/base/mem.h"
#include "scheduler/admission.h"

static void
test_job_when_asked_then_answers_by_both_limits(void **state)
{
	static const struct {
		struct admission room;
		int64_t width;
		enum admission_answer want;
		const char *says;
	} rows[] = {
	    {{4, 6, 0, 0}, 3, ADMISSION_YES, ""},
	    {{4, 6, 3, 3}, 3, ADMISSION_YES, ""},
	    {{4, 6, 4, 0}, 1, ADMISSION_LATER, "scheduler.max_jobs = 4"},
	    {{4, 6, 1, 4}, 3, ADMISSION_LATER, "scheduler.max_tasks = 6"},
	    {{4, 6, 0, 0}, 7, ADMISSION_NEVER, "needs 7 tasks at once"},
	    {{4, 6, 4, 6}, 7, ADMISSION_NEVER, "needs 7 tasks at once"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct admission room = rows[i].room;
		struct buf reason = BUF_INIT;
		bool yes;

		assert_int_equal(
		    admission_job(&room, rows[i].width, &reason), rows[i].want);
		assert_non_null(strstr(reason.ptr, rows[i].says));
		yes = rows[i].want == ADMISSION_YES;
		assert_int_equal(room.n_jobs, rows[i].room.n_jobs + yes);
		assert_int_equal(room.n_tasks,
		    rows[i].room.n_tasks + (yes ? rows[i].width : 0));
		assert_int_equal(reason.len == 0, yes);
		buf_release(&reason);
	}
}

static void
test_component_when_room_is_short_then_takes_none(void **state)
{
	struct admission room = {.max_jobs = 2, .max_tasks = 4, .n_tasks = 2};
	struct buf reason = BUF_INIT;

	(void)state;
	assert_int_equal(
	    admission_component(&room, "lr_0", 3, &reason), ADMISSION_LATER);
	assert_int_equal(room.n_tasks, 2);
	assert_non_null(strstr(reason.ptr, "lr_0 needs 3 tasks"));
	assert_int_equal(
	    admission_component(&room, "dataio_0", 2, NULL), ADMISSION_YES);
	assert_int_equal(room.n_tasks, 4);
	buf_release(&reason);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_job_when_asked_then_answers_by_both_limits),
	    cmocka_unit_test(test_component_when_room_is_short_then_takes_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
