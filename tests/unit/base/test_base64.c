#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/base64.h"
#include "lib/base/mem.h"

static void
test_the_examples_of_the_standard_come_out(void **state)
{
	static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="},
	    {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"},
	    {"\xff\xfe\xfd", "//79"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct buf out = BUF_INIT;

		base64_add(&out, pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(out.ptr, pairs[i][1]);
		buf_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_examples_of_the_standard_come_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
