/*
 * Any message as JSON, driven by its descriptor: one function per kind of
 * field in a table indexed by the protobuf type, so that a new message needs
 * no code here.
 *
 * A map is a repeated message called ...Entry of the two fields key and
 * value; that is how protoc-c declares it.
 */
#include "lib/model/model.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/mem.h"

/* col_scale_param -> colScaleParam, trees_ -> trees. */
static void
json_name(const char *name, struct buf *out)
{
	bool upper = false;

	for (; *name != '\0'; name++) {
		if (*name == '_') {
			upper = true;
			continue;
		}
		buf_addc(
		    out, upper ? (char)toupper((unsigned char)*name) : *name);
		upper = false;
	}
}

/* ---- one value, at `at` ---- */

static cJSON *
from_int32(const ProtobufCFieldDescriptor *field, const void *at)
{
	(void)field;
	return cJSON_CreateNumber(*(const int32_t *)at);
}

static cJSON *
from_uint32(const ProtobufCFieldDescriptor *field, const void *at)
{
	(void)field;
	return cJSON_CreateNumber(*(const uint32_t *)at);
}

static cJSON *
from_int64(const ProtobufCFieldDescriptor *field, const void *at)
{
	struct buf text = BUF_INIT;
	cJSON *item;

	(void)field;
	buf_addf(&text, "%" PRId64, *(const int64_t *)at);
	item = cJSON_CreateString(text.ptr);
	buf_release(&text);
	return item;
}

static cJSON *
from_uint64(const ProtobufCFieldDescriptor *field, const void *at)
{
	struct buf text = BUF_INIT;
	cJSON *item;

	(void)field;
	buf_addf(&text, "%" PRIu64, *(const uint64_t *)at);
	item = cJSON_CreateString(text.ptr);
	buf_release(&text);
	return item;
}

static cJSON *
from_float(const ProtobufCFieldDescriptor *field, const void *at)
{
	(void)field;
	return json_new_double((double)*(const float *)at);
}

static cJSON *
from_double(const ProtobufCFieldDescriptor *field, const void *at)
{
	(void)field;
	return json_new_double(*(const double *)at);
}

static cJSON *
from_bool(const ProtobufCFieldDescriptor *field, const void *at)
{
	(void)field;
	return cJSON_CreateBool(*(const protobuf_c_boolean *)at);
}

static cJSON *
from_string(const ProtobufCFieldDescriptor *field, const void *at)
{
	const char *s = *(char *const *)at;

	(void)field;
	return cJSON_CreateString(s != NULL ? s : "");
}

static cJSON *
from_bytes(const ProtobufCFieldDescriptor *field, const void *at)
{
	const ProtobufCBinaryData *data = at;
	struct buf text = BUF_INIT;
	cJSON *item;

	(void)field;
	base64_add(&text, data->data, data->len);
	item = cJSON_CreateString(text.ptr);
	buf_release(&text);
	return item;
}

static cJSON *
from_enum(const ProtobufCFieldDescriptor *field, const void *at)
{
	const ProtobufCEnumValue *value;
	int number = *(const int *)at;

	value = protobuf_c_enum_descriptor_get_value(field->descriptor, number);
	return value != NULL ? cJSON_CreateString(value->name)
			     : cJSON_CreateNumber(number);
}

/* An absent value of a map entry counts as a message of defaults. */
static cJSON *
from_message(const ProtobufCFieldDescriptor *field, const void *at)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	const ProtobufCMessage *message = *(ProtobufCMessage *const *)at;
	ProtobufCMessage *defaults;
	cJSON *item;

	if (message != NULL)
		return model_to_json(message);
	defaults = xcalloc(1, type->sizeof_message);
	protobuf_c_message_init(type, defaults);
	item = model_to_json(defaults);
	free(defaults);
	return item;
}

struct kind {
	size_t size; /* of one element of a repeated field */
	cJSON *(*to_json)(
	    const ProtobufCFieldDescriptor *field, const void *at);
};

static const struct kind kinds[] = {
    [PROTOBUF_C_TYPE_INT32] = {sizeof(int32_t), from_int32},
    [PROTOBUF_C_TYPE_SINT32] = {sizeof(int32_t), from_int32},
    [PROTOBUF_C_TYPE_SFIXED32] = {sizeof(int32_t), from_int32},
    [PROTOBUF_C_TYPE_INT64] = {sizeof(int64_t), from_int64},
    [PROTOBUF_C_TYPE_SINT64] = {sizeof(int64_t), from_int64},
    [PROTOBUF_C_TYPE_SFIXED64] = {sizeof(int64_t), from_int64},
    [PROTOBUF_C_TYPE_UINT32] = {sizeof(uint32_t), from_uint32},
    [PROTOBUF_C_TYPE_FIXED32] = {sizeof(uint32_t), from_uint32},
    [PROTOBUF_C_TYPE_UINT64] = {sizeof(uint64_t), from_uint64},
    [PROTOBUF_C_TYPE_FIXED64] = {sizeof(uint64_t), from_uint64},
    [PROTOBUF_C_TYPE_FLOAT] = {sizeof(float), from_float},
    [PROTOBUF_C_TYPE_DOUBLE] = {sizeof(double), from_double},
    [PROTOBUF_C_TYPE_BOOL] = {sizeof(protobuf_c_boolean), from_bool},
    [PROTOBUF_C_TYPE_ENUM] = {sizeof(int), from_enum},
    [PROTOBUF_C_TYPE_STRING] = {sizeof(char *), from_string},
    [PROTOBUF_C_TYPE_BYTES] = {sizeof(ProtobufCBinaryData), from_bytes},
    [PROTOBUF_C_TYPE_MESSAGE] = {sizeof(ProtobufCMessage *), from_message},
};

static const struct kind *
kind_of(const ProtobufCFieldDescriptor *field)
{
	assert((size_t)field->type < ARRAY_LEN(kinds));
	return &kinds[field->type];
}

/* ---- fields ---- */

static const void *
member(const ProtobufCMessage *message, unsigned offset)
{
	return (const char *)message + offset;
}

static bool
is_map(const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	const char *name;
	size_t len;

	if (field->label != PROTOBUF_C_LABEL_REPEATED ||
	    field->type != PROTOBUF_C_TYPE_MESSAGE)
		return false;
	name = type->short_name;
	len = strlen(name);
	return len > 5 && strcmp(name + len - 5, "Entry") == 0 &&
	       type->n_fields == 2 &&
	       strcmp(type->fields[0].name, "key") == 0 &&
	       strcmp(type->fields[1].name, "value") == 0;
}

/* Numbers as keys become text; of equal keys the last one stands. */
static void
add_entry(cJSON *object, const ProtobufCMessage *entry)
{
	const ProtobufCFieldDescriptor *fields = entry->descriptor->fields;
	struct buf key = BUF_INIT;
	cJSON *item;

	item = kind_of(&fields[0])
		   ->to_json(&fields[0], member(entry, fields[0].offset));
	if (cJSON_IsString(item))
		buf_adds(&key, item->valuestring);
	else
		json_print(item, JSON_COMPACT, &key);
	cJSON_Delete(item);
	cJSON_DeleteItemFromObjectCaseSensitive(object, key.ptr);
	json_add(object, key.ptr,
	    kind_of(&fields[1])
		->to_json(&fields[1], member(entry, fields[1].offset)));
	buf_release(&key);
}

static cJSON *
repeated_to_json(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const size_t n =
	    *(const size_t *)member(message, field->quantifier_offset);
	const char *at = *(char *const *)member(message, field->offset);
	const struct kind *kind = kind_of(field);
	bool map = is_map(field);
	cJSON *out = map ? cJSON_CreateObject() : cJSON_CreateArray();
	size_t i;

	for (i = 0; i < n; i++, at += kind->size) {
		if (map)
			add_entry(
			    out, *(ProtobufCMessage *const *)(const void *)at);
		else
			cJSON_AddItemToArray(out, kind->to_json(field, at));
	}
	return out;
}

static void
add_field(cJSON *object, const ProtobufCMessage *message,
    const ProtobufCFieldDescriptor *field)
{
	const void *at = member(message, field->offset);
	struct buf name = BUF_INIT;

	json_name(field->name, &name);
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		json_add(object, name.ptr, repeated_to_json(message, field));
	else if (field->type != PROTOBUF_C_TYPE_MESSAGE ||
		 *(ProtobufCMessage *const *)at != NULL)
		json_add(object, name.ptr, kind_of(field)->to_json(field, at));
	buf_release(&name);
}

cJSON *
model_to_json(const ProtobufCMessage *message)
{
	cJSON *object = cJSON_CreateObject();
	unsigned i;

	for (i = 0; i < message->descriptor->n_fields; i++)
		add_field(object, message, &message->descriptor->fields[i]);
	return object;
}
