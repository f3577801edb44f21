#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "fcgi-app/log_view.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

struct seen {
	struct buf of[LOG_VIEW__MAX];
	int calls;
	int stop_at;
};

static bool
keep(void *arg, enum log_view_level level, const char *bytes, size_t len)
{
	struct seen *s = arg;

	buf_add(&s->of[level], bytes, len);
	return ++s->calls != s->stop_at;
}

static int
open_with(const char *bytes, size_t len)
{
	FILE *f = tmpfile();
	int fd;

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fflush(f);
	fd = dup(fileno(f));
	fclose(f);
	return fd;
}

static bool
walk(const struct buf *text, int64_t size, struct seen *s)
{
	int fd = open_with(text->ptr, text->len);
	bool ok;

	for (size_t i = 0; i < LOG_VIEW__MAX; i++)
		buf_init(&s->of[i]);
	s->calls = 0;
	ok = log_view_walk(fd, size, keep, s);
	close(fd);
	return ok;
}

static void
forget(struct seen *s)
{
	for (size_t i = 0; i < LOG_VIEW__MAX; i++)
		buf_release(&s->of[i]);
}

static void
test_walk_of_each_line_gives_its_level(void **state)
{
	static const struct {
		const char *line;
		enum log_view_level level;
	} cases[] = {
	    {"[DEBUG] [2026] a\n", LOG_VIEW_DEBUG},
	    {"[INFO] [2026] b\n", LOG_VIEW_INFO},
	    {"[WARNING] [2026] c\n", LOG_VIEW_WARNING},
	    {"[ERROR] [2026] d\n", LOG_VIEW_ERROR},
	    {"[ERROR]\n", LOG_VIEW_STD},
	    {" [ERROR] [\n", LOG_VIEW_STD},
	    {"\n", LOG_VIEW_STD},
	    {"[INFO] [", LOG_VIEW_INFO},
	    {"[INF", LOG_VIEW_STD},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf text = BUF_INIT;
		struct seen s = {.stop_at = -1};

		buf_adds(&text, "x\n[INFO] [\n");
		buf_adds(&text, cases[i].line);
		assert_true(walk(&text, (int64_t)text.len, &s));
		assert_true(s.of[cases[i].level].len >= strlen(cases[i].line));
		assert_string_equal(s.of[cases[i].level].ptr +
					s.of[cases[i].level].len -
					strlen(cases[i].line),
		    cases[i].line);
		forget(&s);
		buf_release(&text);
	}
}

/* Heads at every place around the end of a read, and long lines. */
static void
test_walk_when_a_head_is_cut_by_a_read_then_it_is_seen(void **state)
{
	static const char error[] = "[ERROR] [2026] broken\n";

	(void)state;
	for (size_t before = (256 << 10) - 40; before < (256 << 10) + 3;
	     before++) {
		struct buf text = BUF_INIT;
		struct seen s = {.stop_at = -1};

		buf_adds(&text, "[INFO] [");
		while (text.len < before - 1)
			buf_addc(&text, 'y');
		buf_addc(&text, '\n');
		buf_adds(&text, error);
		buf_adds(&text, "end\n");
		assert_true(walk(&text, (int64_t)text.len, &s));
		assert_int_equal(s.of[LOG_VIEW_INFO].len, before);
		assert_string_equal(s.of[LOG_VIEW_ERROR].ptr, error);
		assert_string_equal(s.of[LOG_VIEW_STD].ptr, "end\n");
		forget(&s);
		buf_release(&text);
	}
}

static void
test_walk_when_the_file_is_longer_or_shorter_then_what_is_there(void **state)
{
	struct buf text = BUF_INIT;
	struct seen s = {.stop_at = -1};

	(void)state;
	buf_adds(&text, "one\ntwo\n");
	assert_true(walk(&text, 4, &s));
	assert_string_equal(s.of[LOG_VIEW_STD].ptr, "one\n");
	forget(&s);
	assert_true(walk(&text, 1000, &s));
	assert_string_equal(s.of[LOG_VIEW_STD].ptr, "one\ntwo\n");
	forget(&s);
	buf_release(&text);
}

static void
test_walk_when_told_to_stop_then_it_stops(void **state)
{
	struct buf text = BUF_INIT;
	struct seen s = {.stop_at = 1};

	(void)state;
	buf_adds(&text, "one\n[INFO] [two\n");
	assert_false(walk(&text, (int64_t)text.len, &s));
	assert_int_equal(s.calls, 1);
	forget(&s);
	buf_release(&text);
}

static void
test_views_hold_their_level_and_those_above(void **state)
{
	(void)state;
	assert_true(log_view_has(LOG_VIEW_INFO, LOG_VIEW_ERROR));
	assert_false(log_view_has(LOG_VIEW_WARNING, LOG_VIEW_INFO));
	assert_false(log_view_has(LOG_VIEW_DEBUG, LOG_VIEW_STD));
	assert_false(log_view_has(LOG_VIEW_STD, LOG_VIEW_ERROR));
	assert_string_equal(log_view_name(LOG_VIEW_WARNING), "WARNING.log");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_walk_of_each_line_gives_its_level),
	    cmocka_unit_test(
		test_walk_when_a_head_is_cut_by_a_read_then_it_is_seen),
	    cmocka_unit_test(
		test_walk_when_the_file_is_longer_or_shorter_then_what_is_there),
	    cmocka_unit_test(test_walk_when_told_to_stop_then_it_stops),
	    cmocka_unit_test(test_views_hold_their_level_and_those_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
