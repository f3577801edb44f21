/* DataIO's conversion, without the task around it. */
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/model/model.h"
#include "lib/table/import.h"
#include "task/components/dataio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define SHARED SOURCE_DIR "/../shared"

static char folder[] = "/tmp/ff-dataio-XXXXXX";
static struct buf file = BUF_INIT, raw = BUF_INIT, done = BUF_INIT;
static struct buf err = BUF_INIT;

static int
make_folder(void **state)
{
	(void)state;
	json_init();
	if (!mkdtemp(folder))
		return -1;
	path_set(&file, "%s/f", folder);
	path_set(&raw, "%s/raw", folder);
	path_set(&done, "%s/done", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	buf_release(&file);
	buf_release(&raw);
	buf_release(&done);
	buf_release(&err);
	return path_remove_tree(folder, NULL) ? -1 : 0;
}

static void
upload_file(const char *path, bool has_head)
{
	struct import_options o = {
	    .file = path, .path = raw.ptr, .has_head = has_head};
	struct import_result r;

	unlink(raw.ptr);
	assert_int_equal(table_import(&o, &r, &err), ERR_OK);
	table_schema_release(&r.schema);
}

static void
upload(const char *text, bool has_head)
{
	path_write_file(file.ptr, text, strlen(text), PATH_SCRATCH, NULL);
	upload_file(file.ptr, has_head);
}

static enum err
transform(struct dataio *d, struct table_reader *in, bool is_fit)
{
	struct dataio_pass pass = {.in = in, .count_ratios = is_fit};
	enum err rc;

	unlink(done.ptr);
	rc = table_writer_open(
	    done.ptr, &d->schema, TABLE_SORTED, &pass.out, &err);
	if (!rc)
		rc = dataio_transform(d, &pass, &err);
	if (!rc)
		rc = table_writer_finish(&pass.out, NULL, &err);
	table_writer_abort(&pass.out);
	return rc;
}

static enum err
fit(struct dataio *d, const char *param_text)
{
	struct table_reader *in = NULL;
	cJSON *param = NULL;
	enum err rc;

	buf_reset(&err);
	assert_int_equal(
	    json_parse(param_text, strlen(param_text), "param", &param, NULL),
	    ERR_OK);
	assert_int_equal(table_reader_open(raw.ptr, &in, &err), ERR_OK);
	rc = dataio_configure(d, param, &err);
	if (!rc)
		rc = dataio_learn(d, in, &err);
	if (!rc)
		rc = transform(d, in, true);
	table_reader_close(&in);
	cJSON_Delete(param);
	return rc;
}

static void
expect_output(const char *expected)
{
	struct table_reader *r = NULL;
	struct table_row row;
	struct buf text = BUF_INIT;

	assert_int_equal(table_reader_open(done.ptr, &r, &err), ERR_OK);
	while (!table_reader_next(r, &row, &err))
		table_row_to_csv(table_reader_schema(r), &row, &text);
	assert_string_equal(text.ptr, expected);
	table_reader_close(&r);
	buf_release(&text);
}

static void
expect_header(const struct dataio *d, const char *expected)
{
	struct buf text = BUF_INIT;
	cJSON *list = table_header_to_json(&d->schema, true);

	json_print(list, JSON_REPLY, &text);
	assert_string_equal(text.ptr, expected);
	cJSON_Delete(list);
	buf_release(&text);
}

struct good {
	const char *text;
	bool has_head;
	const char *param;
	const char *header;
	const char *rows;
};

static const struct good goods[] = {
    {"id,y,x0,x1\n2,1,0.5,\n1,0,NA,3\n", true, "{}",
	"[\"id\",\"y\",\"x0\",\"x1\"]", "1,0,nan,3.0\n2,1,0.5,nan\n"},
    {"id,x0,label\n1,0.5,a b\n", true,
	"{\"label_name\":\"label\",\"label_type\":\"str\"}",
	"[\"id\",\"label\",\"x0\"]", "1,a b,0.5\n"},
    {"id,y,x0\n1,0.25,2\n", true, "{\"label_type\":\"float64\"}",
	"[\"id\",\"y\",\"x0\"]", "1,0.25,2.0\n"},
    {"id,x0\n1, 7 \n", true, "{\"with_label\":false,\"data_type\":\"int\"}",
	"[\"id\",\"y\",\"x0\"]", "1,7.0\n"},
    {"id,x0,x1\n1,0.0000001,2\n", true,
	"{\"with_label\":false,\"output_format\":\"sparse\"}",
	"[\"id\",\"y\",\"x0\",\"x1\"]", "1,0.0,2.0\n"},
    {"id,x0\n1,1\n2,none\n3,\n4,4\n", true,
	"{\"with_label\":false,\"missing_fill\":true}", "[\"id\",\"y\",\"x0\"]",
	"1,1.0\n2,0.0\n3,0.0\n4,4.0\n"},
    {"id,x0\n1,1\n2,\n3,1\n4,2\n", true,
	"{\"with_label\":false,\"missing_fill\":true,"
	"\"missing_fill_method\":\"mean\"}",
	"[\"id\",\"y\",\"x0\"]", "1,1.0\n2,1.333333\n3,1.0\n4,2.0\n"},
    {"id,x0\n1,-1\n2,\n3,5\n", true,
	"{\"with_label\":false,\"missing_fill\":true,"
	"\"missing_fill_method\":\"min\"}",
	"[\"id\",\"y\",\"x0\"]", "1,-1.0\n2,-1.0\n3,5.0\n"},
    {"id,x0\n1,-1\n2,999\n3,5\n", true,
	"{\"with_label\":false,\"outlier_replace\":true,"
	"\"outlier_replace_method\":\"max\",\"outlier_impute\":[999]}",
	"[\"id\",\"y\",\"x0\"]", "1,-1.0\n2,5.0\n3,5.0\n"},
    {"id,x0\n1,\n2,999\n3,5\n", true,
	"{\"with_label\":false,\"missing_fill\":true,"
	"\"missing_fill_method\":\"designated\",\"default_value\":-0.5,"
	"\"outlier_replace\":true,\"outlier_replace_method\":\"mean\","
	"\"outlier_impute\":[\"999\"]}",
	"[\"id\",\"y\",\"x0\"]", "1,-0.5\n2,2.25\n3,5.0\n"},
    {"1,1 0:0.5 3:2\n2,0 1:1\n", false,
	"{\"input_format\":\"sparse\",\"delimitor\":\" \"}",
	"[\"sid\",\"y\",\"0\",\"1\",\"2\",\"3\"]",
	"1,1,0.5,0.0,0.0,2.0\n2,0,0.0,1.0,0.0,0.0\n"},
    {"1,b,a\n2,c\n", false, "{\"input_format\":\"tag\",\"with_label\":false}",
	"[\"sid\",\"y\",\"a\",\"b\",\"c\"]", "1,1.0,1.0,0.0\n2,0.0,0.0,1.0\n"},
    {"1,1,b:2,a:0.5\n2,0,c:3\n", false,
	"{\"input_format\":\"tag\",\"tag_with_value\":true,"
	"\"output_format\":\"sparse\"}",
	"[\"sid\",\"label\",\"a\",\"b\",\"c\"]",
	"1,1,0.5,2.0,0.0\n2,0,0.0,0.0,3.0\n"},
    {"1,b:2,a:1\n2,b:4\n", false,
	"{\"input_format\":\"tag\",\"tag_with_value\":true,"
	"\"with_label\":false,\"missing_fill\":true,"
	"\"missing_fill_method\":\"mean\"}",
	"[\"sid\",\"y\",\"a\",\"b\"]", "1,1.0,2.0\n2,1.0,4.0\n"},
};

static void
test_fit_when_input_is_good_then_rows_are_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(goods); i++) {
		struct dataio d;

		upload(goods[i].text, goods[i].has_head);
		if (fit(&d, goods[i].param))
			assert_string_equal(err.ptr, goods[i].rows);
		expect_header(&d, goods[i].header);
		expect_output(goods[i].rows);
		dataio_release(&d);
	}
}

static void
test_fit_when_input_is_bad_then_row_column_and_value_are_named(void **state)
{
	static const struct {
		const char *text;
		bool has_head;
		const char *param;
		const char *says;
	} bads[] = {
	    {"id,y,x0\n7,1,abc\n", true, "{}",
		"row '7' has 'abc' in column 'x0', expected a number"},
	    {"id,y,x0\n7,1,1e999\n", true, "{}", "row '7' has '1e999'"},
	    {"id,y,x0\n7,1,1.5\n", true, "{\"data_type\":\"int\"}",
		"row '7' has '1.5' in column 'x0', expected an integer"},
	    {"id,y,x0\n7,1.5,1\n", true, "{}", "row '7' has the label '1.5'"},
	    {"id,y,x0\n7,,1\n", true, "{}", "row '7' has the label ''"},
	    {"id,x0\n7,1\n", true, "{}", "has no column 'y' for the label"},
	    {"id,y;a;b;a\n7,1;2;3;4\n", true, "{\"delimitor\":\";\"}",
		"names the column 'a' twice"},
	    {"id,y;a;y\n7,1;2;3\n", true, "{\"delimitor\":\";\"}",
		"names the column 'y' twice"},
	    {"7,1\n", false, "{}",
		"dense input-format should have header schema"},
	    {"id,x0\n7,\n", true,
		"{\"with_label\":false,\"missing_fill\":true,"
		"\"missing_fill_method\":\"max\"}",
		"column 'x0' has no value to take the max of"},
	    {"7,0 1\n", false,
		"{\"input_format\":\"sparse\",\"delimitor\":\" \"}",
		"row '7' has the item '1'"},
	    {"7,a\n", false,
		"{\"input_format\":\"tag\",\"tag_with_value\":true,"
		"\"with_label\":false}",
		"row '7' has the item 'a'"},
	    {"7,a\n", false, "{\"input_format\":\"xml\"}",
		"input_format is 'xml', expected dense, sparse or tag"},
	    {"id,y,x0\n7,1,2\n", true, "{\"data_type\":\"f\"}",
		"data_type is 'f'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		struct dataio d;

		upload(bads[i].text, bads[i].has_head);
		assert_int_equal(fit(&d, bads[i].param), ERR_INVALID);
		if (!strstr(err.ptr, bads[i].says))
			assert_string_equal(err.ptr, bads[i].says);
		assert_false(path_exists(done.ptr) && i == 0);
		dataio_release(&d);
	}
}

/* Fits, packs, unpacks into *back. */
static void
fit_and_reload(const char *param, struct dataio *back)
{
	struct dataio d;
	struct buf meta = BUF_INIT, learnt = BUF_INIT;

	if (fit(&d, param))
		fail_msg("%s", err.ptr);
	dataio_pack(&d, &meta, &learnt);
	assert_int_equal(dataio_unpack(back, &meta, &learnt, &err), ERR_OK);
	dataio_release(&d);
	buf_release(&meta);
	buf_release(&learnt);
}

static enum err
transform_with(struct dataio *d)
{
	struct table_reader *in = NULL;
	enum err rc;

	buf_reset(&err);
	assert_int_equal(table_reader_open(raw.ptr, &in, &err), ERR_OK);
	rc = transform(d, in, false);
	table_reader_close(&in);
	return rc;
}

static void
test_transform_when_model_is_reloaded_then_fit_replacements_hold(void **state)
{
	struct dataio d;

	(void)state;
	upload("id,y,x0\n1,1,2\n2,0,\n3,0,4\n", true);
	fit_and_reload("{\"missing_fill\":true,\"missing_fill_method\":"
		       "\"mean\"}",
	    &d);
	upload("id,y,x0\n5,1,\n6,0,100\n", true);
	assert_int_equal(transform_with(&d), ERR_OK);
	expect_output("5,1,3.0\n6,0,100.0\n");
	assert_true(d.missing.ratio[0] > 0.333 && d.missing.ratio[0] < 0.334);
	upload("id,x0\n5,\n", true);
	assert_int_equal(transform_with(&d), ERR_OK);
	expect_output("5,3.0\n");
	upload("id,y,x1\n5,1,1\n", true);
	assert_int_equal(transform_with(&d), ERR_INVALID);
	assert_non_null(
	    strstr(err.ptr, "schema for fit and transform should be same"));
	dataio_release(&d);
}

static void
test_transform_when_tags_are_new_then_left_out(void **state)
{
	struct dataio d;

	(void)state;
	upload("1,b,a\n2,c\n", false);
	fit_and_reload("{\"input_format\":\"tag\",\"with_label\":false}", &d);
	upload("9,c,z\n", false);
	assert_int_equal(transform_with(&d), ERR_OK);
	expect_output("9,0.0,0.0,1.0\n");
	dataio_release(&d);
}

/* ---- against what FATE 1.4.6 answered ---- */

static cJSON *
unpacked(const char *type, const struct buf *bytes)
{
	ProtobufCMessage *m = NULL;
	cJSON *json;

	assert_int_equal(
	    model_unpack(model_message(type), bytes->ptr, bytes->len, &m, &err),
	    ERR_OK);
	json = model_to_json(m);
	protobuf_c_message_free_unpacked(m, NULL);
	return json;
}

static void
expect_same(const cJSON *ours, const cJSON *theirs)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	cJSON *parsed = NULL;

	/* Printed and parsed, so that both know numbers alike. */
	json_print(ours, JSON_REPLY, &a);
	assert_int_equal(json_parse(a.ptr, a.len, "", &parsed, NULL), ERR_OK);
	buf_reset(&a);
	json_print(parsed, JSON_REPLY, &a);
	json_print(theirs, JSON_REPLY, &b);
	assert_string_equal(a.ptr, b.ptr);
	cJSON_Delete(parsed);
	buf_release(&a);
	buf_release(&b);
}

static void
compare_model(const struct dataio *d, const cJSON *answer)
{
	struct buf meta = BUF_INIT, param = BUF_INIT;
	cJSON *ours;

	dataio_pack(d, &meta, &param);
	ours = unpacked("DataIOMeta", &meta);
	expect_same(ours, json_get(json_get(answer, "meta"), "meta_data"));
	cJSON_Delete(ours);
	ours = unpacked("DataIOParam", &param);
	expect_same(ours, json_get(answer, "data"));
	cJSON_Delete(ours);
	buf_release(&meta);
	buf_release(&param);
}

static cJSON *
golden(const char *kind, const char *name)
{
	struct buf path = BUF_INIT;
	cJSON *all = NULL, *answer;

	path_set(
	    &path, SHARED "/golden/modules/%s__DataIO__%s.json", kind, name);
	if (json_read_file(path.ptr, &all, NULL))
		skip();
	answer = cJSON_DetachItemFromObject(all, "response");
	cJSON_Delete(all);
	buf_release(&path);
	return answer;
}

static void
compare_output(const cJSON *answer)
{
	struct table_reader *r = NULL;
	struct table_row row = {0};
	bool has_label = false;
	cJSON *shown;
	const cJSON *meta = json_get(answer, "meta");
	const cJSON *theirs;

	assert_int_equal(table_reader_open(done.ptr, &r, &err), ERR_OK);
	assert_int_equal(table_reader_count(r), json_int(meta, "total", -1));
	cJSON_ArrayForEach(theirs, json_get(answer, "data"))
	{
		assert_int_equal(table_reader_next(r, &row, &err), ERR_OK);
		shown = table_row_to_json(table_reader_schema(r), &row);
		expect_same(shown, theirs);
		cJSON_Delete(shown);
		has_label = row.label.type != TABLE_NO_LABEL;
	}
	shown = table_header_to_json(table_reader_schema(r), has_label);
	expect_same(shown, json_get(meta, "header"));
	cJSON_Delete(shown);
	table_reader_close(&r);
}

static void
compare_with_golden(const char *table, const char *param, const char *name)
{
	struct dataio d;
	cJSON *model = golden("component_output_model", name);
	cJSON *data = golden("component_output_data", name);

	path_set(&file, SHARED "/data/tables/%s.csv", table);
	upload_file(file.ptr, true);
	path_set(&file, "%s/f", folder);
	if (fit(&d, param))
		fail_msg("%s", err.ptr);
	compare_model(&d, model);
	compare_output(data);
	dataio_release(&d);
	cJSON_Delete(model);
	cJSON_Delete(data);
}

static void
test_model_and_output_when_guest_fills_then_as_fate(void **state)
{
	(void)state;
	compare_with_golden("breast_hetero_guest",
	    "{\"with_label\":true,\"label_name\":\"y\",\"label_type\":\"int\","
	    "\"output_format\":\"dense\",\"missing_fill\":true,"
	    "\"outlier_replace\":true,\"missing_fill_method\":null,"
	    "\"missing_impute\":null}",
	    "guest__hetero_logistic_regression.lr");
}

static void
test_model_and_output_when_host_replaces_then_as_fate(void **state)
{
	(void)state;
	compare_with_golden("breast_hetero_host",
	    "{\"with_label\":false,\"outlier_replace\":true}",
	    "host__hetero_logistic_regression.lr");
}

static void
test_model_and_output_when_nothing_is_filled_then_as_fate(void **state)
{
	(void)state;
	compare_with_golden("breast_hetero_host", "{\"with_label\":false}",
	    "host__intersect.raw_intersect");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fit_when_input_is_good_then_rows_are_numbers),
	    cmocka_unit_test(
		test_fit_when_input_is_bad_then_row_column_and_value_are_named),
	    cmocka_unit_test(
		test_transform_when_model_is_reloaded_then_fit_replacements_hold),
	    cmocka_unit_test(test_transform_when_tags_are_new_then_left_out),
	    cmocka_unit_test(
		test_model_and_output_when_guest_fills_then_as_fate),
	    cmocka_unit_test(
		test_model_and_output_when_host_replaces_then_as_fate),
	    cmocka_unit_test(
		test_model_and_output_when_nothing_is_filled_then_as_fate),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
