/* Upload sessions against a real server, their files in a folder. */
#include "tests/unit/store/store_db.h"

#include "lib/base/path.h"
#include "lib/store/upload_session.h"

#include <stdlib.h>
#include <sys/stat.h>

static char folder[] = "/tmp/ff-session-XXXXXX";

static int
setup(void **state)
{
	char spool[64];

	if (!mkdtemp(folder))
		return -1;
	snprintf(spool, sizeof(spool), "%s/spool", folder);
	return mkdir(spool, 0700) || store_setup(state);
}

static int
teardown(void **state)
{
	(void)path_remove_tree(folder, NULL);
	return store_teardown(state);
}

static struct upload_session
opened(const char *params, int64_t now)
{
	struct upload_session s = {.params = (char *)(uintptr_t)params,
	    .file_bytes = 10,
	    .file_sha256 = "00"};
	struct buf err = BUF_INIT;

	if (upload_session_open(store.db, &s, now, &err))
		fail_msg("%s", err.ptr);
	buf_release(&err);
	return s;
}

static const char *
file_of(const struct upload_session *s)
{
	static struct buf path = BUF_INIT;

	upload_session_path(folder, s->id, &path);
	return path.ptr;
}

static void
make_file(const struct upload_session *s)
{
	assert_int_equal(
	    path_write_file(file_of(s), "x", 1, PATH_SCRATCH, NULL), ERR_OK);
}

static void
test_open_when_the_request_is_the_same_then_the_session_is(void **state)
{
	struct upload_session a, b, c, found;

	(void)state;
	STORE_NEEDED();
	a = opened("{\"a\": 1}", 1);
	b = opened("{\"a\": 1}", 2);
	c = opened("{\"a\": 2}", 3);
	assert_string_equal(a.id, b.id);
	assert_string_not_equal(a.id, c.id);
	assert_int_equal(
	    upload_session_find(store.db, a.id, &found, NULL), ERR_OK);
	assert_true(found.is_open);
	assert_string_equal(found.params, "{\"a\": 1}");
	assert_int_equal(found.file_bytes, 10);
	assert_string_equal(found.job_id, "");
	upload_session_release(&found);
}

static void
test_finish_when_it_was_finished_then_denied(void **state)
{
	struct upload_session s, again, found;

	(void)state;
	STORE_NEEDED();
	s = opened("finish", 1);
	assert_int_equal(
	    upload_session_finish(store.db, s.id, "job1", 5, NULL), ERR_OK);
	assert_int_equal(
	    upload_session_finish(store.db, s.id, "job2", 6, NULL), ERR_DENIED);
	assert_int_equal(
	    upload_session_touch(store.db, s.id, 7, NULL), ERR_NOTFOUND);
	assert_int_equal(
	    upload_session_cancel(store.db, folder, s.id, NULL), ERR_CONFLICT);
	assert_int_equal(
	    upload_session_find(store.db, s.id, &found, NULL), ERR_OK);
	assert_false(found.is_open);
	assert_string_equal(found.job_id, "job1");
	upload_session_release(&found);
	again = opened("finish", 8);
	assert_string_not_equal(again.id, s.id);
}

static void
test_cancel_when_open_then_file_and_row_go(void **state)
{
	struct upload_session s, found;

	(void)state;
	STORE_NEEDED();
	s = opened("cancel", 1);
	make_file(&s);
	assert_int_equal(
	    upload_session_cancel(store.db, folder, s.id, NULL), ERR_OK);
	assert_false(path_exists(file_of(&s)));
	assert_int_equal(
	    upload_session_find(store.db, s.id, &found, NULL), ERR_NOTFOUND);
}

static void
note(const char *id, void *ctx)
{
	buf_addf(ctx, "%s ", id);
}

static void
test_sweep_when_old_then_named_until_removed(void **state)
{
	struct upload_session old, young, done;
	struct buf ids = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	old = opened("old", 100);
	done = opened("done", 100);
	young = opened("young", 900);
	upload_session_finish(store.db, done.id, "ended", 100, NULL);
	make_file(&old);
	for (int i = 0; i < 2; i++) {
		buf_reset(&ids);
		assert_int_equal(
		    upload_session_sweep(store.db, 500, 100, note, &ids, NULL),
		    ERR_OK);
		assert_non_null(strstr(ids.ptr, old.id));
		assert_non_null(strstr(ids.ptr, done.id));
		assert_null(strstr(ids.ptr, young.id));
	}
	assert_int_equal(
	    upload_session_touch(store.db, old.id, 901, NULL), ERR_NOTFOUND);
	assert_int_equal(
	    upload_session_remove(store.db, folder, old.id, NULL), ERR_OK);
	assert_false(path_exists(file_of(&old)));
	buf_reset(&ids);
	upload_session_sweep(store.db, 500, 100, note, &ids, NULL);
	assert_null(strstr(ids.ptr, old.id));
	buf_release(&ids);
}

static void
test_forget_when_open_then_it_stays(void **state)
{
	struct upload_session s, found;

	(void)state;
	STORE_NEEDED();
	s = opened("open", 1000);
	assert_int_equal(upload_session_forget(store.db, s.id, NULL), ERR_OK);
	assert_int_equal(
	    upload_session_find(store.db, s.id, &found, NULL), ERR_OK);
	upload_session_release(&found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_open_when_the_request_is_the_same_then_the_session_is),
	    cmocka_unit_test(test_finish_when_it_was_finished_then_denied),
	    cmocka_unit_test(test_cancel_when_open_then_file_and_row_go),
	    cmocka_unit_test(test_sweep_when_old_then_named_until_removed),
	    cmocka_unit_test(test_forget_when_open_then_it_stays),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
