#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/model/model_archive.h"
#include "lib/model/model_dir.h"
#include "lib/model/model_tree.h"
#include "pipeline.pb-c.h"

#define PARTY_MODEL "guest#9999#guest-9999#model"
#define MIB	    ((int64_t)1 << 20)

static char work[] = "/tmp/test-model-archive-XXXXXX";

static struct model_ref
ref(const char *version)
{
	return (struct model_ref){.work_dir = work,
	    .role = "guest",
	    .party_id = "9999",
	    .model_id = "guest-9999#model",
	    .version = version};
}

/* ---- archives of the test's own ---- */

struct member {
	const char *name;
	const char *text; /* NULL: a folder */
	int type;	  /* 0: a file */
};

static const char meta_text[] =
    "component_define:\n  b_0:\n    module_name: Mod\n  pipeline:\n    "
    "module_name: Pipeline\nmodel_proto:\n  b_0:\n    m:\n      Thing: "
    "SomebodysOwn\n  pipeline:\n    pipeline:\n      Pipeline: Pipeline\n";

/* model_version 1, as a Pipeline */
#define PIPELINE "\x32\x01\x31"

#define GOOD                                                             \
	{"define/", NULL, 0}, {"define/proto/", NULL, 0},                \
	    {"define/define_meta.yaml", meta_text, 0},                   \
	    {"define/proto/own.proto", "message SomebodysOwn{}", 0},     \
	    {"pipeline.pb", PIPELINE, 0},                                \
	{                                                                \
		"variables/data/pipeline/pipeline/Pipeline", PIPELINE, 0 \
	}

static la_ssize_t
to_fd(struct archive *a, void *arg, const void *bytes, size_t len)
{
	(void)a;
	return write(*(int *)arg, bytes, len);
}

static void
add_member(struct archive *a, const struct member *m)
{
	struct archive_entry *e = archive_entry_new();

	archive_entry_set_pathname(e, m->name);
	archive_entry_set_filetype(e, m->type	? (unsigned)m->type
				      : m->text ? AE_IFREG
						: AE_IFDIR);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, m->text ? (int64_t)strlen(m->text) : 0);
	if (m->type == AE_IFLNK)
		archive_entry_set_symlink(e, m->text);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	if (m->text && m->type != AE_IFLNK)
		archive_write_data(a, m->text, strlen(m->text));
	archive_entry_free(e);
}

static int
make_zip(const struct member *members, size_t n, const char *options)
{
	struct archive *a = archive_write_new();
	int fd = memfd_create("zip", MFD_CLOEXEC);

	archive_write_set_format_zip(a);
	assert_int_equal(archive_write_set_options(a, options), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(a, 1);
	archive_write_open(a, &fd, NULL, to_fd, NULL);
	for (size_t i = 0; i < n; i++)
		add_member(a, &members[i]);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return fd;
}

static size_t
n_left(void)
{
	struct buf path = BUF_INIT;
	struct stat st = {0};

	path_set(&path, "%s/models/.incoming", work);
	if (stat(path.ptr, &st) < 0)
		st.st_nlink = 2;
	buf_release(&path);
	return st.st_nlink - 2;
}

static void
refused(int fd, int64_t max, const char *says)
{
	struct model_ref m = ref("refused");
	struct buf err = BUF_INIT, root = BUF_INIT;
	enum err rc = model_archive_import(&m, fd, max, &err);

	if (rc != ERR_INVALID || !strstr(err.ptr, says))
		fail_msg("%s: %s \"%s\"", says, err_name(rc), err.ptr);
	assert_int_equal(model_path_root(&m, &root, NULL), ERR_OK);
	assert_false(path_exists(root.ptr));
	assert_int_equal(n_left(), 0);
	buf_release(&err);
	buf_release(&root);
	close(fd);
}

static void
test_a_model_of_others_is_taken_in_and_given_out_as_it_was(void **state)
{
	static const struct member members[] = {
	    GOOD, {"variables/data/b_0/m/Thing", "\xff\x01 any bytes", 0}};
	struct model_ref m = ref("1");
	struct buf err = BUF_INIT, root = BUF_INIT, path = BUF_INIT,
		   bytes = BUF_INIT;
	struct define_meta meta;
	int fd = make_zip(members, ARRAY_LEN(members), "compression=deflate");

	(void)state;
	if (model_archive_import(&m, fd, MIB, &err))
		fail_msg("%s", err.ptr);
	assert_int_equal(model_archive_import(&m, fd, MIB, &err), ERR_CONFLICT);
	assert_int_equal(model_path_root(&m, &root, NULL), ERR_OK);
	assert_int_equal(model_tree_read(root.ptr, &meta, &err), ERR_OK);
	assert_int_equal(meta.n_buffers, 2);
	assert_string_equal(meta.buffers[0].message, "SomebodysOwn");
	model_tree_path(root.ptr, &meta.buffers[0], &path);
	assert_int_equal(path_read_file(path.ptr, 100, &bytes, NULL), ERR_OK);
	assert_string_equal(bytes.ptr, "\xff\x01 any bytes");
	path_set(&path, "%s/.define/proto/own.proto", root.ptr);
	assert_true(path_exists(path.ptr));
	path_set(&path, "%s/.define/pipeline.pb", root.ptr);
	assert_false(path_exists(path.ptr));
	define_meta_release(&meta);
	buf_release(&err);
	buf_release(&root);
	buf_release(&path);
	buf_release(&bytes);
	close(fd);
}

static void
test_hostile_entries_are_refused_and_leave_nothing(void **state)
{
	static const struct {
		struct member bad;
		const char *says;
	} cases[] = {
	    {{"../evil", "x", 0}, "\"../evil\", which is no part"},
	    {{"/etc/evil", "x", 0}, "no part of a model"},
	    {{"variables/data/../../../evil", "x", 0}, "no part of a model"},
	    {{"variables/data/b_0/../Thing", "x", 0}, "no part of a model"},
	    {{"variables/data/b_0/m/a/b", "x", 0}, "no part of a model"},
	    {{"variables/data/.define/proto/x", "x", 0}, "no part of a model"},
	    {{"variables/index/x", "x", 0}, "no part of a model"},
	    {{"define/proto/x.so", "x", 0}, "no part of a model"},
	    {{"readme", "x", 0}, "no part of a model"},
	    {{"variables/data/b_0/m/Thing", "/etc/passwd", AE_IFLNK},
		"neither a file nor a folder"},
	    {{"define", "x", 0}, "no part of a model"},
	    {{"pipeline.pb", PIPELINE, 0}, "more than once"},
	    {{"variables/data/b_0/m/Other", "x", 0}, "is not in the archive"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct member members[] = {GOOD, cases[i].bad};

		refused(make_zip(
			    members, ARRAY_LEN(members), "compression=deflate"),
		    MIB, cases[i].says);
	}
}

static void
test_an_entry_that_the_index_lacks_is_refused(void **state)
{
	static const struct member members[] = {GOOD,
	    {"variables/data/b_0/m/Thing", "x", 0},
	    {"variables/data/b_0/m/More", "x", 0}};

	(void)state;
	refused(make_zip(members, ARRAY_LEN(members), "compression=store"), MIB,
	    "holds 3 buffers, define_meta.yaml names 2");
}

static void
test_a_bomb_is_stopped_at_the_limit(void **state)
{
	char *zeros = xmalloc(8 * MIB + 1);
	const struct member members[] = {
	    GOOD, {"variables/data/b_0/m/Thing", zeros, 0}};

	(void)state;
	memset(zeros, '0', 8 * MIB);
	zeros[8 * MIB] = '\0';
	refused(make_zip(members, ARRAY_LEN(members), "compression=deflate"),
	    MIB, "unpacks to more than is taken");
	free(zeros);
}

static void
test_a_cut_or_changed_archive_is_refused(void **state)
{
	static const struct member members[] = {
	    GOOD, {"variables/data/b_0/m/Thing", "find me in the archive", 0}};
	int fd = make_zip(members, ARRAY_LEN(members), "compression=store");
	off_t size = lseek(fd, 0, SEEK_END);
	char bytes[8192];
	char *at;

	(void)state;
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), size);
	at = memmem(bytes, (size_t)size, "find me", 7);
	assert_non_null(at);
	assert_int_equal(pwrite(fd, "F", 1, at - bytes), 1);
	refused(dup(fd), MIB, "is damaged");
	assert_int_equal(pwrite(fd, "f", 1, at - bytes), 1);
	assert_int_equal(pwrite(fd, "x", 1, size), 1);
	refused(dup(fd), MIB, "is no zip archive");
	assert_int_equal(ftruncate(fd, size - 1), 0);
	refused(dup(fd), MIB, "is no zip archive");
	assert_int_equal(ftruncate(fd, 0), 0);
	refused(fd, MIB, "is no zip archive");
}

static void
test_a_directory_that_points_elsewhere_is_refused(void **state)
{
	static const struct member members[] = {
	    GOOD, {"variables/data/b_0/m/Thing", "x", 0}};
	int fd = make_zip(members, ARRAY_LEN(members), "compression=store");
	off_t size = lseek(fd, 0, SEEK_END);
	char record[22];

	(void)state;
	for (size_t i = 4; i < sizeof(record); i++) {
		assert_int_equal(pread(fd, record, 22, size - 22), 22);
		record[i] = (char)(record[i] + 0x41);
		assert_int_equal(
		    pwrite(fd, record + i, 1, size - 22 + (off_t)i), 1);
		if (i != 8 && i != 9 && i != 10 && i != 11)
			refused(dup(fd), MIB, "is no zip archive");
		record[i] = (char)(record[i] - 0x41);
		assert_int_equal(
		    pwrite(fd, record + i, 1, size - 22 + (off_t)i), 1);
	}
	close(fd);
}

static void
test_a_known_message_must_be_one_and_the_pipeline_the_same_twice(void **state)
{
	static const char meta[] =
	    "component_define:\n  pipeline:\n    module_name: Pipeline\n"
	    "model_proto:\n  pipeline:\n    pipeline:\n      Pipeline: "
	    "Pipeline\n";
	static const struct {
		const char *outer;
		const char *inner;
		const char *says;
	} cases[] = {
	    {PIPELINE, "\x32\x05\x31", "no valid message Pipeline"},
	    {"\x32\x01\x32", PIPELINE, "pipeline.pb is not the pipeline"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct member members[] = {
		    {"define/define_meta.yaml", meta, 0},
		    {"pipeline.pb", cases[i].outer, 0},
		    {"variables/data/pipeline/pipeline/Pipeline",
			cases[i].inner, 0},
		};

		refused(make_zip(members, 3, "compression=deflate"), MIB,
		    cases[i].says);
		refused(make_zip(members, 2, "compression=deflate"), MIB,
		    "is not in the archive");
	}
}

/* ---- our own ---- */

static bool
append(void *arg, const void *bytes, size_t len)
{
	buf_add(arg, bytes, len);
	return true;
}

static void
write_own(const char *version)
{
	static const uint8_t sparse[] = {0x0a, 3, 's', 'e', 't'};
	struct model_buffer thing[] = {{"DataIOMeta", "DataIOMeta", sparse, 5},
	    {"DataIOParam", "DataIOParam", sparse, 5}};
	struct model_buffer pipeline = {"Pipeline", "Pipeline", PIPELINE, 3};
	struct model_write w[] = {
	    {"DataIO", thing, 2}, {"Pipeline", &pipeline, 1}};
	struct model_ref m = ref(version);
	struct buf dir = BUF_INIT, scratch = BUF_INIT;

	path_set(&scratch, "%s/scratch", work);
	model_path_component(&m, "dataio_0", "dataio", &dir, NULL);
	assert_int_equal(
	    model_dir_write(dir.ptr, scratch.ptr, &w[0], NULL), ERR_OK);
	model_path_component(&m, "dataio_0", "default", &dir, NULL);
	assert_int_equal(
	    model_dir_write(dir.ptr, scratch.ptr, &w[0], NULL), ERR_OK);
	model_path_component(&m, "pipeline", "pipeline", &dir, NULL);
	assert_int_equal(
	    model_dir_write(dir.ptr, scratch.ptr, &w[1], NULL), ERR_OK);
	buf_release(&scratch);
	buf_release(&dir);
}

static void export(const char *version, struct buf *out)
{
	struct model_sink sink = {append, out};
	struct model_ref m = ref(version);
	struct buf root = BUF_INIT, err = BUF_INIT;
	struct define_meta meta;

	assert_int_equal(model_path_root(&m, &root, NULL), ERR_OK);
	if (model_tree_read(root.ptr, &meta, &err) ||
	    model_archive_write(root.ptr, &meta, &sink, &err))
		fail_msg("%s", err.ptr);
	define_meta_release(&meta);
	buf_release(&root);
	buf_release(&err);
}

static void
test_our_own_model_survives_the_way_out_and_in(void **state)
{
	struct buf first = BUF_INIT, second = BUF_INIT, err = BUF_INIT;
	struct model_ref m = ref("back");
	int fd = memfd_create("zip", MFD_CLOEXEC);

	(void)state;
	write_own("own");
	export("own", &first);
	assert_int_equal(write(fd, first.ptr, first.len), first.len);
	if (model_archive_import(&m, fd, MIB, &err))
		fail_msg("%s", err.ptr);
	export("back", &second);
	assert_int_equal(second.len, first.len);
	assert_memory_equal(second.ptr, first.ptr, first.len);
	buf_release(&first);
	buf_release(&second);
	buf_release(&err);
	close(fd);
}

static bool
refuse_late(void *arg, const void *bytes, size_t len)
{
	buf_add(arg, bytes, len);
	return ((struct buf *)arg)->len < 4096;
}

static void
test_an_archive_whose_receiver_leaves_is_cut_off(void **state)
{
	struct buf got = BUF_INIT, root = BUF_INIT, err = BUF_INIT;
	struct model_sink sink = {refuse_late, &got};
	struct model_ref m = ref("leaves");
	struct define_meta meta;
	size_t len;

	(void)state;
	write_own("leaves");
	assert_int_equal(model_path_root(&m, &root, NULL), ERR_OK);
	assert_int_equal(model_tree_read(root.ptr, &meta, NULL), ERR_OK);
	assert_int_equal(
	    model_archive_write(root.ptr, &meta, &sink, &err), ERR_IO);
	assert_non_null(strstr(err.ptr, "the receiver is gone"));
	len = got.len;
	assert_null(memmem(got.ptr, len, "PK\5\6", 4));
	define_meta_release(&meta);
	buf_release(&got);
	buf_release(&root);
	buf_release(&err);
}

static void
test_a_model_without_a_pipeline_is_not_given_out(void **state)
{
	struct define_meta meta;
	struct model_ref m = ref("cut");
	struct buf root = BUF_INIT, path = BUF_INIT, err = BUF_INIT;

	(void)state;
	write_own("cut");
	assert_int_equal(model_path_root(&m, &root, NULL), ERR_OK);
	path_set(&path, "%s/pipeline", root.ptr);
	assert_int_equal(path_remove_tree(path.ptr, NULL), ERR_OK);
	assert_int_equal(model_tree_read(root.ptr, &meta, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "has no pipeline"));
	buf_release(&root);
	buf_release(&path);
	buf_release(&err);
}

static void
test_a_model_in_the_trash_is_gone_in_one_step(void **state)
{
	struct define_meta meta;
	struct model_ref m = ref("away");
	struct buf root = BUF_INIT, trash = BUF_INIT, err = BUF_INIT;

	(void)state;
	write_own("away");
	assert_int_equal(model_path_root(&m, &root, NULL), ERR_OK);
	assert_int_equal(model_tree_trash(&m, &trash, &err), ERR_OK);
	assert_int_equal(model_tree_read(root.ptr, &meta, &err), ERR_NOTFOUND);
	assert_int_equal(model_tree_read(trash.ptr, &meta, &err), ERR_OK);
	define_meta_release(&meta);
	assert_int_equal(model_tree_trash(&m, &trash, &err), ERR_NOTFOUND);
	assert_int_equal(err.len, 0);
	buf_release(&root);
	buf_release(&trash);
	buf_release(&err);
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(work) ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return path_remove_tree(work, NULL) ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_a_model_of_others_is_taken_in_and_given_out_as_it_was),
	    cmocka_unit_test(
		test_hostile_entries_are_refused_and_leave_nothing),
	    cmocka_unit_test(test_an_entry_that_the_index_lacks_is_refused),
	    cmocka_unit_test(test_a_bomb_is_stopped_at_the_limit),
	    cmocka_unit_test(test_a_cut_or_changed_archive_is_refused),
	    cmocka_unit_test(test_a_directory_that_points_elsewhere_is_refused),
	    cmocka_unit_test(
		test_a_known_message_must_be_one_and_the_pipeline_the_same_twice),
	    cmocka_unit_test(test_our_own_model_survives_the_way_out_and_in),
	    cmocka_unit_test(test_an_archive_whose_receiver_leaves_is_cut_off),
	    cmocka_unit_test(test_a_model_without_a_pipeline_is_not_given_out),
	    cmocka_unit_test(test_a_model_in_the_trash_is_gone_in_one_step),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
