/* The external sort, with so little memory that runs are merged in levels. */
#include "lib/base/path.h"
#include "lib/table/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define N 60000

static char folder[] = "/tmp/ff-sort-XXXXXX";

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder); /* fails if scratch files were left */
}

static struct sorter *
filled(size_t arena_len)
{
	struct buf path = BUF_INIT;
	struct sorter *s;
	char id[32], value[32];

	path_set(&path, "%s/t", folder);
	s = sorter_new(path.ptr, arena_len);
	for (uint32_t i = 0; i < N; i++) {
		struct record rec = {.id = id, .label = "", .value = value};

		rec.id_len = (uint32_t)snprintf(
		    id, sizeof(id), "%u-long-id", i * 40503U % (N / 2));
		rec.value_len =
		    (uint32_t)snprintf(value, sizeof(value), "%u", i);
		assert_int_equal(sorter_add(s, &rec, NULL), ERR_OK);
	}
	assert_int_equal(sorter_finish(s, NULL), ERR_OK);
	buf_release(&path);
	return s;
}

static void
check_order(struct sorter *s)
{
	struct buf id = BUF_INIT, number = BUF_INIT;
	struct record rec;
	uint64_t seq = 0;
	int n = 0;
	enum err rc;

	while (!(rc = sorter_next(s, &rec, NULL))) {
		int order =
		    n++ ? table_compare_ids(id.ptr, id.len, rec.id, rec.id_len)
			: -1;

		assert_true(order < 0 || (order == 0 && rec.seq < seq));
		seq = rec.seq;
		buf_reset(&id);
		buf_add(&id, rec.id, rec.id_len);
		buf_reset(&number);
		buf_add(&number, rec.value, rec.value_len);
		assert_int_equal(strtoull(number.ptr, NULL, 10), seq);
	}
	assert_int_equal(rc, ERR_NOTFOUND);
	assert_int_equal(n, N);
	buf_release(&id);
	buf_release(&number);
}

static void
test_sort_when_memory_varies_then_same_order(void **state)
{
	/* In memory; some runs; so many that levels are merged, twice over. */
	static const size_t arenas[] = {
	    (size_t)16 << 20, (size_t)256 << 10, 16384, 4096, 700};

	(void)state;
	for (size_t i = 0; i < sizeof(arenas) / sizeof(*arenas); i++) {
		struct sorter *s = filled(arenas[i]);

		check_order(s);
		sorter_free(s);
	}
}

static void
test_sort_when_a_record_exceeds_the_memory_then_still_sorted(void **state)
{
	static char big[100000];
	struct buf path = BUF_INIT;
	struct record rec = {.label = "", .value = big, .id_len = 1};
	struct sorter *s;

	(void)state;
	path_set(&path, "%s/t", folder);
	s = sorter_new(path.ptr, 4096);
	for (const char *id = "cab"; *id; id++) {
		rec.id = id;
		rec.value_len = *id == 'b' ? 10 : sizeof(big);
		assert_int_equal(sorter_add(s, &rec, NULL), ERR_OK);
	}
	assert_int_equal(sorter_finish(s, NULL), ERR_OK);
	for (const char *id = "abc"; *id; id++) {
		assert_int_equal(sorter_next(s, &rec, NULL), ERR_OK);
		assert_int_equal(*rec.id, *id);
		assert_int_equal(rec.value_len, *id == 'b' ? 10 : sizeof(big));
	}
	sorter_free(s);
	buf_release(&path);
}

static void
test_sort_when_empty_then_nothing(void **state)
{
	struct buf path = BUF_INIT;
	struct record rec;
	struct sorter *s;

	(void)state;
	path_set(&path, "%s/t", folder);
	s = sorter_new(path.ptr, 4096);
	assert_int_equal(sorter_finish(s, NULL), ERR_OK);
	assert_int_equal(sorter_next(s, &rec, NULL), ERR_NOTFOUND);
	sorter_free(s);
	buf_release(&path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sort_when_memory_varies_then_same_order),
	    cmocka_unit_test(
		test_sort_when_a_record_exceeds_the_memory_then_still_sorted),
	    cmocka_unit_test(test_sort_when_empty_then_nothing),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
