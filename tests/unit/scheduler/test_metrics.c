/* metrics.jsonl: whole lines, from an offset, with numbers as written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "lib/base/path.h"
#include "scheduler/metrics.h"

static char path[] = "/tmp/c-metrics-XXXXXX";

static void
write_text(const char *text)
{
	assert_int_equal(
	    path_write_file(path, text, strlen(text), PATH_SCRATCH, NULL), 0);
}

static void
test_read_when_lines_are_whole_then_keeps_numbers_as_written(void **state)
{
	struct metrics m;

	(void)state;
	write_text("{\"t\":\"point\",\"ns\":\"train\",\"name\":\"loss\","
		   "\"key\":0,\"value\":1.0}\n"
		   "{\"t\":\"point\", \"ns\":\"train\",\"name\":\"loss\","
		   "\"key\":\"a\\\"}b\", \"value\": [1, {\"x\": \"]\"}]}\n"
		   "{\"t\":\"meta\",\"ns\":\"n\",\"name\":\"m\",\"meta\":"
		   "{\"name\":\"m\",\"metric_type\":\"LOSS\",\"t\":null}}\n"
		   "not json\n"
		   "{\"t\":\"point\",\"ns\":\"train\"");
	assert_int_equal(metrics_read(path, 0, 4096, &m, NULL), ERR_OK);
	assert_int_equal(m.n, 5);
	assert_int_equal(m.n_bad, 1);
	assert_string_equal(m.v[0].key, "0");
	assert_string_equal(m.v[0].value, "1.0");
	assert_int_equal(m.v[0].type, INGEST_POINT);
	assert_string_equal(m.v[1].key, "\"a\\\"}b\"");
	assert_string_equal(m.v[1].value, "[1, {\"x\": \"]\"}]");
	assert_int_equal(m.v[2].type, INGEST_META);
	assert_string_equal(m.v[3].key, "\"metric_type\"");
	assert_string_equal(m.v[3].value, "\"LOSS\"");
	assert_string_equal(m.v[4].value, "null");
	metrics_release(&m);
}

static void
test_read_when_called_again_then_goes_on_behind_the_last_line(void **state)
{
#define LINE                                                                \
	"{\"t\":\"point\",\"ns\":\"n\",\"name\":\"m\",\"key\":1,\"value\":" \
	"2}\n"
	struct metrics m;
	int64_t offset;

	(void)state;
	write_text(LINE LINE "{\"t\":");
	assert_int_equal(metrics_read(path, 0, 4096, &m, NULL), ERR_OK);
	offset = m.offset;
	assert_int_equal(offset, 2 * strlen(LINE));
	metrics_release(&m);
	assert_int_equal(metrics_read(path, offset, 4096, &m, NULL), ERR_OK);
	assert_int_equal(m.n, 0);
	assert_int_equal(m.offset, offset);
	metrics_release(&m);
}

static void
test_read_when_file_is_absent_then_there_are_none(void **state)
{
	struct metrics m;

	(void)state;
	assert_int_equal(
	    metrics_read("/tmp/c-no-such-file", 0, 64, &m, NULL), ERR_OK);
	assert_int_equal(m.n, 0);
	metrics_release(&m);
}

static int
set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_read_when_lines_are_whole_then_keeps_numbers_as_written),
	    cmocka_unit_test(
		test_read_when_called_again_then_goes_on_behind_the_last_line),
	    cmocka_unit_test(test_read_when_file_is_absent_then_there_are_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
