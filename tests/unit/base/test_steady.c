/* The test's clock file moves the wall clock; the monotonic one goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/base/steady.h"

#define DAY ((int64_t)86400000)

static struct {
	char dir[64];
	struct buf file;
} test;

static void
shift_clock(int64_t ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld\n", (long long)ms);
	assert_int_equal(path_write_file(test.file.ptr, text, strlen(text),
			     PATH_SCRATCH, NULL),
	    ERR_OK);
}

static void
test_wall_clock_when_shifted_then_monotonic_goes_on(void **state)
{
	int64_t wall = clock_wall_ms(), mono = clock_mono_ms(),
		boot = clock_boot_ms();
	char id[21], later[21];

	(void)state;
	clock_job_stamp(id);
	shift_clock(DAY);
	assert_in_range(clock_wall_ms() - wall, DAY, DAY + 5000);
	assert_in_range(clock_mono_ms() - mono, 0, 5000);
	assert_in_range(clock_boot_ms() - boot, 0, 5000);
	clock_job_stamp(later);
	assert_true(strcmp(id, later) < 0);
	shift_clock(-DAY);
	assert_in_range(wall - clock_wall_ms(), DAY - 5000, DAY);
	shift_clock(0);
}

static void
test_look_when_clock_steps_then_it_begins_anew(void **state)
{
	static const int64_t steps[] = {40 * DAY, -40 * DAY, -DAY, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		steady_look(test.dir);
		poll(NULL, 0, 60);
		assert_in_range(steady_look(test.dir), 60, 5000);
		assert_true(steady_is_age_true(test.dir, 50));
		assert_false(steady_is_age_true(test.dir, DAY));
		shift_clock(steps[i]);
		if (steps[i] || i)
			assert_false(steady_is_age_true(test.dir, 50));
	}
}

static void
test_look_when_clock_is_corrected_then_it_stays_steady(void **state)
{
	(void)state;
	steady_look(test.dir);
	for (int64_t i = 1; i <= 5; i++) {
		poll(NULL, 0, 20);
		shift_clock(i * (STEADY_STEP_MS / 2));
		assert_true(steady_look(test.dir) >= i * 20);
	}
	shift_clock(0);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(test.dir, sizeof(test.dir), "/tmp/ff-steady-XXXXXX");
	if (!mkdtemp(test.dir))
		return -1;
	buf_init(&test.file);
	path_set(&test.file, "%s/offset", test.dir);
	return setenv("FATEFLOW_TEST_CLOCK_FILE", test.file.ptr, 1);
}

static int
teardown(void **state)
{
	(void)state;
	buf_release(&test.file);
	return path_remove_tree(test.dir, NULL) ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_wall_clock_when_shifted_then_monotonic_goes_on),
	    cmocka_unit_test(test_look_when_clock_steps_then_it_begins_anew),
	    cmocka_unit_test(
		test_look_when_clock_is_corrected_then_it_stays_steady),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
