/* What is moved to the trash while something of that name lies there. */
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/retain/trash.h"
#include "lib/store/retention.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char dir[64];

/* The room leaves the database to its programs; nothing here asks it. */
enum err
retention_ids(struct db *db, const char *first, const char *end,
    retention_each *each, void *arg, struct buf *err)
{
	(void)db;
	(void)first;
	(void)end;
	(void)each;
	(void)arg;
	(void)err;
	abort();
}

static void
make_file(const char *name, const char *text)
{
	struct buf path = BUF_INIT, folder = BUF_INIT;

	path_set(&path, "%s/%s", dir, name);
	assert_int_equal(
	    path_mkdirs(path_parent(path.ptr, &folder), NULL), ERR_OK);
	assert_int_equal(
	    path_write_file(path.ptr, text, strlen(text), PATH_SCRATCH, NULL),
	    ERR_OK);
	buf_release(&path);
	buf_release(&folder);
}

static bool
has_file(const char *name, const char *text)
{
	struct buf path = BUF_INIT, found = BUF_INIT;
	bool has;

	path_set(&path, "%s/%s", dir, name);
	has = !path_read_file(path.ptr, 100, &found, NULL) &&
	      !strcmp(found.ptr, text);
	buf_release(&path);
	buf_release(&found);
	return has;
}

static void
move(const char *what)
{
	struct buf path = BUF_INIT;

	path_set(&path, "%s/%s", dir, what);
	assert_int_equal(trash_move(dir, path.ptr, "7-a", NULL), ERR_OK);
	assert_false(path_exists(path.ptr));
	buf_release(&path);
}

static void
count(const char *path, void *arg)
{
	(void)path;
	++*(int *)arg;
}

static void
test_move_when_the_name_is_taken_then_both_lie_there(void **state)
{
	int n = 0;

	(void)state;
	make_file("task/x", "first");
	move("task");
	make_file("task/x", "second");
	move("task");
	make_file("task", "third"); /* a file takes no place either */
	move("task");
	assert_true(has_file("jobs/.trash/7-a/x", "first"));
	assert_true(has_file("jobs/.trash/7-a.1/x", "second"));
	assert_true(has_file("jobs/.trash/7-a.2", "third"));
	trash_list(dir, 10, count, &n);
	assert_int_equal(n, 3);
}

static void
test_move_when_there_is_nothing_then_a_success(void **state)
{
	(void)state;
	move("absent");
}

#define JOB "20200101120000000001"

static void
test_job_when_it_can_move_then_it_is_where_it_was(void **state)
{
	(void)state;
	assert_int_equal(trash_check_job(dir, JOB, NULL), ERR_OK);
	make_file("jobs/20200101/" JOB "/x", "kept");
	assert_int_equal(trash_check_job(dir, JOB, NULL), ERR_OK);
	assert_true(has_file("jobs/20200101/" JOB "/x", "kept"));
	assert_int_equal(trash_job(dir, JOB, NULL), ERR_OK);
	assert_true(has_file("jobs/.trash/" JOB "/x", "kept"));
}

static void
test_models_when_deleted_and_left_then_listed_at_once(void **state)
{
	struct cfg cfg = {.site = {.work_dir = dir, .runtime_dir = dir}};
	int n = 0;

	(void)state;
	make_file("models/.trash/0123/x", "deleted");
	make_file("models/.incoming/4567/x", "being made");
	trash_models(&cfg, 10, count, &n);
	assert_int_equal(n, 1);
}

static void
test_any_day_when_drawn_often_then_each_and_none(void **state)
{
	char day[9];
	int met[3] = {0};

	(void)state;
	make_file("jobs/20200101/x", "");
	make_file("jobs/20200102/x", "");
	for (int i = 0; i < 200; i++) {
		trash_any_day(dir, day);
		met[*day ? day[7] - '0' : 0]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(met[i], 1, 198);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/fateflow-trash-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return path_remove_tree(dir, NULL) ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_move_when_the_name_is_taken_then_both_lie_there),
	    cmocka_unit_test(test_move_when_there_is_nothing_then_a_success),
	    cmocka_unit_test(test_job_when_it_can_move_then_it_is_where_it_was),
	    cmocka_unit_test(
		test_models_when_deleted_and_left_then_listed_at_once),
	    cmocka_unit_test(test_any_day_when_drawn_often_then_each_and_none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
