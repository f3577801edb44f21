#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/model/model_path.h"

static struct model_ref
lr_of_guest(void)
{
	return (struct model_ref){
	    .work_dir = "/w",
	    .role = "guest",
	    .party_id = "9999",
	    .model_id = "guest-9999#host-10000#model",
	    .version = "20260101",
	};
}

static void
test_component_when_plain_then_party_model_version_and_names(void **state)
{
	struct model_ref m = lr_of_guest();
	struct buf out = BUF_INIT, err = BUF_INIT;

	(void)state;
	assert_int_equal(
	    model_path_component(&m, "dataio_0", "dataio", &out, &err), ERR_OK);
	assert_string_equal(out.ptr,
	    "/w/models/guest#9999#guest-9999#host-10000#model/20260101/"
	    "dataio_0/dataio");
	assert_int_equal(err.len, 0);
	buf_release(&out);
	buf_release(&err);
}

static void
check_digested(const char *model_id)
{
	struct model_ref m = lr_of_guest();
	struct buf out = BUF_INIT, err = BUF_INIT;
	const char *head = "/w/models/guest#9999#sha256-";

	m.model_id = model_id;
	assert_int_equal(model_path_root(&m, &out, &err), ERR_OK);
	assert_memory_equal(out.ptr, head, strlen(head));
	assert_int_equal(out.len, strlen(head) + 64 + strlen("/20260101"));
	buf_release(&out);
	buf_release(&err);
}

static void
test_root_when_id_is_no_folder_name_then_digest(void **state)
{
	char longest[513];

	(void)state;
	memset(longest, 'm', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	check_digested(longest);
	check_digested("../../etc");
	check_digested("a/b");
	check_digested("a\nb");
}

static void
test_path_when_a_part_leaves_the_folder_then_it_is_named(void **state)
{
	struct model_ref m = lr_of_guest();
	struct buf out = BUF_INIT, err = BUF_INIT;

	(void)state;
	m.version = "..";
	assert_int_equal(model_path_root(&m, &out, &err), ERR_INVALID);
	assert_string_equal(
	    err.ptr, "model_version \"..\" cannot be the name of a folder");
	m = lr_of_guest();
	buf_reset(&err);
	assert_int_equal(
	    model_path_component(&m, "a/b", "m", &out, &err), ERR_INVALID);
	assert_string_equal(
	    err.ptr, "component \"a/b\" cannot be the name of a folder");
	buf_release(&out);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_component_when_plain_then_party_model_version_and_names),
	    cmocka_unit_test(test_root_when_id_is_no_folder_name_then_digest),
	    cmocka_unit_test(
		test_path_when_a_part_leaves_the_folder_then_it_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
