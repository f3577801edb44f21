#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>

#include "fcgi-app/archive_out.h"
#include "lib/base/mem.h"

struct wire {
	struct buf sent;
	size_t limit; /* the other end is gone after so many bytes */
};

static bool
keep(void *arg, const void *bytes, size_t len)
{
	struct wire *w = arg;

	if (w->sent.len + len > w->limit)
		return false;
	buf_add(&w->sent, bytes, len);
	return true;
}

/* The next member of the archive: its name and content. */
static void
assert_member(
    struct archive *a, const char *name, const char *content, size_t len)
{
	struct archive_entry *e;
	char got[64];

	assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_OK);
	assert_string_equal(archive_entry_pathname(e), name);
	assert_int_equal(archive_entry_size(e), (la_int64_t)len);
	assert_int_equal(
	    archive_read_data(a, got, sizeof(got)), (la_ssize_t)len);
	assert_memory_equal(got, content, len);
}

static void
test_archive_when_members_are_short_or_long_then_sizes_stand(void **state)
{
	struct wire w = {.limit = SIZE_MAX};
	struct reply_out out = {keep, &w};
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	struct archive_out *archive;
	const char *body;
	struct reply r;

	(void)state;
	buf_init(&w.sent);
	reply_init(&r, &out);
	archive = archive_out_open(&r, "x.tar.gz");
	archive_out_member(archive, "a/short", 6);
	assert_true(archive_out_data(archive, "abc", 3));
	archive_out_member(archive, "long", 3);
	assert_true(archive_out_data(archive, "ab", 2));
	assert_true(archive_out_data(archive, "cde", 3));
	assert_true(archive_out_data(archive, "f", 1));
	archive_out_text(archive, "whole", "all of it", 9);
	archive_out_close(&archive);
	assert_null(archive);

	assert_non_null(strstr(w.sent.ptr, "filename=x.tar.gz\r\n"));
	body = strstr(w.sent.ptr, "\r\n\r\n") + 4;
	archive_read_support_filter_gzip(a);
	archive_read_support_format_tar(a);
	assert_int_equal(archive_read_open_memory(
			     a, body, w.sent.len - (size_t)(body - w.sent.ptr)),
	    ARCHIVE_OK);
	assert_member(a, "a/short", "abc\0\0\0", 6);
	assert_member(a, "long", "abc", 3);
	assert_member(a, "whole", "all of it", 9);
	assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_EOF);
	archive_read_free(a);
	reply_release(&r);
	buf_release(&w.sent);
}

static void
test_archive_when_the_client_goes_then_it_is_told(void **state)
{
	struct wire w = {.limit = 20000};
	struct reply_out out = {keep, &w};
	struct archive_out *archive;
	char noise[4096];
	struct reply r;
	unsigned x = 1;
	bool ok = true;

	(void)state;
	buf_init(&w.sent);
	reply_init(&r, &out);
	archive = archive_out_open(&r, "x.tar.gz");
	archive_out_member(archive, "noise", (int64_t)1 << 40);
	for (int i = 0; ok && i < 256; i++) {
		for (size_t j = 0; j < sizeof(noise); j++)
			noise[j] = (char)((x = x * 1103515245 + 12345) >> 16);
		ok = archive_out_data(archive, noise, sizeof(noise));
	}
	assert_false(ok);
	archive_out_text(archive, "more", "x", 1);
	archive_out_close(&archive);
	assert_true(w.sent.len <= w.limit);
	reply_release(&r);
	buf_release(&w.sent);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_archive_when_members_are_short_or_long_then_sizes_stand),
	    cmocka_unit_test(test_archive_when_the_client_goes_then_it_is_told),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
