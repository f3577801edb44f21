#include "cli/flags.h"
#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ARGV_MAX 8

static void
test_parse_of_arguments_gives_request_or_complaint(void **state)
{
	static const struct {
		const char *argv[ARGV_MAX];
		const char *expected;
	} rows[] = {
	    {{"fateflow", "-f", "query_job", "-j", "7"},
		"{\"function\":\"query_job\",\"job_id\":\"7\"}"},
	    {{"fateflow", "--function", "x", "-cpn", "lr_0"},
		"{\"function\":\"x\",\"component_name\":\"lr_0\"}"},
	    {{"fateflow", "-limit", "5", "-component_name", "c"},
		"{\"component_name\":\"c\",\"limit\":5}"},
	    {{"fateflow", "-r", "guest", "-p", "9999"},
		"{\"party_id\":\"9999\",\"role\":\"guest\",\"local\":"
		"{\"role\":\"guest\",\"party_id\":\"9999\"}}"},
	    {{"fateflow", "-o", "/x", "--wait"}, "{\"output_path\":\"/x\"}"},
	    {{"fateflow", "-o", "/a//b/./c/../d/", "-c", "/../.."},
		"{\"config\":\"/\",\"output_path\":\"/a/b/d\"}"},
	    {{"fateflow", "--job_id=7", "--component", "c", "--par=1=2"},
		"{\"job_id\":\"7\",\"party_id\":\"1=2\",\"component_name\":"
		"\"c\",\"local\":{\"party_id\":\"1=2\"}}"},
	    {{"fateflow", "--privilege"},
		"unrecognized arguments: --privilege (did you mean "
		"'--privilege_role'?)"},
	    {{"fateflow", "--wait=1"},
		"unrecognized arguments: --wait=1 (did you mean '--wait'?)"},
	    {{"fateflow", "--zzzzz"}, "unrecognized arguments: --zzzzz"},
	    {{"fateflow", "-jobid"},
		"unrecognized arguments: -jobid (did you mean '--job_id'?)"},
	    /* What FATE's client understands, it understands here. */
	    {{"fateflow", "--w", "0"}, "{\"work_mode\":0}"},
	    {{"fateflow", "--mod", "x"}, "{\"model\":\"x\"}"},
	    {{"fateflow", "--model-v", "7"}, "{\"model_version\":\"7\"}"},
	    {{"fateflow", "--job-id=7", "--part_size=1M", "--no_resume"},
		"{\"job_id\":\"7\"}"},
	    {{"fateflow", "-src_role", "guest", "--privilege_role=all"},
		"{\"src_role\":\"guest\",\"privilege_role\":\"all\"}"},
	    {{"fateflow", "--part-size", "many"},
		"--part-size is 'many', expected a number with a unit"},
	    {{"fateflow", "-limit", "many"},
		"argument -limit/--limit: invalid int value: 'many'"},
	    {{"fateflow", "--timeout", "-1"},
		"argument --timeout: invalid int value: '-1'"},
	    {{"fateflow", "-j", "-r", "guest"},
		"argument -j/--job_id: expected one argument"},
	    {{"fateflow", "-limit", "-1"}, "{\"limit\":-1}"},
	    {{"fateflow", "-j"}, "argument -j/--job_id: expected one argument"},
	    {{"fateflow", "nosuch"}, "unrecognized arguments: nosuch"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT;
		struct flags flags;
		char *argv[ARGV_MAX + 1] = {0};
		int argc = 0;

		while (rows[i].argv[argc]) {
			argv[argc] = xstrdup(rows[i].argv[argc]);
			argc++;
		}
		if (!flags_parse(argc, argv, &flags, &out)) {
			cJSON *request = cJSON_CreateObject();

			flags_merge(&flags, request);
			json_print(request, JSON_COMPACT, &out);
			cJSON_Delete(request);
		}
		assert_string_equal(out.ptr, rows[i].expected);
		while (argc)
			free(argv[--argc]);
		buf_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_parse_of_arguments_gives_request_or_complaint),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
