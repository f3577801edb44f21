/*
 * libFuzzer target: the first byte chooses a message or the index of an
 * archive, the rest is its bytes. What model_check() lets through unpacks,
 * prints, and packs to what it lets through again; an index that is read is
 * printed and read back as the same.
 */
#include <assert.h>

#include "lib/model/define_meta.h"
#include "lib/model/model_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_message(
    const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t size)
{
	bool is_good = model_check(type, data, size, NULL) == ERR_OK;
	ProtobufCMessage *message = NULL;
	struct buf text = BUF_INIT, packed = BUF_INIT;
	cJSON *json;

	if (model_unpack(type, data, size, &message, NULL)) {
		assert(!is_good);
		return;
	}
	json = model_to_json(message);
	json_print(json, JSON_REPLY, &text);
	model_pack(message, &packed);
	/* What it refuses and protobuf-c takes comes back as it was. */
	assert(!is_good || !model_check(type, packed.ptr, packed.len, NULL));
	protobuf_c_message_free_unpacked(message, NULL);
	cJSON_Delete(json);
	buf_release(&text);
	buf_release(&packed);
}

static void
check_index(const uint8_t *data, size_t size)
{
	struct define_meta first, second;
	struct buf a = BUF_INIT, b = BUF_INIT;

	if (define_meta_parse((const char *)data, size, &first, NULL))
		return;
	define_meta_print(&first, &a);
	assert(!define_meta_parse(a.ptr, a.len, &second, NULL));
	define_meta_print(&second, &b);
	assert(a.len == b.len && !memcmp(a.ptr, b.ptr, a.len));
	define_meta_release(&first);
	define_meta_release(&second);
	buf_release(&a);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ProtobufCMessageDescriptor *type;

	if (!size)
		return 0;
	type = model_message_at(data[0]);
	if (type)
		check_message(type, data + 1, size - 1);
	else
		check_index(data + 1, size - 1);
	return 0;
}
