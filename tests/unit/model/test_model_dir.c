/*
 * Model folders: written whole, read back as tracking shows them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/model/model_dir.h"

static char root[64], scratch[80];

static const struct model_buffer buffers[] = {
    {"HeteroLogisticRegressionMeta", "LRModelMeta", "\x0a\x02L2", 4},
    {"HeteroLogisticRegressionParam", "LRModelParam", "\x08\x1e", 2},
};
static const struct model_write model = {"HeteroLR", buffers, 2};

static int
setup(void **state)
{
	(void)state;
	memcpy(root, "/tmp/g-model-XXXXXX", sizeof("/tmp/g-model-XXXXXX"));
	if (mkdtemp(root) == NULL)
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
test_write_when_read_back_then_module_meta_and_param(void **state)
{
	struct model_view view = {0};
	struct buf dir = BUF_INIT;

	(void)state;
	path_set(&dir, "%s/v1/guest/9999/lr_0/m", root);
	assert_int_equal(
	    model_dir_write(dir.ptr, scratch, &model, NULL), ERR_OK);
	assert_int_equal(model_dir_to_json(dir.ptr, &view, NULL), ERR_OK);
	assert_string_equal(view.module, "HeteroLR");
	assert_string_equal(json_str(view.meta, "penalty", ""), "L2");
	assert_int_equal(json_int(view.param, "iters", 0), 30);
	model_view_release(&view);
	buf_release(&dir);
}

static void
test_write_when_repeated_then_ok_and_when_other_then_conflict(void **state)
{
	struct model_buffer changed[] = {buffers[0], buffers[1]};
	struct model_write other = {"HeteroLR", changed, 2};
	struct buf dir = BUF_INIT, err = BUF_INIT;

	(void)state;
	path_set(&dir, "%s/again", root);
	assert_int_equal(
	    model_dir_write(dir.ptr, scratch, &model, NULL), ERR_OK);
	assert_int_equal(
	    model_dir_write(dir.ptr, scratch, &model, NULL), ERR_OK);
	changed[1].bytes = "\x08\x1f";
	assert_int_equal(
	    model_dir_write(dir.ptr, scratch, &other, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.ptr, "another model"));
	buf_release(&err);
	buf_release(&dir);
}

/* So a writer that is killed leaves nothing among the models. */
static void
test_write_when_watched_then_the_folder_appears_whole(void **state)
{
	char events[4096] __attribute__((aligned(8)));
	const struct inotify_event *e = (const void *)events;
	int fd = inotify_init1(IN_NONBLOCK);
	struct buf dir = BUF_INIT;
	ssize_t n;

	(void)state;
	path_set(&dir, "%s/watched", root);
	assert_int_equal(path_mkdirs(dir.ptr, NULL), ERR_OK);
	inotify_add_watch(fd, dir.ptr, IN_CREATE | IN_MOVED_TO);
	buf_adds(&dir, "/m");
	assert_int_equal(
	    model_dir_write(dir.ptr, scratch, &model, NULL), ERR_OK);
	n = read(fd, events, sizeof(events));
	assert_int_equal(n, sizeof(*e) + e->len);
	assert_string_equal(e->name, "m");
	assert_true(e->mask & IN_MOVED_TO);
	assert_false(path_exists(scratch));
	close(fd);
	buf_release(&dir);
}

static void
test_write_when_names_are_unsafe_then_invalid(void **state)
{
	static const struct model_buffer bad[] = {
	    {"../x", "LRModelMeta", "", 0},
	    {"a/b", "LRModelMeta", "", 0},
	    {"module", "LRModelMeta", "", 0},
	    {"two words", "LRModelMeta", "", 0},
	    {"FineMeta", "NoMessage", "", 0},
	};
	struct buf dir = BUF_INIT;
	size_t i;

	(void)state;
	path_set(&dir, "%s/bad", root);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct model_write w = {"M", &bad[i], 1};

		assert_int_equal(
		    model_dir_write(dir.ptr, scratch, &w, NULL), ERR_INVALID);
		assert_false(path_exists(dir.ptr));
	}
	buf_release(&dir);
}

static void
test_read_when_absent_then_notfound_and_when_damaged_then_invalid(void **state)
{
	struct model_view view = {0};
	struct buf dir = BUF_INIT, file = BUF_INIT;

	(void)state;
	path_set(&dir, "%s/none", root);
	assert_int_equal(model_dir_to_json(dir.ptr, &view, NULL), ERR_NOTFOUND);
	path_set(&dir, "%s/damaged", root);
	assert_int_equal(
	    model_dir_write(dir.ptr, scratch, &model, NULL), ERR_OK);
	path_set(&file, "%s/HeteroLogisticRegressionParam", dir.ptr);
	assert_int_equal(
	    path_write_file(file.ptr, "\xff", 1, PATH_SCRATCH, NULL), ERR_OK);
	assert_int_equal(model_dir_to_json(dir.ptr, &view, NULL), ERR_INVALID);
	assert_int_equal(unlink(file.ptr), 0);
	assert_int_equal(model_dir_to_json(dir.ptr, &view, NULL), ERR_INVALID);
	assert_null(view.module);
	buf_release(&file);
	buf_release(&dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_write_when_read_back_then_module_meta_and_param),
	    cmocka_unit_test(
		test_write_when_repeated_then_ok_and_when_other_then_conflict),
	    cmocka_unit_test(
		test_write_when_watched_then_the_folder_appears_whole),
	    cmocka_unit_test(test_write_when_names_are_unsafe_then_invalid),
	    cmocka_unit_test(
		test_read_when_absent_then_notfound_and_when_damaged_then_invalid),
	};

	json_init();
	return cmocka_run_group_tests(tests, setup, teardown);
}
