/* Which server is chosen, out of flags, environment and a profile file. */
#include "cli/profile.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD                                                           \
	"{\"default\": \"lab\", \"profiles\": {\"lab\": {\"server\": " \
	"\"lab:1\"}, \"far\": {\"server\": \"https://far/\"}}}"

static struct {
	char folder[32];
} state = {"/tmp/fateflow-profile-XXXXXX"};

static void
write_profiles(const char *text)
{
	struct buf path = BUF_INIT;

	path_set(&path, "%s/fateflow", state.folder);
	assert_int_equal(path_mkdirs(path.ptr, NULL), ERR_OK);
	path_set(&path, "%s/fateflow/profiles", state.folder);
	unlink(path.ptr);
	if (text)
		assert_int_equal(path_write_file(path.ptr, text, strlen(text),
				     PATH_SCRATCH, NULL),
		    ERR_OK);
	buf_release(&path);
}

static void
set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

/* The base of the server, or the complaint. */
static void
choose(const struct flags *flags, struct buf *out)
{
	struct profile p = PROFILE_INIT;

	if (!profile_choose(flags, &p, out))
		profile_base(&p, out);
	profile_release(&p);
}

static void
test_choose_takes_the_first_that_is_given(void **unused)
{
	static const struct {
		const char *server, *profile, *server_env, *profile_env, *file;
		const char *expected;
	} rows[] = {
	    {"a:1", "far", "b:2", "lab", GOOD, "http://a:1/v1"},
	    {NULL, "far", "b:2", "lab", GOOD, "https://far/v1"},
	    {NULL, NULL, "b:2", "lab", GOOD, "http://b:2/v1"},
	    {NULL, NULL, "", "far", GOOD, "https://far/v1"},
	    {NULL, NULL, NULL, NULL, GOOD, "http://lab:1/v1"},
	    {NULL, NULL, NULL, NULL, "{\"profiles\": {}}",
		"http://127.0.0.1:9380/v1"},
	    {NULL, NULL, NULL, NULL, NULL, "http://127.0.0.1:9380/v1"},
	    /* A file that is not needed may be broken. */
	    {"a:1", NULL, NULL, NULL, "{", "http://a:1/v1"},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct flags flags = {
		    .server = rows[i].server, .profile = rows[i].profile};
		struct buf out = BUF_INIT;

		set("FATEFLOW_SERVER", rows[i].server_env);
		set("FATEFLOW_PROFILE", rows[i].profile_env);
		write_profiles(rows[i].file);
		choose(&flags, &out);
		assert_string_equal(out.ptr, rows[i].expected);
		buf_release(&out);
	}
}

static void
test_choose_with_a_wrong_file_names_it_and_the_reason(void **unused)
{
	static const struct {
		const char *profile, *file, *reason;
	} rows[] = {
	    {NULL, "{", "not valid JSON"},
	    {NULL, "[]", "object"},
	    {NULL, "{}", "profiles"},
	    {NULL, "{\"profiles\": []}", "profiles"},
	    {NULL, "{\"profiles\": {\"x\": []}}", "profile x: "},
	    {NULL, "{\"profiles\": {\"x\": {}}}", "profile x: field 'server'"},
	    {NULL, "{\"profiles\": {\"x\": {\"server\": 7}}}", "server"},
	    {NULL, "{\"profiles\": {\"x\": {\"server\": \"a b\"}}}",
		"server is \"a b\""},
	    {NULL, "{\"profiles\": {\"x\": {\"server\": \"a\", \"tls\": 1}}}",
		"tls is unknown, expected server or note"},
	    {NULL, "{\"defualt\": \"x\", \"profiles\": {}}",
		"defualt is unknown, expected default or profiles"},
	    {NULL, "{\"default\": \"x\", \"profiles\": {}}",
		"default is \"x\", which no profile has"},
	    {"nosuch", GOOD, "no profile \"nosuch\", which --profile asks for"},
	    {"x", NULL, "no profile \"x\""},
	};

	(void)unused;
	set("FATEFLOW_SERVER", NULL);
	set("FATEFLOW_PROFILE", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct flags flags = {.profile = rows[i].profile};
		struct profile p = PROFILE_INIT;
		struct buf err = BUF_INIT;

		write_profiles(rows[i].file);
		assert_int_equal(profile_choose(&flags, &p, &err), ERR_INVALID);
		assert_non_null(strstr(err.ptr, state.folder));
		assert_non_null(strstr(err.ptr, "/fateflow/profiles"));
		if (!strstr(err.ptr, rows[i].reason))
			assert_string_equal(err.ptr, rows[i].reason);
		profile_release(&p);
		buf_release(&err);
	}
}

static void
test_choose_without_a_home_still_has_the_default(void **unused)
{
	struct flags flags = {0};
	struct buf out = BUF_INIT;

	(void)unused;
	set("XDG_CONFIG_HOME", NULL);
	set("HOME", NULL);
	choose(&flags, &out);
	assert_string_equal(out.ptr, "http://127.0.0.1:9380/v1");
	buf_release(&out);
}

static int
set_up(void **unused)
{
	(void)unused;
	if (!mkdtemp(state.folder))
		return -1;
	set("XDG_CONFIG_HOME", state.folder);
	return 0;
}

static int
tear_down(void **unused)
{
	(void)unused;
	return path_remove_tree(state.folder, NULL) ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_choose_takes_the_first_that_is_given),
	    cmocka_unit_test(
		test_choose_with_a_wrong_file_names_it_and_the_reason),
	    cmocka_unit_test(test_choose_without_a_home_still_has_the_default),
	};

	json_init();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
