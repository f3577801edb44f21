#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi-app/query_string.h"
#include "lib/base/mem.h"

static const struct {
	const char *text;
	const char *json; /* NULL: refused */
} cases[] = {
    {"", "{}"},
    {"a=1&b=x%20y+z", "{\"a\":\"1\",\"b\":\"x y z\"}"},
    {"a=1&a=2", "{\"a\":\"1\"}"},
    {"a&&b=&=c", "{\"a\":\"\",\"b\":\"\"}"},
    {"k%3D=%c3%a9", "{\"k=\":\"\xc3\xa9\"}"},
    {"a=b=c", "{\"a\":\"b=c\"}"},
    {"a=%", NULL},
    {"a=%2", NULL},
    {"a=%zz", NULL},
    {"a=%00", NULL},
    {"a=%ff", NULL},
};

static void
test_parse_of_each_text_gives_its_object(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;
		cJSON *obj = NULL;
		enum err rc = query_string_parse(cases[i].text, &obj, NULL);

		if (cases[i].json) {
			assert_int_equal(rc, ERR_OK);
			json_print(obj, JSON_COMPACT, &out);
			assert_string_equal(out.ptr, cases[i].json);
		} else {
			assert_int_equal(rc, ERR_INVALID);
			assert_null(obj);
		}
		cJSON_Delete(obj);
		buf_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse_of_each_text_gives_its_object),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
