/*
 * Model messages: FATE's protobuf definitions (lib/model/proto), packed to
 * and from bytes, and printed as the JSON that FATE's tracking shows.
 *
 * On disk a component's model is a folder (lib/model/model_path.h says where)
 * with one file per buffer, named after the buffer, and a file "module" that
 * holds the module's name and, per line, "<buffer> <message>".
 */
#ifndef FF_MODEL_MODEL_H
#define FF_MODEL_MODEL_H

#include "lib/base/json.h"

#include <protobuf-c/protobuf-c.h>

/*
 * The descriptor of a message by its short name ("LRModelParam"), or NULL.
 */
const ProtobufCMessageDescriptor *model_message(const char *name);
/* The i-th of them, sorted by their C names; NULL behind the last. */
const ProtobufCMessageDescriptor *model_message_at(size_t i);

/*
 * Packs a message of any type. A message with nothing set packs as FATE's
 * DefaultEmptyFillMessage (0A 03 73 65 74), never as zero bytes.
 */
void model_pack(const ProtobufCMessage *message, struct buf *out);

/* The five bytes of that message: to every other it means all defaults. */
bool model_is_empty_fill(const void *bytes, size_t len);

/*
 * Unpacks into a message that the caller ends with
 * protobuf_c_message_free_unpacked(); the five empty-fill bytes give the
 * defaults. ERR_INVALID when the bytes are no such message.
 */
enum err model_unpack(const ProtobufCMessageDescriptor *type, const void *bytes,
    size_t len, ProtobufCMessage **out, struct buf *err);

/*
 * The JSON of FATE's tracking (contract: components, section 3): lower camel
 * case, trailing underscore dropped, 64-bit integers as strings, doubles as
 * numbers, bytes in base64, maps as objects, defaults shown, unset
 * sub-messages left out. Any message type, driven by its descriptor.
 */
cJSON *model_to_json(const ProtobufCMessage *message);

#endif
