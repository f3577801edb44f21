/* The bell: rings, is replaced when stale, and is removed by its owner only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/path.h"
#include "scheduler/doorbell.h"

static char dir[] = "/tmp/c-bell-XXXXXX";

static bool
ring(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	bool ok;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/doorbell", dir);
	ok = sendto(fd, "", 1, MSG_DONTWAIT, (struct sockaddr *)&a,
		 sizeof(a)) == 1;
	close(fd);
	return ok;
}

static void
test_bell_when_rung_then_all_rings_are_drained(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(doorbell_open(dir, &fd, NULL), ERR_OK);
	assert_int_equal(doorbell_drain(fd), 0);
	assert_true(ring());
	assert_true(ring());
	assert_int_equal(doorbell_drain(fd), 2);
	doorbell_close(dir, &fd);
	assert_int_equal(fd, -1);
	assert_false(ring());
}

static void
test_open_when_socket_is_stale_then_takes_its_place(void **state)
{
	int old = -1, fd = -1;

	(void)state;
	assert_int_equal(doorbell_open(dir, &old, NULL), ERR_OK);
	close(old); /* as a kill would */
	assert_false(ring());
	assert_int_equal(doorbell_open(dir, &fd, NULL), ERR_OK);
	assert_true(ring());
	assert_int_equal(doorbell_drain(fd), 1);
	doorbell_close(dir, &fd);
}

static void
test_close_when_a_newer_one_has_the_bell_then_leaves_it(void **state)
{
	int old = -1, fd = -1;

	(void)state;
	assert_int_equal(doorbell_open(dir, &old, NULL), ERR_OK);
	assert_int_equal(doorbell_open(dir, &fd, NULL), ERR_OK);
	doorbell_close(dir, &old);
	assert_true(ring());
	assert_true(doorbell_drain(fd) > 0);
	doorbell_close(dir, &fd);
}

static void
test_open_when_path_is_too_long_then_says_so(void **state)
{
	char path[200];
	struct buf err = BUF_INIT;
	int fd = -1;

	(void)state;
	memset(path, 'x', sizeof(path));
	memcpy(path, dir, strlen(dir));
	path[strlen(dir)] = '/';
	path[150] = '\0';
	assert_int_equal(doorbell_open(path, &fd, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "site.runtime_dir"));
	buf_release(&err);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	return (int)path_remove_tree(dir, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bell_when_rung_then_all_rings_are_drained),
	    cmocka_unit_test(
		test_open_when_socket_is_stale_then_takes_its_place),
	    cmocka_unit_test(
		test_close_when_a_newer_one_has_the_bell_then_leaves_it),
	    cmocka_unit_test(test_open_when_path_is_too_long_then_says_so),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
