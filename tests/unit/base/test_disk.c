/* Room on a disk: what fits, what is announced, and the words for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/disk.h"
#include "lib/base/mem.h"

#define MIB ((int64_t)1 << 20)

static struct cfg
limits(int64_t min_free, int64_t warn_free)
{
	struct cfg cfg = {0};

	cfg.site.work_dir = (char *)(uintptr_t) "/w";
	cfg.site.min_free = min_free;
	cfg.site.warn_free = warn_free;
	return cfg;
}

static void
test_judge_says_what_fits_and_why_not(void **state)
{
	static const struct {
		int64_t bytes, files, need;
		enum disk_level level;
		const char *why;
	} cases[] = {
	    {900 * MIB, INT64_MAX, 0, DISK_ROOMY, ""},
	    {900 * MIB, INT64_MAX, 800 * MIB, DISK_ROOMY, ""},
	    {900 * MIB, INT64_MAX, 800 * MIB + 1, DISK_FULL,
		"it needs about 800M of disk; 900M are free in /w, of which "
		"site.min_free = 100M stay free"},
	    {499 * MIB, INT64_MAX, 0, DISK_LOW,
		"499M are free in /w, below site.warn_free = 500M"},
	    {100 * MIB, INT64_MAX, 0, DISK_LOW,
		"100M are free in /w, below site.warn_free = 500M"},
	    {100 * MIB - 1, INT64_MAX, 0, DISK_FULL,
		"99M are free in /w, of which site.min_free = 100M stay free"},
	    {0, INT64_MAX, INT64_MAX, DISK_FULL, NULL},
	    {900 * MIB, 9999, 0, DISK_LOW, "9999 more files fit into /w"},
	    {900 * MIB, 999, 0, DISK_FULL,
		"999 more files fit into /w, of which 1000 stay free"},
	};
	struct cfg cfg = limits(100 * MIB, 500 * MIB);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct disk d = {cases[i].bytes, cases[i].files};
		struct buf why = BUF_INIT;

		assert_int_equal(
		    disk_judge(&d, &cfg, cases[i].need, &why), cases[i].level);
		if (cases[i].why)
			assert_string_equal(why.ptr, cases[i].why);
		buf_release(&why);
	}
}

static void
test_sizes_are_rounded_down(void **state)
{
	static const struct {
		int64_t bytes;
		const char *text;
	} cases[] = {{0, "0 bytes"}, {1023, "1023 bytes"}, {1024, "1.0K"},
	    {1024 * 1024 - 1, "1023K"}, {10 * MIB, "10M"},
	    {1024 * MIB + 512 * MIB, "1.5G"}, {(int64_t)3 << 50, "3072T"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;

		disk_add_size(cases[i].bytes, &out);
		assert_string_equal(out.ptr, cases[i].text);
		buf_release(&out);
	}
}

static void
test_look_when_folder_is_not_there_yet_then_its_disk(void **state)
{
	struct disk here = {0, 0}, later = {0, 0};

	(void)state;
	assert_int_equal(disk_look("/tmp", &here, NULL), ERR_OK);
	assert_int_equal(
	    disk_look("/tmp/no/such/folder", &later, NULL), ERR_OK);
	assert_true(here.bytes > 0 && later.bytes > 0);
	assert_int_equal(disk_look("", &later, NULL), ERR_IO);
}

static void
test_room_when_all_is_wanted_then_full(void **state)
{
	struct cfg cfg = limits(1, 1);
	struct buf err = BUF_INIT;

	(void)state;
	cfg.site.work_dir = (char *)(uintptr_t) "/tmp";
	assert_int_equal(disk_room(&cfg, 1, NULL), ERR_OK);
	assert_int_equal(disk_room(&cfg, INT64_MAX, &err), ERR_FULL);
	assert_non_null(strstr(err.ptr, "site.min_free"));
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_judge_says_what_fits_and_why_not),
	    cmocka_unit_test(test_sizes_are_rounded_down),
	    cmocka_unit_test(
		test_look_when_folder_is_not_there_yet_then_its_disk),
	    cmocka_unit_test(test_room_when_all_is_wanted_then_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
