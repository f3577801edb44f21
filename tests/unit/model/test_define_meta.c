#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/model/define_meta.h"

static enum err
parse(const char *text, struct define_meta *out, struct buf *err)
{
	return define_meta_parse(text, strlen(text), out, err);
}

static void
test_an_index_is_read_back_as_it_was_printed(void **state)
{
	struct define_meta m = {0}, back;
	struct buf text = BUF_INIT, again = BUF_INIT, err = BUF_INIT;

	(void)state;
	define_meta_component(&m, "pipeline", "Pipeline");
	define_meta_component(&m, "123", "it's");
	define_meta_buffer(&m, "pipeline", "pipeline", "Pipeline", "Pipeline");
	define_meta_buffer(&m, "123", "yes", "B", "a:b#c");
	define_meta_buffer(&m, "123", "yes", "A", "X");
	define_meta_buffer(&m, "123", "default", "A", "X");
	assert_int_equal(define_meta_settle(&m, &err), ERR_OK);
	define_meta_print(&m, &text);
	assert_int_equal(
	    define_meta_parse(text.ptr, text.len, &back, &err), ERR_OK);
	define_meta_print(&back, &again);
	assert_string_equal(again.ptr, text.ptr);
	assert_string_equal(define_meta_find(&back, "123")->module, "it's");
	assert_string_equal(
	    define_meta_find_buffer(&back, "123", "yes", "B")->message,
	    "a:b#c");
	assert_null(define_meta_find(&back, "124"));
	assert_null(define_meta_find_buffer(&back, "123", "no", "B"));
	define_meta_release(&m);
	define_meta_release(&back);
	buf_release(&text);
	buf_release(&again);
	buf_release(&err);
}

static void
test_the_indents_and_orders_of_other_writers_are_read(void **state)
{
	static const char *const texts[] = {
	    "component_define:\n  a_0:\n    module_name: M\nmodel_proto:\n  "
	    "a_0:\n    m:\n      B: P\n",
	    "model_proto:\n    a_0:\n        m: \n            \"B\": 'P'\n"
	    "component_define:\n a_0:\n  module_name: M\n",
	    "---\r\n# a comment\r\ndescribe: 'x: y'\r\ncomponent_define:\r\n"
	    "  a_0:\r\n    module_name: M\r\n\r\nmodel_proto:\r\n  a_0:\r\n"
	    "    m:\r\n      # one\r\n      B: P",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct define_meta m;
		struct buf err = BUF_INIT;

		if (parse(texts[i], &m, &err) != ERR_OK)
			fail_msg("%zu: %s", i, err.ptr);
		assert_int_equal(m.n_components, 1);
		assert_int_equal(m.n_buffers, 1);
		assert_string_equal(
		    define_meta_find_buffer(&m, "a_0", "m", "B")->message, "P");
		define_meta_release(&m);
		buf_release(&err);
	}
}

static void
test_an_empty_index_has_empty_maps(void **state)
{
	struct define_meta m;
	struct buf text = BUF_INIT;

	(void)state;
	assert_int_equal(
	    parse("component_define: {}\nmodel_proto: {}\n", &m, NULL), ERR_OK);
	define_meta_print(&m, &text);
	assert_non_null(strstr(text.ptr, "model_proto: {}\n"));
	define_meta_release(&m);
	buf_release(&text);
}

#define DEFINE "component_define:\n  a_0:\n    module_name: M\n"

static void
test_what_is_no_index_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
	    {"", "no model_proto"},
	    {"[]", "line 1: a key was expected"},
	    {"model_proto: x\n", "line 1: a map was expected"},
	    {"model_proto:\nmodel_proto:\n", "line 2: this section is there"},
	    {"other:\n", "line 1: expected describe"},
	    {DEFINE "model_proto:\n  a_0: x\n", "line 5: this stands at"},
	    {DEFINE "model_proto:\n  a_0:\n    m:\n      B:\n",
		"line 7: a value was expected"},
	    {DEFINE "model_proto:\n  a_0:\n    m:\n      B: &x P\n",
		"line 7: the value is no plain text"},
	    {DEFINE "model_proto:\n  a_0:\n    m:\n      B: 'P\n",
		"line 7: a quote is not closed"},
	    {DEFINE "model_proto:\n  a_0:\n    m:\n      B: \"\\x41\"\n",
		"line 7: escapes"},
	    {DEFINE "model_proto:\n  a_0:\n    m:\n      B: P\n     C: P\n",
		"line 8: the indentation"},
	    {DEFINE "model_proto:\n  a_0:\n    m:\n      B: P\n        C: P\n",
		"line 8: the indentation"},
	    {DEFINE "model_proto:\n  a_0:\n    m:\n      B:\n        C: P\n",
		"line 7: a value was expected"},
	    {"component_define:\n  a_0:\n    other: M\nmodel_proto:\n",
		"line 3: module_name"},
	    {"model_proto:\n  a_0:\n    m:\n      B: P\n", "no module"},
	    {DEFINE "model_proto:\n  a_0:\n    ..:\n      B: P\n",
		"model alias \"..\""},
	    {DEFINE "model_proto:\n  a_0:\n    m/n:\n      B: P\n",
		"model alias \"m/n\""},
	    {DEFINE "model_proto:\n  a_0:\n    m:\n      module: P\n",
		"cannot be named \"module\""},
	    {DEFINE "model_proto:\n  a_0:\n    m:\n      B: P\n      B: P\n",
		"defined twice"},
	    {DEFINE "model_proto:\n\ta_0:\n", "without tabs"},
	    {DEFINE "model_proto:\n  a_0:\n    m:\n      B: \xff\n",
		"is no text"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct define_meta m;
		struct buf err = BUF_INIT;

		if (parse(cases[i].text, &m, &err) != ERR_INVALID ||
		    !strstr(err.ptr, cases[i].says))
			fail_msg("%zu: \"%s\"", i, err.ptr);
		assert_int_equal(m.n_buffers, 0);
		buf_release(&err);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_index_is_read_back_as_it_was_printed),
	    cmocka_unit_test(
		test_the_indents_and_orders_of_other_writers_are_read),
	    cmocka_unit_test(test_an_empty_index_has_empty_maps),
	    cmocka_unit_test(test_what_is_no_index_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
