/* What becomes of every kind of line of an uploaded file. */
#include "lib/base/path.h"
#include "lib/table/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/ff-import-XXXXXX";
static struct buf file = BUF_INIT, table = BUF_INIT, err = BUF_INIT;

static int
make_folder(void **state)
{
	(void)state;
	json_init();
	if (!mkdtemp(folder))
		return -1;
	path_set(&file, "%s/f", folder);
	path_set(&table, "%s/t", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	buf_release(&file);
	buf_release(&table);
	buf_release(&err);
	return path_remove_tree(folder, NULL) ? -1 : 0;
}

static enum err
import(const char *text, size_t len, bool has_head, struct import_result *r)
{
	struct import_options o = {
	    .file = file.ptr, .path = table.ptr, .has_head = has_head};

	buf_reset(&err);
	unlink(table.ptr);
	path_write_file(file.ptr, text, len, PATH_SCRATCH, NULL);
	return table_import(&o, r, &err);
}

/* All rows as "id=value;" and so on. */
static void
expect_rows(const char *expected)
{
	struct table_reader *r = NULL;
	struct table_row row;
	struct buf all = BUF_INIT;

	assert_int_equal(table_reader_open(table.ptr, &r, &err), ERR_OK);
	while (!table_reader_next(r, &row, &err))
		buf_addf(&all, "%s=%s;", row.id, row.text);
	assert_string_equal(all.ptr, expected);
	table_reader_close(&r);
	buf_release(&all);
}

static void
test_import_when_lines_vary_in_form_then_same_rows(void **state)
{
	static const struct {
		const char *text;
		bool has_head;
		const char *rows;
		int64_t read, blank, duplicates;
	} cases[] = {
	    {"id,y\n1,a\n2,b\n", true, "1=a;2=b;", 2, 0, 0},
	    {"id,y\r\n1,a\r\n2,b\r\n", true, "1=a;2=b;", 2, 0, 0},
	    {"id,y\n1,a\n2,b", true, "1=a;2=b;", 2, 0, 0},
	    {"\xef\xbb\xbfid,y\n1,a\n", true, "1=a;", 1, 0, 0},
	    {"\xef\xbb\xbf"
	     "1,a\n",
		false, "1=a;", 1, 0, 0},
	    {"id\ty\n1\ta\n", true, "1=a;", 1, 0, 0},
	    {"\nid,y\n\n1,a\n\r\n2,b\n\n", true, "1=a;2=b;", 2, 4, 0},
	    {"id,y\n1,a\n2,b\n1,c\n", true, "1=c;2=b;", 3, 0, 1},
	    {"id,y\n1,a\n", false, "1=a;id=y;", 2, 0, 0},
	    {"id\n1\n2\n", true, "1=;2=;", 2, 0, 0},
	    {"1,a,b\n2\n", false, "1=a,b;2=;", 2, 0, 0},
	    {"id,y\n1,\xc3\xa4\n", true, "1=\xc3\xa4;", 1, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct import_result r;

		assert_int_equal(import(cases[i].text, strlen(cases[i].text),
				     cases[i].has_head, &r),
		    ERR_OK);
		expect_rows(cases[i].rows);
		assert_int_equal(r.read, cases[i].read);
		assert_int_equal(r.blank, cases[i].blank);
		assert_int_equal(r.stats.duplicates, cases[i].duplicates);
		table_schema_release(&r.schema);
	}
}

static void
test_import_when_a_line_is_faulty_then_nothing_stored_and_named(void **state)
{
#define TEXT(s) s, sizeof(s) - 1
	static const struct {
		const char *text;
		size_t len;
		const char *says;
	} cases[] = {
	    {TEXT(""), "is an empty file"},
	    {TEXT("\n\r\n"), "holds nothing but empty lines"},
	    {TEXT("id,y\n"), "holds a header line but no rows"},
	    {TEXT("id,y\n1,a\n2,b,c\n3\n"),
		"2 of its 3 rows are faulty: line 3 has 3 fields, the header "
		"has 2 (2 such lines)"},
	    {TEXT("id,y\n,a\n"), "line 2 has no id in its first field"},
	    {TEXT("id,y\n1,\xff\n"), "line 2 is not UTF-8"},
	    {TEXT("id,y\n1,a\0\n"), "line 2 holds a NUL byte"},
	    {TEXT("id,y,y\n1,a,b\n"), "names the column 'y' twice"},
	    {TEXT("id,\xff\n1,a\n"), "the header (line 1)"},
	    {TEXT("id,y\n1\n,2\n1,\xff\n"),
		"line 2 has 1 fields, the header has 2 (1 such line); line 3 "
		"has no id in its first field (1 such line); line 4 is not "
		"UTF-8 (1 such line)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct import_result r;

		assert_int_equal(
		    import(cases[i].text, cases[i].len, true, &r), ERR_INVALID);
		if (!strstr(err.ptr, cases[i].says))
			assert_string_equal(err.ptr, cases[i].says);
		assert_false(path_exists(table.ptr));
		table_schema_release(&r.schema);
	}
}

static void
test_import_when_lines_are_long_then_limit_is_exact(void **state)
{
	enum { MAX = 16 << 20 };
	char *text = malloc(MAX + 2);
	struct import_result r;

	(void)state;
	memset(text, 'x', MAX + 2);
	text[1] = ',';
	text[MAX] = '\n';
	assert_int_equal(import(text, MAX + 1, false, &r), ERR_OK);
	table_schema_release(&r.schema);
	text[MAX] = 'x';
	assert_int_equal(import(text, MAX + 1, false, &r), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "line 1 of"));
	table_schema_release(&r.schema);
	free(text);
}

static void
test_import_when_appending_then_later_rows_win(void **state)
{
	struct import_result r;
	struct buf before = BUF_INIT;
	struct import_options o = {.has_head = true};

	(void)state;
	assert_int_equal(import(TEXT("id,y\n1,a\n2,b\n"), true, &r), ERR_OK);
	table_schema_release(&r.schema);
	path_set(&before, "%s.before", table.ptr);
	assert_int_equal(rename(table.ptr, before.ptr), 0);
	path_write_file(file.ptr, TEXT("id,y\n2,c\n3,d\n"), PATH_SCRATCH, NULL);
	o.file = file.ptr;
	o.path = table.ptr;
	o.append_to = before.ptr;
	assert_int_equal(table_import(&o, &r, &err), ERR_OK);
	expect_rows("1=a;2=c;3=d;");
	assert_int_equal(r.kept, 2);
	table_schema_release(&r.schema);
	path_write_file(file.ptr, TEXT("id,z\n2,c\n"), PATH_SCRATCH, NULL);
	assert_int_equal(table_import(&o, &r, &err), ERR_CONFLICT);
	table_schema_release(&r.schema);
	buf_release(&before);
}

static void
test_ledger_when_rows_were_replaced_then_says_so(void **state)
{
	struct import_result r;
	struct buf text = BUF_INIT;
	cJSON *ledger;

	(void)state;
	assert_int_equal(import(TEXT("id,y\n1,a\n\n1,b\n"), true, &r), ERR_OK);
	ledger = table_import_ledger(&r);
	json_print(ledger, JSON_REPLY, &text);
	assert_string_equal(text.ptr,
	    "{\"blank_lines\":1,\"duplicates\":1,\"read\":2,\"reasons\":"
	    "[\"1 row was replaced by a later row of the same id\","
	    "\"1 empty line was skipped\"],\"rejected\":0,\"stored\":1}");
	cJSON_Delete(ledger);
	buf_release(&text);
	table_schema_release(&r.schema);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_import_when_lines_vary_in_form_then_same_rows),
	    cmocka_unit_test(
		test_import_when_a_line_is_faulty_then_nothing_stored_and_named),
	    cmocka_unit_test(
		test_import_when_lines_are_long_then_limit_is_exact),
	    cmocka_unit_test(test_import_when_appending_then_later_rows_win),
	    cmocka_unit_test(test_ledger_when_rows_were_replaced_then_says_so),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
