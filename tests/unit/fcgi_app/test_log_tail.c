#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "fcgi-app/log_tail.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

static char file[] = "/tmp/log_tail_XXXXXX";

static cJSON *
tail_of(const void *bytes, size_t len)
{
	assert_int_equal(
	    path_write_file(file, bytes, len, PATH_SCRATCH, NULL), 0);
	return log_tail_read(file);
}

static const char *
line(const cJSON *list, int at)
{
	return cJSON_GetArrayItem(list, at)->valuestring;
}

static size_t
bytes_of(const cJSON *list)
{
	size_t n = 0;
	const cJSON *it;

	cJSON_ArrayForEach(it, list) n += strlen(it->valuestring);
	return n;
}

static void
test_last_lines_come_oldest_first(void **state)
{
	struct buf text = BUF_INIT;
	cJSON *list;

	(void)state;
	for (int i = 0; i < 50; i++)
		buf_addf(&text, "line %d\n", i);
	list = tail_of(text.ptr, text.len);
	assert_int_equal(cJSON_GetArraySize(list), LOG_TAIL_LINES);
	assert_string_equal(line(list, 0), "line 30");
	assert_string_equal(line(list, 19), "line 49");
	cJSON_Delete(list);
	list = tail_of("a\n\nb", 4); /* an empty line, and no end of the last */
	assert_int_equal(cJSON_GetArraySize(list), 3);
	assert_string_equal(line(list, 1), "");
	assert_string_equal(line(list, 2), "b");
	cJSON_Delete(list);
	buf_release(&text);
}

static void
test_what_is_no_text_is_escaped(void **state)
{
	static const char bytes[] = "a\tb\x1b[2J\0\xff\xc3\xa9\xc2\x9b"
				    "\xed\xa0\x80\xf0\x9f\x98\x80\xe2\x82";
	cJSON *list = tail_of(bytes, sizeof(bytes) - 1);

	(void)state;
	assert_int_equal(cJSON_GetArraySize(list), 1);
	assert_string_equal(line(list, 0),
	    "a\\x09b\\x1b[2J\\x00\\xff\xc3\xa9\\xc2\\x9b"
	    "\\xed\\xa0\\x80\xf0\x9f\x98\x80\\xe2\\x82");
	cJSON_Delete(list);
}

static void
test_bytes_are_limited_whatever_the_lines_are(void **state)
{
	struct buf text = BUF_INIT;
	cJSON *list;

	(void)state;
	for (int i = 0; i < 10; i++) {
		for (int j = 0; j < 1000; j++)
			buf_addc(&text, (char)('a' + i));
		buf_addc(&text, '\n');
	}
	list = tail_of(text.ptr, text.len);
	assert_int_equal(cJSON_GetArraySize(list), 4);
	assert_int_equal(line(list, 0)[0], 'g');
	cJSON_Delete(list);

	buf_reset(&text); /* one line longer than all that is shown */
	for (int i = 0; i < 3000; i++)
		buf_adds(&text, "\xc3\xa9");
	list = tail_of(text.ptr, text.len);
	assert_int_equal(cJSON_GetArraySize(list), 1);
	assert_memory_equal(line(list, 0), "...\xc3\xa9", 5);
	assert_true(bytes_of(list) <= LOG_TAIL_BYTES);
	cJSON_Delete(list);

	buf_reset(&text); /* each byte stands for four */
	for (int i = 0; i < 6000; i++)
		buf_addc(&text, '\x01');
	list = tail_of(text.ptr, text.len);
	assert_int_equal(cJSON_GetArraySize(list), 1);
	assert_true(bytes_of(list) <= LOG_TAIL_BYTES);
	assert_true(bytes_of(list) > LOG_TAIL_BYTES - 10);
	cJSON_Delete(list);
	buf_release(&text);
}

static void
test_no_file_has_no_lines(void **state)
{
	static const char *const none[] = {"/nonexistent/task.log", "/tmp"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		cJSON *list = log_tail_read(none[i]);

		assert_int_equal(cJSON_GetArraySize(list), 0);
		cJSON_Delete(list);
	}
	cJSON_Delete(tail_of("", 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_last_lines_come_oldest_first),
	    cmocka_unit_test(test_what_is_no_text_is_escaped),
	    cmocka_unit_test(test_bytes_are_limited_whatever_the_lines_are),
	    cmocka_unit_test(test_no_file_has_no_lines),
	};
	int failed;

	json_init();
	close(mkstemp(file));
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	return failed;
}
