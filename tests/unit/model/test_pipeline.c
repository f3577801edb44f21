/* The pipeline of a model: written, read, repeated, missing, damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/path.h"
#include "lib/model/pipeline.h"

static char root[64], scratch[80];
static struct model_ref ref = {
    .work_dir = root,
    .role = "guest",
    .party_id = "9999",
    .model_id = "guest-9999#model",
    .version = "2026",
};
static char inference[] = "{\"a\": 1}", dsl[] = "{\"b\": 2}", conf[] = "{}";
static char fate[] = PIPELINE_FATE_VERSION, id[] = "guest-9999#model";
static char version[] = "2026";
static const struct pipeline written = {
    inference, dsl, conf, fate, id, version};

#define FOLDER "models/guest#9999#guest-9999#model/2026/pipeline/pipeline"

static int
setup(void **state)
{
	(void)state;
	memcpy(
	    root, "/tmp/g-pipeline-XXXXXX", sizeof("/tmp/g-pipeline-XXXXXX"));
	if (!mkdtemp(root))
		return -1;
	snprintf(scratch, sizeof(scratch), "%s/scratch", root);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return path_remove_tree(root, NULL) == ERR_OK ? 0 : -1;
}

static void
test_write_when_read_back_then_the_same_texts(void **state)
{
	/* field number and length before each text */
	static const char bytes[] = "\x0a\x08{\"a\": 1}\x12\x08{\"b\": 2}"
				    "\x1a\x02{}\"\x05"
				    "1.4.6*\x10guest-9999#model2\x04"
				    "2026";
	struct buf path = BUF_INIT, file = BUF_INIT;
	struct pipeline p;
	int64_t size = 0;

	(void)state;
	assert_int_equal(
	    pipeline_write(&ref, scratch, &written, &size, NULL), ERR_OK);
	assert_int_equal(
	    pipeline_write(&ref, scratch, &written, &size, NULL), ERR_OK);
	path_set(&path, "%s/" FOLDER "/Pipeline", root);
	assert_int_equal(path_read_file(path.ptr, 1000, &file, NULL), ERR_OK);
	assert_int_equal(size, sizeof(bytes) - 1);
	assert_int_equal(file.len, sizeof(bytes) - 1);
	assert_memory_equal(file.ptr, bytes, file.len);
	assert_int_equal(pipeline_read(&ref, &p, NULL), ERR_OK);
	assert_string_equal(p.inference_dsl, inference);
	assert_string_equal(p.train_dsl, dsl);
	assert_string_equal(p.train_runtime_conf, conf);
	assert_string_equal(p.fate_version, "1.4.6");
	assert_string_equal(p.model_id, id);
	assert_string_equal(p.model_version, version);
	pipeline_release(&p);
	buf_release(&file);
	buf_release(&path);
}

static void
test_write_when_another_is_there_then_conflict(void **state)
{
	struct pipeline other = written;
	struct buf err = BUF_INIT;
	int64_t size;

	(void)state;
	other.train_dsl = conf;
	assert_int_equal(
	    pipeline_write(&ref, scratch, &other, &size, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.ptr, "another model"));
	buf_release(&err);
}

static void
test_read_when_there_is_none_then_names_party_model_and_version(void **state)
{
	struct model_ref missing = ref;
	struct pipeline p;
	struct buf err = BUF_INIT;

	(void)state;
	missing.role = "host";
	assert_int_equal(pipeline_read(&missing, &p, &err), ERR_NOTFOUND);
	assert_string_equal(err.ptr,
	    "there is no trained model host#9999#guest-9999#model of version "
	    "2026: no pipeline of it was saved here");
	buf_reset(&err);
	missing.version = "../x";
	assert_int_equal(pipeline_read(&missing, &p, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "model_version"));
	pipeline_release(&p);
	buf_release(&err);
}

static void
test_read_when_damaged_then_invalid(void **state)
{
	struct pipeline p;
	struct buf path = BUF_INIT, err = BUF_INIT;

	(void)state;
	path_set(&path, "%s/" FOLDER "/Pipeline", root);
	assert_int_equal(
	    path_write_file(path.ptr, "\x0a\xff", 2, PATH_SCRATCH, NULL),
	    ERR_OK);
	assert_int_equal(pipeline_read(&ref, &p, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "no valid message Pipeline"));
	pipeline_release(&p);
	buf_release(&path);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_write_when_read_back_then_the_same_texts),
	    cmocka_unit_test(test_write_when_another_is_there_then_conflict),
	    cmocka_unit_test(
		test_read_when_there_is_none_then_names_party_model_and_version),
	    cmocka_unit_test(test_read_when_damaged_then_invalid),
	};

	json_init();
	return cmocka_run_group_tests(tests, setup, teardown);
}
