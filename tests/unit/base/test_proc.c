#include "lib/base/path.h"
#include "lib/base/proc.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static const char *
in_dir(struct buf *b, const char *name)
{
	return path_set(b, "%s/%s", dir, name);
}

static void
test_spawn_of_a_program_appends_its_output_only(void **state)
{
	static const char *const argv[] = {
	    "/bin/sh", "-c", "pwd; echo err >&2; ls /proc/self/fd", NULL};
	struct buf log = BUF_INIT, text = BUF_INIT, want = BUF_INIT;
	struct proc_options o = {.argv = argv, .dir = dir};
	int status;
	pid_t pid;

	(void)state;
	o.output = in_dir(&log, "log");
	assert_int_equal(proc_spawn(&o, &pid, NULL), ERR_OK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(path_read_file(log.ptr, 4096, &text, NULL), ERR_OK);
	/* 3 is ls's own look at the folder */
	buf_addf(&want, "%s\nerr\n0\n1\n2\n3\n", dir);
	assert_string_equal(text.ptr, want.ptr);
	buf_release(&log);
	buf_release(&text);
	buf_release(&want);
}

static void
test_spawn_of_an_absent_program_says_so(void **state)
{
	static const char *const argv[] = {"/nonexistent/program", NULL};
	struct proc_options o = {.argv = argv};
	struct buf err = BUF_INIT;
	pid_t pid;

	(void)state;
	assert_int_equal(proc_spawn(&o, &pid, &err), ERR_IO);
	assert_non_null(strstr(err.ptr, "/nonexistent/program"));
	buf_release(&err);
}

static void
test_lock_lives_on_in_a_descendant_that_left_the_session(void **state)
{
	struct buf path = BUF_INIT;
	pid_t child, grandchild = 0;
	int fds[2], fd, other;

	(void)state;
	in_dir(&path, "lock");
	assert_false(proc_is_locked(path.ptr));
	assert_false(proc_is_unlocked(path.ptr)); /* it is not there */
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		assert_int_equal(proc_lock(path.ptr, &fd, NULL), ERR_OK);
		grandchild = fork();
		if (grandchild == 0) {
			setsid();
			pause();
		}
		if (write(fds[1], &grandchild, sizeof(grandchild)) < 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(
	    read(fds[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	waitpid(child, NULL, 0);
	assert_true(proc_is_locked(path.ptr));
	assert_false(proc_is_unlocked(path.ptr));
	assert_int_equal(proc_lock(path.ptr, &other, NULL), ERR_BUSY);
	kill(grandchild, SIGKILL);
	for (int i = 0; i < 500 && proc_is_locked(path.ptr); i++)
		usleep(10000);
	assert_false(proc_is_locked(path.ptr));
	assert_true(proc_is_unlocked(path.ptr));
	assert_int_equal(proc_lock(path.ptr, &other, NULL), ERR_OK);
	close(other);
	close(fds[0]);
	close(fds[1]);
	buf_release(&path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_spawn_of_a_program_appends_its_output_only),
	    cmocka_unit_test(test_spawn_of_an_absent_program_says_so),
	    cmocka_unit_test(
		test_lock_lives_on_in_a_descendant_that_left_the_session),
	};
	int rc;

	snprintf(dir, sizeof(dir), "/tmp/fateflow-proc-%d", (int)getpid());
	path_mkdirs(dir, NULL);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	path_remove_tree(dir, NULL);
	return rc;
}
