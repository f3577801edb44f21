/* A table back into a text file. */
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "task/components/transfer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/ff-transfer-XXXXXX";
static struct buf table = BUF_INIT, file = BUF_INIT;
static int folder_fd;

static int
make_folder(void **state)
{
	struct table_schema s;
	struct table_writer *w = NULL;
	struct table_row rows[] = {
	    {.id = "1", .id_len = 1, .text = "a,b", .text_len = 3},
	    {.id = "2", .id_len = 1, .text = ""},
	};
	enum err rc;

	(void)state;
	json_init();
	if (!mkdtemp(folder))
		return -1;
	path_set(&table, "%s/t", folder);
	path_set(&file, "%s/f", folder);
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	table_schema_init(&s, TABLE_RAW);
	s.sid_name = xstrdup("id");
	table_schema_add(&s, "x");
	table_schema_add(&s, "y");
	rc = table_writer_open(table.ptr, &s, TABLE_SORTED, &w, NULL);
	for (size_t i = 0; !rc && i < ARRAY_LEN(rows); i++)
		rc = table_writer_add(w, &rows[i], NULL);
	table_schema_release(&s);
	return !rc && !table_writer_finish(&w, NULL, NULL) ? 0 : -1;
}

static int
remove_folder(void **state)
{
	(void)state;
	close(folder_fd);
	buf_release(&table);
	buf_release(&file);
	return path_remove_tree(folder, NULL) ? -1 : 0;
}

static void
assert_written(bool has_head, const char *expected)
{
	struct transfer_options o = {.table = table.ptr,
	    .file = file.ptr,
	    .dir_fd = folder_fd,
	    .name = "f",
	    .has_head = has_head,
	    .delimiter = ";"};
	struct buf text = BUF_INIT;
	int64_t rows = 0;

	unlink(file.ptr);
	assert_int_equal(transfer_write(&o, &rows, NULL), ERR_OK);
	assert_int_equal(rows, 2);
	path_read_file(file.ptr, 100, &text, NULL);
	assert_string_equal(text.ptr, expected);
	buf_release(&text);
}

static void
test_write_when_a_head_is_wanted_then_names_first(void **state)
{
	(void)state;
	assert_written(true, "id;x,y\n1;a,b\n2\n");
}

static void
test_write_when_a_value_is_empty_then_the_id_alone(void **state)
{
	(void)state;
	assert_written(false, "1;a,b\n2\n");
}

static void
test_write_when_the_file_is_there_then_refused_and_kept(void **state)
{
	struct transfer_options o = {.table = table.ptr,
	    .file = table.ptr,
	    .dir_fd = folder_fd,
	    .name = "t",
	    .delimiter = ","};
	struct buf err = BUF_INIT;
	struct table_reader *r = NULL;
	int64_t rows = 0;

	(void)state;
	assert_int_equal(transfer_write(&o, &rows, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.ptr, "exists already"));
	assert_int_equal(table_reader_open(table.ptr, &r, NULL), ERR_OK);
	table_reader_close(&r);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_write_when_a_value_is_empty_then_the_id_alone),
	    cmocka_unit_test(test_write_when_a_head_is_wanted_then_names_first),
	    cmocka_unit_test(
		test_write_when_the_file_is_there_then_refused_and_kept),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
