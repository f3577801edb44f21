/* Folders that late schedulers must not make, tombstones, and processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/path.h"
#include "lib/base/proc.h"
#include "scheduler/taskdir.h"

static char work[] = "/tmp/fateflow-taskdir-XXXXXX";
static const struct taskdir_name name = {
    work, "2026112312000012345671", "host", "10000", "lr_0", 0};

static int
make_work(void **state)
{
	(void)state;
	return mkdtemp(work) ? 0 : -1;
}

static int
remove_work(void **state)
{
	(void)state;
	return path_remove_tree(work, NULL);
}

static void
test_make_when_the_jobs_folder_is_gone_then_makes_nothing(void **state)
{
	struct buf dir = BUF_INIT, err = BUF_INIT, day = BUF_INIT;

	(void)state;
	taskdir_path(&name, &dir);
	assert_int_equal(taskdir_make(&name, dir.ptr, &err), ERR_NOTFOUND);
	assert_non_null(strstr(err.ptr, "is gone"));
	assert_false(path_exists(path_set(&day, "%s/jobs", work)));
	assert_int_equal(taskdir_bury(&name, 1, NULL), ERR_OK);
	assert_false(path_exists(day.ptr));
	taskdir_job(work, name.job_id, &day);
	assert_int_equal(path_mkdirs(day.ptr, NULL), ERR_OK);
	assert_int_equal(taskdir_make(&name, dir.ptr, NULL), ERR_OK);
	assert_int_equal(taskdir_make(&name, dir.ptr, NULL), ERR_OK);
	assert_true(path_exists(dir.ptr));
	buf_release(&dir);
	buf_release(&err);
	buf_release(&day);
}

static void
test_bury_when_begun_or_buried_then_says_which(void **state)
{
	struct buf dir = BUF_INIT, owner = BUF_INIT;
	struct taskdir_facts f;

	(void)state;
	taskdir_path(&name, &dir);
	assert_int_equal(taskdir_bury(&name, 1, NULL), ERR_OK);
	assert_int_equal(taskdir_bury(&name, 2, NULL), ERR_OK);
	assert_true(taskdir_has_owner(dir.ptr));
	taskdir_look(dir.ptr, &f);
	assert_true(f.has_owner && f.is_tombstone && !f.is_locked);
	taskdir_facts_release(&f);
	path_set(&owner, "%s/owner", dir.ptr);
	assert_int_equal(
	    path_write_file(owner.ptr, "{\"pid\":5}", 9, PATH_SCRATCH, NULL),
	    ERR_OK);
	assert_int_equal(taskdir_bury(&name, 3, NULL), ERR_CONFLICT);
	buf_release(&dir);
	buf_release(&owner);
}

static void
test_kill_when_only_the_mark_is_left_then_finds_the_process(void **state)
{
	static const char *const argv[] = {"/bin/sleep", "60", NULL};
	struct buf dir = BUF_INIT;
	struct proc_options options = {.argv = argv};
	pid_t pid = 0;
	int status = 0;

	(void)state;
	taskdir_path(&name, &dir);
	assert_int_equal(taskdir_kill(dir.ptr, 0, SIGKILL), 0);
	options.mark = dir.ptr;
	assert_int_equal(proc_spawn(&options, &pid, NULL), ERR_OK);
	/* A program that has just begun has no environment for a moment. */
	for (int i = 0; i < 1000 && !taskdir_kill(dir.ptr, 0, SIGKILL); i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(taskdir_kill(dir.ptr, 0, SIGKILL), 0);
	buf_release(&dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_make_when_the_jobs_folder_is_gone_then_makes_nothing),
	    cmocka_unit_test(test_bury_when_begun_or_buried_then_says_which),
	    cmocka_unit_test(
		test_kill_when_only_the_mark_is_left_then_finds_the_process),
	};

	return cmocka_run_group_tests(tests, make_work, remove_work);
}
