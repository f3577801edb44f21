#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static void
test_component_names_refuse_what_leaves_the_folder(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} rows[] = {{"a", true}, {"a.b-c#d", true}, {"", false}, {".", false},
	    {"..", false}, {"...", true}, {"a/b", false}, {"a\nb", false},
	    {"/", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(path_is_component(rows[i].name), rows[i].ok);
}

static void
test_write_then_read_gives_the_bytes_back(void **state)
{
	struct buf path = BUF_INIT, text = BUF_INIT;

	(void)state;
	path_set(&path, "%s/a/b/file", dir);
	assert_int_equal(
	    path_write_file(path.ptr, "x", 1, PATH_SCRATCH, NULL), ERR_IO);
	path_set(&text, "%s/a/b", dir);
	assert_int_equal(path_mkdirs(text.ptr, NULL), ERR_OK);
	assert_int_equal(
	    path_write_file(path.ptr, "x\0y", 3, PATH_DURABLE, NULL), ERR_OK);
	buf_reset(&text);
	assert_int_equal(path_read_file(path.ptr, 3, &text, NULL), ERR_OK);
	assert_memory_equal(text.ptr, "x\0y", 4);
	buf_reset(&text);
	assert_int_equal(path_read_file(path.ptr, 2, &text, NULL), ERR_INVALID);
	buf_release(&path);
	buf_release(&text);
}

static void
test_private_file_when_written_over_another_then_its_owners(void **state)
{
	struct buf path = BUF_INIT;
	struct stat st;

	(void)state;
	path_set(&path, "%s/private", dir);
	assert_int_equal(
	    path_write_file(path.ptr, "x", 1, PATH_SCRATCH, NULL), ERR_OK);
	assert_int_equal(chmod(path.ptr, 0644), 0);
	assert_int_equal(
	    path_write_file(path.ptr, "y", 1, PATH_PRIVATE, NULL), ERR_OK);
	assert_int_equal(stat(path.ptr, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	buf_release(&path);
}

static void
test_file_when_written_once_then_there_is_no_name_before(void **state)
{
	static const enum path_durability nameless[] = {
	    PATH_ONCE, PATH_DURABLE};
	struct buf path = BUF_INIT, other = BUF_INIT, text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(nameless); i++) {
		path_set(&path, "%s/once/%zu", dir, i);
		path_set(&other, "%s.%d.tmp", path.ptr, (int)getpid());
		/* A temporary file cannot be made: only the nameless can. */
		assert_int_equal(path_mkdirs(other.ptr, NULL), ERR_OK);
		assert_int_equal(
		    path_write_file(path.ptr, "x", 1, PATH_SCRATCH, NULL),
		    ERR_IO);
		assert_int_equal(
		    path_write_file(path.ptr, "x", 1, nameless[i], NULL),
		    ERR_OK);
		assert_int_equal(rmdir(other.ptr), 0);
		assert_int_equal(
		    path_write_file(path.ptr, "yz", 2, nameless[i], NULL),
		    ERR_OK);
		buf_reset(&text);
		assert_int_equal(
		    path_read_file(path.ptr, 2, &text, NULL), ERR_OK);
		assert_string_equal(text.ptr, "yz");
	}
	buf_release(&path);
	buf_release(&other);
	buf_release(&text);
}

static void
test_read_through_a_symbolic_link_is_refused(void **state)
{
	struct buf path = BUF_INIT, text = BUF_INIT;

	(void)state;
	path_set(&path, "%s/link", dir);
	assert_int_equal(symlink("/etc/passwd", path.ptr), 0);
	assert_int_not_equal(
	    path_read_file(path.ptr, 1 << 20, &text, NULL), ERR_OK);
	assert_int_not_equal(
	    path_read_file("/dev/zero", 1 << 20, &text, NULL), ERR_OK);
	buf_release(&path);
	buf_release(&text);
}

static void
test_remove_tree_of_an_absent_folder_is_fine(void **state)
{
	(void)state;
	assert_int_equal(path_remove_tree("/tmp/fateflow-absent", NULL), 0);
}

static void
test_digest_by_name_matches_known_values(void **state)
{
	uint8_t raw[DIGEST_MAX];
	char hex[2 * DIGEST_MAX + 1];
	size_t len = 0;

	(void)state;
	assert_int_equal(digest_named("md5", "abc", 3, raw, &len, NULL), 0);
	digest_hex(raw, len, hex);
	assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
	digest_sha256("abc", 3, raw);
	digest_hex(raw, 4, hex);
	assert_string_equal(hex, "ba7816bf");
	assert_int_equal(
	    digest_named("crc", "", 0, raw, &len, NULL), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_component_names_refuse_what_leaves_the_folder),
	    cmocka_unit_test(test_write_then_read_gives_the_bytes_back),
	    cmocka_unit_test(
		test_private_file_when_written_over_another_then_its_owners),
	    cmocka_unit_test(
		test_file_when_written_once_then_there_is_no_name_before),
	    cmocka_unit_test(test_read_through_a_symbolic_link_is_refused),
	    cmocka_unit_test(test_remove_tree_of_an_absent_folder_is_fine),
	    cmocka_unit_test(test_digest_by_name_matches_known_values),
	};
	int rc;

	snprintf(dir, sizeof(dir), "/tmp/fateflow-path-%d", (int)getpid());
	path_mkdirs(dir, NULL);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	path_remove_tree(dir, NULL);
	return rc;
}
