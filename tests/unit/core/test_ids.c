/* The names of things: forms, limits, sorting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/core/ids.h"

static cJSON *
parse(const char *text)
{
	cJSON *v = NULL;

	assert_int_equal(json_parse(text, strlen(text), "test", &v, NULL), 0);
	return v;
}

static void
test_new_job_when_called_twice_then_two_valid_ids(void **state)
{
	char a[ID_JOB_MAX + 1], b[ID_JOB_MAX + 1];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		ids_new_job(a);
		ids_new_job(b);
		assert_true(ids_is_job(a));
		assert_true(ids_is_job(b));
		assert_string_not_equal(a, b);
	}
}

static void
test_is_job_when_not_21_to_25_digits_then_false(void **state)
{
	static const char *const bad[] = {"", "20261123154004982080",
	    "20261123154004982080312345", "2026112315400498208a3",
	    "../../../../../../../../a", "20261123154004982080 1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(ids_is_job(bad[i]));
	assert_true(ids_is_job("202611231540049820801"));
	assert_true(ids_is_job("2026112315400498208012345"));
}

static void
test_all_party_when_roles_given_then_sorted_unique(void **state)
{
	static const struct {
		const char *roles, *want;
	} cases[] = {
	    {"{}", "all"},
	    {"{\"host\":[10000],\"guest\":[9999],\"arbiter\":[10000]}",
		"arbiter-10000#guest-9999#host-10000"},
	    {"{\"host\":[10000,\"9999\",10000,800],\"guest\":[\"9999\"]}",
		"guest-9999#host-800_9999_10000"},
	    {"{\"local\":[0]}", "local-0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;
		cJSON *roles = parse(cases[i].roles);

		ids_all_party(roles, &out);
		assert_string_equal(out.ptr, cases[i].want);
		ids_model(roles, &out);
		assert_string_equal(
		    out.ptr + out.len - strlen("#model"), "#model");
		buf_release(&out);
		cJSON_Delete(roles);
	}
}

static void
test_party_when_no_plain_number_then_refused(void **state)
{
	static const char *const bad[] = {"-1", "1.5", "\"\"", "\"a\"",
	    "\"../1\"", "\"007\"", "12345678901", "\"12345678901\"", "true",
	    "null", "[1]", "{}"};
	char id[ID_PARTY_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cJSON *v = parse(bad[i]);

		assert_false(ids_party(v, id));
		cJSON_Delete(v);
	}
}

static void
test_names_when_joined_then_in_the_known_form(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	ids_task("2026", "dataio_0", &out);
	assert_string_equal(out.ptr, "2026_dataio_0");
	buf_reset(&out);
	ids_party_model("guest", "9999", "guest-9999#model", &out);
	assert_string_equal(out.ptr, "guest#9999#guest-9999#model");
	buf_reset(&out);
	ids_party_dir("host", "10000", &out);
	assert_string_equal(out.ptr, "host-10000");
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_new_job_when_called_twice_then_two_valid_ids),
	    cmocka_unit_test(test_is_job_when_not_21_to_25_digits_then_false),
	    cmocka_unit_test(
		test_all_party_when_roles_given_then_sorted_unique),
	    cmocka_unit_test(test_party_when_no_plain_number_then_refused),
	    cmocka_unit_test(test_names_when_joined_then_in_the_known_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
