/* The catalogue of tables against a real server. */
#include "tests/unit/store/store_db.h"

#include "lib/store/catalogue.h"

static struct catalogue_table
sample(const char *name, const char *file, int64_t now)
{
	return (struct catalogue_table){.name_space = (char *)"ns",
	    .name = (char *)name,
	    .file = (char *)file,
	    .rows = 3,
	    .partitions = 16,
	    .schema_json = (char *)"{\"header\":\"x\"}",
	    .digest = (char *)"00",
	    .create_time = now};
}

static int64_t
publish_sample(const char *name, const char *file, int64_t now)
{
	struct catalogue_table t = sample(name, file, now);
	struct buf err = BUF_INIT;
	int64_t id = 0;

	if (catalogue_publish(store.db, &t, &id, &err) != ERR_OK)
		fail_msg("%s", err.ptr);
	buf_release(&err);
	return id;
}

static void
test_find_when_published_twice_then_the_second_version(void **state)
{
	struct catalogue_table t;
	int64_t first, second;

	(void)state;
	STORE_NEEDED();
	first = publish_sample("twice", "f1", 10);
	second = publish_sample("twice", "f2", 20);
	assert_int_equal(
	    catalogue_find(store.db, "ns", "twice", &t, NULL), ERR_OK);
	assert_int_equal(t.id, second);
	assert_int_equal(t.version, 2);
	assert_string_equal(t.file, "f2");
	assert_true(t.is_current);
	assert_null(t.ledger_json);
	catalogue_release(&t);
	assert_int_equal(catalogue_get(store.db, first, &t, NULL), ERR_OK);
	assert_string_equal(t.file, "f1");
	assert_false(t.is_current);
	catalogue_release(&t);
}

static void
test_find_when_names_differ_by_a_trailing_space_then_two_tables(void **state)
{
	struct catalogue_table t;
	struct buf err = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	publish_sample("pad", "p1", 10);
	assert_int_equal(
	    catalogue_find(store.db, "ns", "pad ", &t, &err), ERR_NOTFOUND);
	assert_non_null(strstr(err.ptr, "pad "));
	publish_sample("pad ", "p2", 10);
	assert_int_equal(
	    catalogue_find(store.db, "ns", "pad", &t, NULL), ERR_OK);
	assert_string_equal(t.file, "p1");
	catalogue_release(&t);
	buf_release(&err);
}

static void
test_publish_when_names_have_512_characters_then_kept_whole(void **state)
{
	struct catalogue_table t, out;
	char name[513];
	int64_t id;

	(void)state;
	STORE_NEEDED();
	memset(name, 'n', 512);
	name[512] = '\0';
	t = sample(name, "long", 1);
	t.name_space = name;
	assert_int_equal(catalogue_publish(store.db, &t, &id, NULL), ERR_OK);
	assert_int_equal(
	    catalogue_find(store.db, name, name, &out, NULL), ERR_OK);
	assert_string_equal(out.name, name);
	catalogue_release(&out);
}

static void
test_delete_when_done_then_not_found_and_a_new_one_follows(void **state)
{
	struct catalogue_table t;

	(void)state;
	STORE_NEEDED();
	publish_sample("gone", "g1", 10);
	assert_int_equal(
	    catalogue_delete(store.db, "ns", "gone", 20, NULL), ERR_OK);
	assert_int_equal(
	    catalogue_delete(store.db, "ns", "gone", 20, NULL), ERR_NOTFOUND);
	assert_int_equal(
	    catalogue_find(store.db, "ns", "gone", &t, NULL), ERR_NOTFOUND);
	publish_sample("gone", "g2", 30);
	assert_int_equal(
	    catalogue_find(store.db, "ns", "gone", &t, NULL), ERR_OK);
	assert_int_equal(t.version, 2);
	catalogue_release(&t);
}

static void
test_delete_made_when_another_job_made_it_then_it_stays(void **state)
{
	struct catalogue_table t = sample("made", "m1", 10);
	int64_t first, second;

	(void)state;
	STORE_NEEDED();
	t.job_id = (char *)"J1";
	assert_int_equal(catalogue_publish(store.db, &t, &first, NULL), ERR_OK);
	t.file = (char *)"m2";
	t.job_id = (char *)"J2";
	assert_int_equal(
	    catalogue_publish(store.db, &t, &second, NULL), ERR_OK);
	assert_int_equal(
	    catalogue_delete_made(store.db, second, "J1", 20, NULL), ERR_OK);
	assert_int_equal(
	    catalogue_delete_made(store.db, first, "J1", 20, NULL), ERR_OK);
	assert_int_equal(
	    catalogue_find(store.db, "ns", "made", &t, NULL), ERR_OK);
	assert_string_equal(t.file, "m2");
	catalogue_release(&t);
	assert_int_equal(
	    catalogue_delete_made(store.db, second, "J2", 20, NULL), ERR_OK);
	assert_int_equal(
	    catalogue_find(store.db, "ns", "made", &t, NULL), ERR_NOTFOUND);
}

struct swept {
	int n;
	int64_t id;
};

static void
count_swept(int64_t id, const char *file, void *ctx)
{
	struct swept *s = ctx;

	if (strncmp(file, "sw", 2) != 0)
		return;
	s->n++;
	s->id = id;
}

static void
add_job(const char *id, int live, int64_t created)
{
	assert_int_equal(
	    db_exec(store.db,
		"INSERT INTO job_run (job_id, kind, status, live,"
		" initiator_role, initiator_party_id, work_mode, n_components,"
		" max_width, timeout_ms, f_roles, f_dsl, f_runtime_conf,"
		" create_time) VALUES (?, 'train', 'running', ?, 'guest', '1',"
		" 0, 1, 1, 0, '{}', '{}', '{}', ?)",
		DB_BINDS(DB_TEXT(id), DB_INT(live), DB_INT(created)), NULL),
	    ERR_OK);
}

static void
test_sweep_when_an_older_job_lives_then_the_file_stays(void **state)
{
	struct swept s = {0};
	size_t n_new = 0;

	(void)state;
	STORE_NEEDED();
	publish_sample("sw", "sw1", 100);
	publish_sample("sw", "sw2", 200);
	add_job("1", 1, 150);
	catalogue_sweep(store.db, 100, count_swept, &s, &n_new, NULL);
	assert_true(n_new > 0);
	catalogue_sweep(store.db, 100, count_swept, &s, &n_new, NULL);
	assert_int_equal(n_new, 0);
	assert_int_equal(s.n, 0);
	/* By its number it came later, whatever its clock says. */
	add_job("2", 1, 50);
	catalogue_sweep(store.db, 100, count_swept, &s, &n_new, NULL);
	assert_int_equal(s.n, 0);
	db_exec(store.db, "UPDATE job_run SET live = 0 WHERE job_id = '1'",
	    DB_NONE, NULL);
	catalogue_sweep(store.db, 100, count_swept, &s, &n_new, NULL);
	assert_int_equal(s.n, 1);
	assert_int_equal(catalogue_swept(store.db, s.id, NULL), ERR_OK);
	s.n = 0;
	catalogue_sweep(store.db, 100, count_swept, &s, &n_new, NULL);
	assert_int_equal(s.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_find_when_published_twice_then_the_second_version),
	    cmocka_unit_test(
		test_find_when_names_differ_by_a_trailing_space_then_two_tables),
	    cmocka_unit_test(
		test_publish_when_names_have_512_characters_then_kept_whole),
	    cmocka_unit_test(
		test_delete_when_done_then_not_found_and_a_new_one_follows),
	    cmocka_unit_test(
		test_delete_made_when_another_job_made_it_then_it_stays),
	    cmocka_unit_test(
		test_sweep_when_an_older_job_lives_then_the_file_stays),
	};

	return cmocka_run_group_tests(tests, store_setup, store_teardown);
}
