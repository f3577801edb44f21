#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/model/model_check.h"

struct sample {
	const char *message;
	const char *bytes;
	size_t len;
	bool is_good;
};

#define SAMPLE(message, bytes, good)                    \
	{                                               \
		message, bytes, sizeof(bytes) - 1, good \
	}

static const struct sample samples[] = {
    SAMPLE("LRModelParam", "", true),
    SAMPLE("LRModelParam", "\x08\x1e", true),
    SAMPLE("BoostingTreeModelMeta", "\x0a\x03set", true), /* empty fill */
    SAMPLE("BoostingTreeModelMeta", "\x0a\x03sex", false),
    SAMPLE("LRModelParam", "\x08", false),	   /* cut varint */
    SAMPLE("LRModelParam", "\x0a\x01\x01", false), /* text for a number */
    SAMPLE("LRModelParam",
	"\x12\x08"
	"12345678",
	true), /* packed doubles */
    SAMPLE("LRModelParam",
	"\x12\x07"
	"1234567",
	false),
    SAMPLE("LRModelParam",
	"\x11"
	"12345678",
	true), /* one, not packed */
    SAMPLE("LRModelParam",
	"\x22\x0c\x0a\x01x\x11"
	"12345678",
	true), /* map */
    SAMPLE("LRModelParam",
	"\x22\x0c\x0a\x02x\x11"
	"12345678",
	false),
    SAMPLE("LRModelParam", "\x22\x7f", false),
    SAMPLE("LRModelParam", "\xf2\x3f\x01x", true), /* a field of later */
    SAMPLE("LRModelParam", "\xf3\x3f", false),	   /* a group */
    SAMPLE("Pipeline", "\x0a\xff\xff\xff\xff\x0f", false),
    SAMPLE("LRModelParam", "\x88\x80\x80\x80\x80\x00\x01", false),
    SAMPLE("LRModelParam", "\x22\x80\x80\x80\x80\x80\x00", false),
    SAMPLE("DataIOMeta",
	"\x0a\x05"
	"dense",
	true),
};

static void
test_the_walk_agrees_with_protobuf_c(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		const ProtobufCMessageDescriptor *type =
		    model_message(s->message);
		ProtobufCMessage *message = NULL;
		bool walks = !model_check(type, s->bytes, s->len, NULL);
		bool unpacks =
		    !model_unpack(type, s->bytes, s->len, &message, NULL);

		if (walks != s->is_good || unpacks != s->is_good)
			fail_msg(
			    "%zu: walks %d, unpacks %d", i, walks, unpacks);
		if (unpacks)
			protobuf_c_message_free_unpacked(message, NULL);
	}
}

static void
test_a_fault_names_the_message_and_the_size(void **state)
{
	struct buf err = BUF_INIT;

	(void)state;
	assert_int_equal(
	    model_check(model_message("Pipeline"), "\x0a", 1, &err),
	    ERR_INVALID);
	assert_string_equal(err.ptr, "1 bytes are no valid message Pipeline");
	buf_release(&err);
}

static void
test_every_message_is_found_by_its_place(void **state)
{
	size_t n = 0;

	(void)state;
	for (; model_message_at(n); n++)
		assert_ptr_equal(model_message(model_message_at(n)->short_name),
		    model_message_at(n));
	assert_true(n > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_walk_agrees_with_protobuf_c),
	    cmocka_unit_test(test_a_fault_names_the_message_and_the_size),
	    cmocka_unit_test(test_every_message_is_found_by_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
