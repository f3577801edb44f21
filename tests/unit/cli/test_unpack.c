/* Archives as they should not be, written here with libarchive itself. */
#include "cli/unpack.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#define ENTRIES_MAX 3

static struct {
	char root[32];
	struct buf archive, folder;
} state = {.root = "/tmp/fateflow-unpack-XXXXXX",
    .archive = BUF_INIT,
    .folder = BUF_INIT};

struct entry {
	const char *name;
	const char *content; /* or the target of a link */
	unsigned type;	     /* 0: a file */
	bool is_hard;
};

static void
add_entry(struct archive *out, const struct entry *e)
{
	struct archive_entry *entry = archive_entry_new();
	size_t len = strlen(e->content);

	archive_entry_set_pathname(entry, e->name);
	archive_entry_set_filetype(entry, e->type ? e->type : AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	if (e->type == AE_IFLNK)
		archive_entry_set_symlink(entry, e->content);
	if (e->is_hard)
		archive_entry_set_hardlink(entry, e->content);
	if (e->type || e->is_hard)
		len = 0;
	archive_entry_set_size(entry, (la_int64_t)len);
	assert_int_equal(archive_write_header(out, entry), ARCHIVE_OK);
	if (len)
		assert_int_equal(
		    archive_write_data(out, e->content, len), (int)len);
	archive_entry_free(entry);
}

static void
write_archive(const struct entry *entries)
{
	struct archive *out = archive_write_new();

	archive_write_set_format_ustar(out);
	archive_write_add_filter_gzip(out);
	assert_int_equal(
	    archive_write_open_filename(out, state.archive.ptr), ARCHIVE_OK);
	for (size_t i = 0; i < ENTRIES_MAX && entries[i].name; i++)
		add_entry(out, &entries[i]);
	archive_write_free(out);
}

static void
assert_content(const char *name, const char *expected)
{
	struct buf path = BUF_INIT, text = BUF_INIT;

	path_set(&path, "%s/%s", state.folder.ptr, name);
	assert_int_equal(path_read_file(path.ptr, 1000, &text, NULL), ERR_OK);
	assert_string_equal(text.ptr, expected);
	buf_release(&path);
	buf_release(&text);
}

static void
test_unpack_keeps_the_folders_of_an_archive(void **unused)
{
	static const struct entry first[ENTRIES_MAX] = {
	    {"guest/9999/", "", AE_IFDIR, false},
	    {"guest/9999/INFO.log", "one", 0, false},
	    {"job.log", "two", 0, false},
	};
	static const struct entry second[ENTRIES_MAX] = {
	    {"job.log", "three", 0, false}, {"host/x.log", "", 0, false}};
	struct buf err = BUF_INIT;
	int n;

	(void)unused;
	write_archive(first);
	assert_int_equal(
	    unpack(state.archive.ptr, state.folder.ptr, &n, &err), ERR_OK);
	assert_int_equal(n, 2);
	assert_content("guest/9999/INFO.log", "one");
	/* A second time: what is there stays or is replaced. */
	write_archive(second);
	assert_int_equal(
	    unpack(state.archive.ptr, state.folder.ptr, &n, &err), ERR_OK);
	assert_content("guest/9999/INFO.log", "one");
	assert_content("job.log", "three");
	assert_content("host/x.log", "");
	assert_string_equal(err.ptr, "");
}

static void
test_unpack_of_what_must_not_be_touches_nothing(void **unused)
{
	static const struct {
		struct entry entries[ENTRIES_MAX];
		enum err expected;
	} rows[] = {
	    {{{"ok", "1", 0, false}, {"../out", "2", 0, false}}, ERR_DENIED},
	    {{{"a/../../out", "2", 0, false}}, ERR_DENIED},
	    {{{"/tmp/fateflow-out", "2", 0, false}}, ERR_DENIED},
	    {{{"./out", "2", 0, false}}, ERR_DENIED},
	    {{{"a//b", "2", 0, false}}, ERR_DENIED},
	    {{{"a\nb", "2", 0, false}}, ERR_DENIED},
	    {{{"link", "/etc/passwd", AE_IFLNK, false}}, ERR_DENIED},
	    {{{"ok", "1", 0, false}, {"hard", "ok", 0, true}}, ERR_DENIED},
	    {{{"pipe", "", AE_IFIFO, false}}, ERR_DENIED},
	    {{{"ok", "1", 0, false}, {"ok", "2", 0, false}}, ERR_DENIED},
	    {{{"a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", "1", 0, false}},
		ERR_DENIED},
	    {{{"only/", "", AE_IFDIR, false}}, ERR_NOTFOUND},
	    {{{NULL, NULL, 0, false}}, ERR_NOTFOUND},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf err = BUF_INIT;
		struct stat st;
		int n;

		write_archive(rows[i].entries);
		assert_int_equal(
		    unpack(state.archive.ptr, state.folder.ptr, &n, &err),
		    rows[i].expected);
		assert_true(err.len > 0);
		assert_false(path_exists(state.folder.ptr));
		/* The archive alone: ".", ".." and no folder beside them. */
		assert_int_equal(stat(state.root, &st), 0);
		assert_int_equal(st.st_nlink, 2);
		buf_release(&err);
	}
}

static void
test_unpack_of_a_cut_archive_leaves_nothing(void **unused)
{
	struct entry entries[ENTRIES_MAX] = {{"x", NULL, 0, false}};
	struct buf content = BUF_INIT, err = BUF_INIT;
	struct stat st;
	int n;

	(void)unused;
	for (int i = 0; i < 20000; i++)
		buf_addf(&content, "%d,", i * 7919 % 10007);
	entries[0].content = content.ptr;
	write_archive(entries);
	assert_int_equal(stat(state.archive.ptr, &st), 0);
	assert_int_equal(truncate(state.archive.ptr, st.st_size / 2), 0);
	assert_int_equal(
	    unpack(state.archive.ptr, state.folder.ptr, &n, &err), ERR_INVALID);
	assert_false(path_exists(state.folder.ptr));
	assert_int_equal(truncate(state.archive.ptr, 0), 0);
	buf_release(&err);
	assert_int_not_equal(
	    unpack(state.archive.ptr, state.folder.ptr, &n, &err), ERR_OK);
	assert_false(path_exists(state.folder.ptr));
	buf_release(&content);
	buf_release(&err);
}

static int
set_up(void **unused)
{
	(void)unused;
	if (!mkdtemp(state.root))
		return -1;
	path_set(&state.archive, "%s/a.tar.gz", state.root);
	path_set(&state.folder, "%s/out", state.root);
	return 0;
}

static int
clear(void **unused)
{
	(void)unused;
	return path_remove_tree(state.folder.ptr, NULL) ? -1 : 0;
}

static int
tear_down(void **unused)
{
	(void)unused;
	buf_release(&state.archive);
	buf_release(&state.folder);
	return path_remove_tree(state.root, NULL) ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		test_unpack_keeps_the_folders_of_an_archive, clear),
	    cmocka_unit_test_teardown(
		test_unpack_of_what_must_not_be_touches_nothing, clear),
	    cmocka_unit_test_teardown(
		test_unpack_of_a_cut_archive_leaves_nothing, clear),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
