/* Privileges against a real server. */
#include "tests/unit/store/store_db.h"

#include "lib/store/privilege.h"

static const struct privilege_party guest = {"9999", "guest"};

static void
test_revoke_when_one_word_lacks_then_nothing_goes(void **state)
{
	static const bool no[PRIVILEGE__MAX], roles[PRIVILEGE__MAX] = {true};
	struct privilege_list l = {{NULL}, {0}}, have;
	struct buf err = BUF_INIT;

	(void)state;
	STORE_NEEDED();
	assert_int_equal(
	    privilege_revoke(store.db, &guest, &l, roles, &err), ERR_INVALID);
	assert_string_equal(err.ptr, "No permission to delete");
	privilege_list_add(&l, PRIVILEGE_ROLE, "host");
	privilege_list_add(&l, PRIVILEGE_COMMAND, "clean");
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    privilege_grant(store.db, &guest, &l, 1, NULL), ERR_OK);
	privilege_list_add(&l, PRIVILEGE_COMMAND, "run_task");
	buf_reset(&err);
	assert_int_equal(
	    privilege_revoke(store.db, &guest, &l, no, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "command run_task is not authorized"));
	assert_int_equal(privilege_read(store.db, &guest, &have, NULL), ERR_OK);
	assert_int_equal(have.n[PRIVILEGE_ROLE], 1);
	assert_true(privilege_list_has(&have, PRIVILEGE_COMMAND, "clean"));
	privilege_list_release(&have);
	privilege_list_release(&l);
	assert_int_equal(
	    privilege_revoke(store.db, &guest, &l, roles, NULL), ERR_OK);
	assert_int_equal(privilege_read(store.db, &guest, &have, NULL), ERR_OK);
	assert_int_equal(have.n[PRIVILEGE_ROLE], 0);
	assert_int_equal(have.n[PRIVILEGE_COMMAND], 1);
	privilege_list_release(&have);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_revoke_when_one_word_lacks_then_nothing_goes),
	};

	return cmocka_run_group_tests(tests, store_setup, store_teardown);
}
