/* Paths that must lie below a folder, whatever links are on the way. */
#include "lib/base/below.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char top[] = "/tmp/ff-below-XXXXXX";
static char root[64];

/* top/root/{sub/,in -> sub,out -> ..,dangling -> nowhere}, top/rootling/ */
static int
make_folders(void **state)
{
	(void)state;
	if (!mkdtemp(top) || chdir(top))
		return -1;
	snprintf(root, sizeof(root), "%s/root", top);
	return mkdir("root", 0700) || mkdir("rootling", 0700) ||
	       mkdir("root/sub", 0700) || symlink("sub", "root/in") ||
	       symlink("..", "root/out") ||
	       symlink("/nowhere/x", "root/dangling");
}

static int
remove_folders(void **state)
{
	(void)state;
	return path_remove_tree(top, NULL) ? -1 : 0;
}

static void
test_resolve_when_asked_then_only_below(void **state)
{
	static const struct {
		const char *path; /* NULL below: refused */
		const char *below;
	} cases[] = {
	    {"file", "/file"},
	    {"sub/file", "/sub/file"},
	    {"new/er/file", "/new/er/file"},
	    {"in/file", "/sub/file"},
	    {"in/../sub/./file", "/sub/file"},
	    {"dangling/file", "/dangling/file"}, /* refused when opened */
	    {"sub/", "/sub"},
	    {"", NULL},
	    {".", NULL},
	    {"..", NULL},
	    {"out/file", NULL},
	    {"../rootling/file", NULL},
	    {"new/../../file", NULL},
	    {"new/..", NULL},
	    {"new/", NULL},
	    {"/etc/passwd", NULL},
	    {"/", NULL},
	    {"new/a\nb", NULL},
	};
	struct buf r = BUF_INIT, path = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool ok = below_resolve(root, cases[i].path, &r, &path);

		if (ok != (cases[i].below != NULL) ||
		    (ok && strcmp(path.ptr + r.len, cases[i].below)))
			fail_msg("%s: %d %s", cases[i].path, ok, path.ptr);
	}
	assert_string_equal(r.ptr, root);
	assert_false(below_resolve("/nowhere/at/all", "x", &r, &path));
	buf_release(&r);
	buf_release(&path);
}

static enum err
open_below(const char *name, struct buf *err)
{
	struct buf path = BUF_INIT;
	const char *last = NULL;
	enum err rc;
	int fd = -1;

	path_set(&path, "%s/%s", root, name);
	rc = below_open_folder(root, path.ptr, &fd, &last, err);
	if (!rc) {
		assert_string_equal(last, "file");
		close(fd);
	} else
		assert_int_equal(fd, -1);
	buf_release(&path);
	return rc;
}

static void
test_open_when_folders_are_missing_then_made(void **state)
{
	(void)state;
	assert_int_equal(open_below("file", NULL), ERR_OK);
	assert_int_equal(open_below("a/b/file", NULL), ERR_OK);
	assert_true(path_exists("root/a/b"));
}

static void
test_open_when_a_link_is_on_the_way_then_refused(void **state)
{
	static const char *const names[] = {
	    "in/file", "out/file", "dangling/file", "../rootling/file"};
	struct buf err = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(open_below(names[i], &err), ERR_DENIED);
	assert_false(path_exists("/nowhere"));
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_resolve_when_asked_then_only_below),
	    cmocka_unit_test(test_open_when_folders_are_missing_then_made),
	    cmocka_unit_test(test_open_when_a_link_is_on_the_way_then_refused),
	};

	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
