/* Archives in slices, against a real server. */
#include "tests/unit/store/store_db.h"

#include "lib/store/model_store.h"

#include <sys/mman.h>

static const struct model_store_key key = {"guest#1#m", "7"};

static void
digest_of(const char *bytes, size_t len, char hex[DIGEST_HEX_LEN])
{
	uint8_t sum[DIGEST_SHA256_LEN];

	digest_sha256(bytes, len, sum);
	digest_hex(sum, sizeof(sum), hex);
}

static enum err
put(const char *bytes, size_t len, bool replace, struct buf *err)
{
	struct model_store_put p = {.key = key,
	    .info = {.size = (int64_t)len, .job_id = "1"},
	    .fd = memfd_create("in", MFD_CLOEXEC),
	    .replace = replace};
	enum err rc;

	assert_int_equal(write(p.fd, bytes, len), len);
	digest_of(bytes, len, p.info.digest);
	rc = model_store_put(store.db, &p, err);
	close(p.fd);
	return rc;
}

static enum err
get(struct buf *out, struct buf *err)
{
	int fd = memfd_create("out", MFD_CLOEXEC);
	enum err rc = model_store_get(store.db, &key, fd, err);
	off_t len = lseek(fd, 0, SEEK_END);

	buf_reset(out);
	buf_reserve(out, (size_t)len);
	assert_int_equal(pread(fd, out->ptr, (size_t)len, 0), len);
	out->len = (size_t)len;
	close(fd);
	return rc;
}

static void
script(const char *sql)
{
	struct buf err = BUF_INIT;

	if (db_script(store.db, sql, strlen(sql), &err))
		fail_msg("%s", err.ptr);
	buf_release(&err);
}

static void
test_an_archive_of_three_slices_comes_back_whole(void **state)
{
	size_t len = (size_t)MODEL_STORE_SLICE * 2 + 17;
	char *bytes = xmalloc(len);
	struct model_store_info info;
	struct buf out = BUF_INIT, err = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 2654435761U >> 13);
	assert_int_equal(get(&out, &err), ERR_NOTFOUND);
	if (put(bytes, len, false, &err))
		fail_msg("%s", err.ptr);
	assert_int_equal(model_store_find(store.db, &key, &info, &err), ERR_OK);
	assert_int_equal(info.n_slices, 3);
	assert_int_equal(info.size, len);
	if (get(&out, &err))
		fail_msg("%s", err.ptr);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.ptr, bytes, len);
	free(bytes);
	buf_release(&out);
	buf_release(&err);
}

static void
test_only_a_replacement_takes_the_place_of_what_is_there(void **state)
{
	struct buf out = BUF_INIT, err = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	assert_int_equal(put("first", 5, true, &err), ERR_OK);
	assert_int_equal(put("second", 6, false, &err), ERR_CONFLICT);
	assert_int_equal(get(&out, &err), ERR_OK);
	assert_memory_equal(out.ptr, "first", 5);
	assert_int_equal(put("second", 6, true, &err), ERR_OK);
	assert_int_equal(get(&out, &err), ERR_OK);
	assert_int_equal(out.len, 6);
	buf_release(&out);
	buf_release(&err);
}

static void
test_what_was_damaged_is_refused(void **state)
{
	static const struct {
		const char *sql;
		const char *says;
	} cases[] = {
	    {"UPDATE t_machine_learning_model SET f_content = 'thing'",
		"is damaged: its SHA-256"},
	    {"UPDATE t_machine_learning_model SET f_slice_count = 2",
		"has 1 slices with 5 bytes, it should have 2"},
	    {"UPDATE t_machine_learning_model SET f_slice_index = 1",
		"slice 0 of the stored model is missing"},
	};

	(void)state;
	STORE_NEEDED();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT, err = BUF_INIT;

		script("DELETE FROM t_machine_learning_model");
		assert_int_equal(put("first", 5, true, &err), ERR_OK);
		script(cases[i].sql);
		assert_int_equal(get(&out, &err), ERR_INVALID);
		if (!strstr(err.ptr, cases[i].says))
			fail_msg("%s", err.ptr);
		buf_release(&out);
		buf_release(&err);
	}
}

static void
test_the_table_is_made_where_it_is_not(void **state)
{
	(void)state;
	STORE_NEEDED();
	script("DROP TABLE t_machine_learning_model");
	assert_int_equal(model_store_create(store.db, NULL), ERR_OK);
	assert_int_equal(model_store_create(store.db, NULL), ERR_OK);
	assert_int_equal(put("first", 5, false, NULL), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_archive_of_three_slices_comes_back_whole),
	    cmocka_unit_test(
		test_only_a_replacement_takes_the_place_of_what_is_there),
	    cmocka_unit_test(test_what_was_damaged_is_refused),
	    cmocka_unit_test(test_the_table_is_made_where_it_is_not),
	};

	return cmocka_run_group_tests(tests, store_setup, store_teardown);
}
