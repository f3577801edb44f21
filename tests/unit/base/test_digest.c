/* Digests against the examples of FIPS 180-4 and RFC 1321. */
#include "lib/base/digest.h"
#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static const struct {
	const char *name;
	const char *text;
	const char *hex;
} cases[] = {
    {"md5", "abc", "900150983cd24fb0d6963f7d28e17f72"},
    {"sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"sha256", "",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"sha256", "abc",
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"sha256", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void
test_named_when_given_an_example_then_as_published(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char hex[2 * DIGEST_MAX + 1];
		uint8_t out[DIGEST_MAX];
		size_t len;

		assert_int_equal(digest_named(cases[i].name, cases[i].text,
				     strlen(cases[i].text), out, &len, NULL),
		    ERR_OK);
		digest_hex(out, len, hex);
		assert_string_equal(hex, cases[i].hex);
	}
}

static void
test_sha256_when_fed_in_pieces_then_same_as_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t whole[DIGEST_SHA256_LEN], pieces[DIGEST_SHA256_LEN];
		struct digest *d = digest_new();
		char hex[2 * DIGEST_SHA256_LEN + 1];

		for (const char *p = cases[i].text; *p; p++)
			digest_update(d, p, 1);
		digest_final(d, pieces);
		digest_sha256(cases[i].text, strlen(cases[i].text), whole);
		assert_memory_equal(whole, pieces, sizeof(whole));
		digest_hex(whole, sizeof(whole), hex);
		if (!strcmp(cases[i].name, "sha256"))
			assert_string_equal(hex, cases[i].hex);
	}
}

static void
test_named_when_unknown_then_refused_by_name(void **state)
{
	struct buf err = BUF_INIT;
	uint8_t out[DIGEST_MAX];
	size_t len;

	(void)state;
	assert_int_equal(
	    digest_named("crc", "", 0, out, &len, &err), ERR_INVALID);
	assert_non_null(strstr(err.ptr, "crc"));
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_named_when_given_an_example_then_as_published),
	    cmocka_unit_test(
		test_sha256_when_fed_in_pieces_then_same_as_at_once),
	    cmocka_unit_test(test_named_when_unknown_then_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
