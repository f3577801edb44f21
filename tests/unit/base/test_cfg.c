#include "lib/base/cfg.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static char file[64];

static enum err
load(const char *text, struct cfg *c, struct buf *err)
{
	assert_int_equal(
	    path_write_file(file, text, strlen(text), PATH_SCRATCH, NULL),
	    ERR_OK);
	return cfg_load(c, file, err);
}

static void
test_load_of_the_sample_equals_the_defaults(void **state)
{
	struct buf sample = BUF_INIT, plain = BUF_INIT;
	struct cfg c;

	(void)state;
	assert_int_equal(
	    cfg_load(&c, SOURCE_DIR "/etc/fateflow.conf", NULL), ERR_OK);
	cfg_print(&c, &sample);
	cfg_release(&c);
	assert_int_equal(load("", &c, NULL), ERR_OK);
	cfg_print(&c, &plain);
	cfg_release(&c);
	assert_string_equal(sample.ptr, plain.ptr);
	assert_int_equal(load(plain.ptr, &c, NULL), ERR_OK);
	cfg_release(&c);
	buf_release(&sample);
	buf_release(&plain);
}

static void
test_load_of_values_overrides_defaults(void **state)
{
	struct cfg c;

	(void)state;
	assert_int_equal(load("site = { work_dir = \"/x\"; };\n"
			      "api = { workers = 2; body_limit = \"1M\"; };\n"
			      "federation = { keep_messages = true;\n"
			      "keep_signed_ids = true; };\n",
			     &c, NULL),
	    ERR_OK);
	assert_string_equal(c.site.work_dir, "/x");
	assert_int_equal(c.api.workers, 2);
	assert_int_equal(c.api.body_limit, 1 << 20);
	assert_true(c.federation.keep_messages);
	assert_true(c.federation.keep_signed_ids);
	assert_int_equal(c.database.port, 3306);
	cfg_release(&c);
}

static void
test_load_of_faults_names_the_line_and_the_key(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
	    {"\nsite = { wrok_dir = \"x\"; };", "line 2: unknown key "
						"site.wrok_dir"},
	    {"nosuch = { a = 1; };", "unknown key nosuch.a"},
	    {"api = { workers = \"4\"; };", "api.workers must be an integer"},
	    {"api = { workers = 0; };", "expected an integer 1..256"},
	    {"api = { body_limit = 5; };", "must be a size"},
	    {"api = { body_limit = \"5Q\"; };", "with a unit"},
	    {"api = { workers = 4294967301; };", "more than nine digits"},
	    {"api = {", "line 1"},
	    {"site = \"x\";", "must be a group"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf err = BUF_INIT;
		struct cfg c;

		assert_int_equal(load(rows[i].text, &c, &err), ERR_INVALID);
		assert_non_null(strstr(err.ptr, rows[i].expected));
		buf_release(&err);
	}
}

static void
test_load_of_an_absent_file_is_notfound(void **state)
{
	struct cfg c;

	(void)state;
	assert_int_equal(cfg_load(&c, "/nonexistent/f", NULL), ERR_NOTFOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_load_of_the_sample_equals_the_defaults),
	    cmocka_unit_test(test_load_of_values_overrides_defaults),
	    cmocka_unit_test(test_load_of_faults_names_the_line_and_the_key),
	    cmocka_unit_test(test_load_of_an_absent_file_is_notfound),
	};
	int rc;

	snprintf(file, sizeof(file), "/tmp/fateflow-cfg-%d", (int)getpid());
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	return rc;
}
