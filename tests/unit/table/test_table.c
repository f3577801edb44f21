/* Tables on disk: order, uniqueness, damage, and how rows are shown. */
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/table/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/ff-table-XXXXXX";
static struct buf path = BUF_INIT;
static struct buf err = BUF_INIT;

static int
make_folder(void **state)
{
	(void)state;
	json_init();
	if (!mkdtemp(folder))
		return -1;
	path_set(&path, "%s/t", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	buf_release(&path);
	buf_release(&err);
	return path_remove_tree(folder, NULL) ? -1 : 0;
}

static int
fresh(void **state)
{
	(void)state;
	unlink(path.ptr);
	buf_reset(&err);
	return 0;
}

static struct table_writer *
open_writer(enum table_kind kind, enum table_order order)
{
	struct table_writer *w = NULL;
	struct table_schema s;

	table_schema_init(&s, kind);
	s.sid_name = xstrdup("id");
	table_schema_add(&s, "x0");
	table_schema_add(&s, "x1");
	table_schema_add(&s, "x2");
	assert_int_equal(
	    table_writer_open(path.ptr, &s, order, &w, &err), ERR_OK);
	table_schema_release(&s);
	return w;
}

static void
add(struct table_writer *w, const char *id, const char *text)
{
	struct table_row row = {.id = id,
	    .id_len = strlen(id),
	    .text = text,
	    .text_len = strlen(text)};

	assert_int_equal(table_writer_add(w, &row, &err), ERR_OK);
}

static struct table_stats
finish(struct table_writer *w)
{
	struct table_stats stats;

	assert_int_equal(table_writer_finish(&w, &stats, &err), ERR_OK);
	assert_null(w);
	return stats;
}

static void
expect_ids(const char *const *ids, size_t n)
{
	struct table_reader *r = NULL;
	struct table_row row;

	assert_int_equal(table_reader_open(path.ptr, &r, &err), ERR_OK);
	assert_int_equal(table_reader_count(r), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(table_reader_next(r, &row, &err), ERR_OK);
		assert_string_equal(row.id, ids[i]);
	}
	assert_int_equal(table_reader_next(r, &row, &err), ERR_NOTFOUND);
	assert_string_equal(err.ptr, "");
	table_reader_close(&r);
}

static void
test_rows_when_unsorted_then_stand_by_length_and_bytes(void **state)
{
	static const char *const ids[] = {"2", "9", "10", "9a", "100"};
	struct table_writer *w = open_writer(TABLE_RAW, TABLE_UNSORTED);

	(void)state;
	add(w, "100", "c");
	add(w, "9", "a");
	add(w, "10", "b");
	add(w, "9a", "d");
	add(w, "2", "");
	assert_int_equal(finish(w).rows, 5);
	expect_ids(ids, 5);
}

static void
test_rows_when_ids_repeat_then_last_wins_and_is_counted(void **state)
{
	struct table_writer *w = open_writer(TABLE_RAW, TABLE_UNSORTED);
	struct table_reader *r = NULL;
	struct table_row row;
	struct table_stats stats;

	(void)state;
	add(w, "a", "first");
	add(w, "b", "b");
	add(w, "a", "second");
	add(w, "a", "third");
	stats = finish(w);
	assert_int_equal(stats.rows, 2);
	assert_int_equal(stats.duplicates, 2);
	assert_int_equal(table_reader_open(path.ptr, &r, &err), ERR_OK);
	assert_int_equal(table_reader_find(r, "a", 1, &row, &err), ERR_OK);
	assert_string_equal(row.text, "third");
	assert_string_equal(table_reader_digest(r), stats.digest);
	table_reader_close(&r);
}

static void
test_rows_when_declared_sorted_but_not_then_refused(void **state)
{
	struct table_writer *w = open_writer(TABLE_RAW, TABLE_SORTED);
	struct table_row row = {.id = "9", .id_len = 1, .text = ""};

	(void)state;
	add(w, "10", "");
	assert_int_equal(table_writer_add(w, &row, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "row '9' stands behind row '10'"));
	row.id = "10";
	row.id_len = 2;
	assert_int_equal(table_writer_add(w, &row, NULL), ERR_INVALID);
	table_writer_abort(&w);
	assert_false(path_exists(path.ptr));
}

/* Enough to spill several runs and to need every mark. */
#define MANY 300000

static void
add_many(struct table_writer *w, char *filler)
{
	char id[16];

	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "%u", i * 2654435761U % MANY);
		add(w, id, filler);
	}
}

static void
test_rows_when_many_then_all_found_and_nothing_left_behind(void **state)
{
	struct table_writer *w = open_writer(TABLE_RAW, TABLE_UNSORTED);
	struct table_reader *r = NULL;
	struct table_row row;
	struct buf before = BUF_INIT;
	char filler[160], id[16];
	struct table_stats stats;
	int64_t rows = 0;

	(void)state;
	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	add_many(w, filler);
	stats = finish(w);
	assert_int_equal(stats.rows + stats.duplicates, MANY);
	assert_int_equal(table_reader_open(path.ptr, &r, &err), ERR_OK);
	while (!table_reader_next(r, &row, &err)) {
		if (rows++)
			assert_true(table_compare_ids(before.ptr, before.len,
					row.id, row.id_len) < 0);
		buf_reset(&before);
		buf_add(&before, row.id, row.id_len);
		if (rows % 97 == 0)
			assert_int_equal(table_reader_find(r, before.ptr,
					     before.len, &row, &err),
			    ERR_OK);
	}
	assert_int_equal(rows, stats.rows);
	snprintf(id, sizeof(id), "%d", MANY);
	assert_int_equal(
	    table_reader_find(r, id, strlen(id), &row, &err), ERR_NOTFOUND);
	assert_int_equal(table_reader_find(r, "", 0, &row, &err), ERR_NOTFOUND);
	table_reader_close(&r);
	buf_release(&before);
	path_set(&before, "%s.part", path.ptr);
	assert_false(path_exists(before.ptr));
	buf_release(&before);
}

static void
test_digest_when_input_order_differs_then_same(void **state)
{
	struct table_writer *w = open_writer(TABLE_RAW, TABLE_UNSORTED);
	struct table_stats one, two;

	(void)state;
	add(w, "a", "1");
	add(w, "b", "2");
	one = finish(w);
	w = open_writer(TABLE_RAW, TABLE_UNSORTED);
	add(w, "b", "2");
	add(w, "a", "1");
	two = finish(w);
	assert_string_equal(one.digest, two.digest);
}

static void
test_numbers_when_reopened_then_unchanged(void **state)
{
	static const double values[] = {0.1, -5, 1e300};
	static const uint32_t columns[] = {0, 2};
	struct table_row row = {.id = "a",
	    .id_len = 1,
	    .label = {.type = TABLE_LABEL_INT, .i = -7},
	    .values = values,
	    .n = 3};
	struct table_writer *w = open_writer(TABLE_DENSE, TABLE_SORTED);
	struct table_reader *r = NULL;

	(void)state;
	assert_int_equal(table_writer_add(w, &row, &err), ERR_OK);
	finish(w);
	assert_int_equal(table_reader_open(path.ptr, &r, &err), ERR_OK);
	assert_int_equal(table_reader_next(r, &row, &err), ERR_OK);
	assert_int_equal(row.n, 3);
	assert_memory_equal(row.values, values, sizeof(values));
	assert_int_equal(row.label.type, TABLE_LABEL_INT);
	assert_int_equal(row.label.i, -7);
	table_reader_close(&r);

	unlink(path.ptr);
	w = open_writer(TABLE_SPARSE, TABLE_SORTED);
	row = (struct table_row){.id = "a",
	    .id_len = 1,
	    .label = {.type = TABLE_LABEL_REAL, .r = 0.5},
	    .values = values,
	    .columns = columns,
	    .n = 2};
	assert_int_equal(table_writer_add(w, &row, &err), ERR_OK);
	finish(w);
	assert_int_equal(table_reader_open(path.ptr, &r, &err), ERR_OK);
	assert_int_equal(table_reader_next(r, &row, &err), ERR_OK);
	assert_int_equal(row.n, 2);
	assert_memory_equal(row.columns, columns, sizeof(columns));
	assert_memory_equal(row.values, values, 16);
	assert_true(row.label.r == 0.5);
	table_reader_close(&r);
}

static void
test_open_when_absent_linked_or_no_table_then_says_which(void **state)
{
	struct table_reader *r = NULL;
	struct table_writer *w;
	struct buf link_path = BUF_INIT;

	(void)state;
	assert_int_equal(table_reader_open(path.ptr, &r, &err), ERR_NOTFOUND);
	w = open_writer(TABLE_RAW, TABLE_SORTED);
	add(w, "a", "");
	finish(w);
	path_set(&link_path, "%s.link", path.ptr);
	assert_int_equal(symlink(path.ptr, link_path.ptr), 0);
	assert_int_equal(table_reader_open(link_path.ptr, &r, &err), ERR_IO);
	unlink(link_path.ptr);
	assert_int_equal(table_reader_open(folder, &r, &err), ERR_INVALID);
	path_write_file(link_path.ptr, "no table", 8, PATH_SCRATCH, NULL);
	buf_reset(&err);
	assert_int_equal(table_reader_open(link_path.ptr, &r, &err), ERR_IO);
	assert_non_null(strstr(err.ptr, "is damaged"));
	assert_null(r);
	unlink(link_path.ptr);
	buf_release(&link_path);
}

static void
test_read_when_file_is_cut_then_error_and_no_short_table(void **state)
{
	struct table_writer *w = open_writer(TABLE_RAW, TABLE_SORTED);
	struct table_reader *r = NULL;
	struct table_row row;
	struct stat st;
	char id[16];
	enum err rc;

	(void)state;
	for (int i = 10000; i < 20000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		add(w, id, "some text of a row");
	}
	finish(w);
	assert_int_equal(stat(path.ptr, &st), 0);
	assert_int_equal(chmod(path.ptr, 0600), 0);
	assert_int_equal(truncate(path.ptr, st.st_size / 2), 0);
	rc = table_reader_open(path.ptr, &r, &err);
	while (!rc)
		rc = table_reader_next(r, &row, &err);
	assert_int_equal(rc, ERR_IO);
	assert_non_null(strstr(err.ptr, "is damaged"));
	table_reader_close(&r);
}

static void
test_row_when_column_order_is_wrong_or_id_empty_then_refused(void **state)
{
	static const double values[] = {1, 2};
	static const uint32_t columns[] = {2, 0};
	struct table_writer *w = open_writer(TABLE_SPARSE, TABLE_SORTED);
	struct table_row row = {.id = "a",
	    .id_len = 1,
	    .values = values,
	    .columns = columns,
	    .n = 2};

	(void)state;
	assert_int_equal(table_writer_add(w, &row, &err), ERR_INTERNAL);
	row = (struct table_row){.id = "", .values = values};
	assert_int_equal(table_writer_add(w, &row, &err), ERR_INVALID);
	table_writer_abort(&w);
}

/* ---- showing ---- */

static void
expect_json(const struct table_schema *s, const struct table_row *row,
    const char *expected)
{
	struct buf text = BUF_INIT;
	cJSON *shown = table_row_to_json(s, row);

	json_print(shown, JSON_REPLY, &text);
	assert_string_equal(text.ptr, expected);
	cJSON_Delete(shown);
	buf_release(&text);
}

static void
expect_csv(const struct table_schema *s, const struct table_row *row,
    const char *expected)
{
	struct buf text = BUF_INIT;

	table_row_to_csv(s, row, &text);
	assert_string_equal(text.ptr, expected);
	buf_release(&text);
}

static void
test_show_when_dense_then_numbers_as_python_prints_them(void **state)
{
	const double values[] = {1.88669, 5, NAN, 1e-07};
	struct table_schema s = {.kind = TABLE_DENSE};
	struct table_row row = {.id = "0",
	    .id_len = 1,
	    .label = {.type = TABLE_LABEL_INT, .i = 1},
	    .values = values,
	    .n = 4};

	(void)state;
	expect_json(&s, &row, "[\"0\",1,1.88669,5.0,null,1e-07]");
	expect_csv(&s, &row, "0,1,1.88669,5.0,nan,1e-07\n");
	row.label.type = TABLE_NO_LABEL;
	row.n = 2;
	expect_json(&s, &row, "[\"0\",1.88669,5.0]");
}

static void
test_show_when_list_then_forms_of_numbers_are_kept(void **state)
{
	static const char text[] =
	    "[0, 1.0, 0.1355, {\"0\": 0.9, \"1\": 1.0}, \"a 7\", null, true, "
	    "[\"it's\"], -3]";
	struct table_schema s = {.kind = TABLE_LIST};
	struct table_row row = {
	    .id = "7", .id_len = 1, .text = text, .text_len = sizeof(text) - 1};

	(void)state;
	expect_json(&s, &row,
	    "[\"7\",0,1.0,0.1355,{\"0\":0.9,\"1\":1.0},\"a 7\",null,true,"
	    "[\"it's\"],-3]");
	expect_csv(&s, &row,
	    "7,0,1.0,0.1355,{'0': 0.9, '1': 1.0},a 7,None,True,[\"it's\"],"
	    "-3\n");
}

static void
test_show_when_sparse_then_zeros_are_filled_in(void **state)
{
	static const double values[] = {2.5};
	static const uint32_t columns[] = {1};
	static char *header[] = {(char *)"0", (char *)"1", (char *)"2"};
	struct table_schema s = {
	    .kind = TABLE_SPARSE, .header = header, .n_header = 3};
	struct table_row row = {.id = "a",
	    .id_len = 1,
	    .values = values,
	    .columns = columns,
	    .n = 1};

	(void)state;
	expect_json(&s, &row, "[\"a\",0.0,2.5,0.0]");
	expect_csv(&s, &row, "a,0.0,2.5,0.0\n");
}

static void
expect_metas(const struct table_schema *s, const char *expected)
{
	struct buf text = BUF_INIT;
	cJSON *metas = table_schema_to_json(s);

	json_print(metas, JSON_REPLY, &text);
	assert_string_equal(text.ptr, expected);
	cJSON_Delete(metas);
	buf_release(&text);
}

static void
test_metas_when_shown_then_as_table_info_has_them(void **state)
{
	static char *header[] = {(char *)"x0", (char *)"x1"};
	struct table_schema s = {
	    .kind = TABLE_RAW, .header = header, .n_header = 2};

	(void)state;
	expect_metas(&s, "{}");
	s.sid_name = (char *)"id";
	expect_metas(&s, "{\"header\":\"x0,x1\",\"sid\":\"id\"}");
	s.kind = TABLE_DENSE;
	s.label_name = (char *)"y";
	expect_metas(&s,
	    "{\"schema\":{\"header\":[\"x0\",\"x1\"],\"label_name\":\"y\","
	    "\"sid_name\":\"id\"}}");
}

#define CASE(f) cmocka_unit_test_setup(f, fresh)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_rows_when_unsorted_then_stand_by_length_and_bytes),
	    CASE(test_rows_when_ids_repeat_then_last_wins_and_is_counted),
	    CASE(test_rows_when_declared_sorted_but_not_then_refused),
	    CASE(test_rows_when_many_then_all_found_and_nothing_left_behind),
	    CASE(test_digest_when_input_order_differs_then_same),
	    CASE(test_numbers_when_reopened_then_unchanged),
	    CASE(test_open_when_absent_linked_or_no_table_then_says_which),
	    CASE(test_read_when_file_is_cut_then_error_and_no_short_table),
	    CASE(test_row_when_column_order_is_wrong_or_id_empty_then_refused),
	    CASE(test_show_when_dense_then_numbers_as_python_prints_them),
	    CASE(test_show_when_list_then_forms_of_numbers_are_kept),
	    CASE(test_show_when_sparse_then_zeros_are_filled_in),
	    CASE(test_metas_when_shown_then_as_table_info_has_them),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
