#include "lib/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

static void
test_head_of_a_task_line_is_fates(void **state)
{
	struct log_place at = {"task/components/upload.c", 74};
	struct buf head = BUF_INIT;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	log_add_head(LOG_LEVEL_WARN, at, 12, 1763910245678, &head);
	assert_string_equal(head.ptr, "[WARNING] [2025-11-23 15:04:05,678] "
				      "[12:12] - upload.c[line:74]: ");
	buf_release(&head);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_head_of_a_task_line_is_fates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
