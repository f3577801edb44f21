/*
 * The wire format is a list of (tag, value); the descriptor says what each
 * value must be, and our messages do not contain themselves, so the walk is
 * as deep as the definitions are. What is refused here and taken by
 * protobuf-c (tag 0, bytes behind a bad varint) no writer makes.
 */
#include "lib/model/model_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/model/model_dir.h"

#define SHORT_MAX 5 /* bytes */

enum wire { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_START, WIRE_END, WIRE_32 };

struct span {
	const uint8_t *at;
	const uint8_t *end;
};

static bool
take_varint(struct span *s, uint64_t *out)
{
	unsigned shift = 0;

	*out = 0;
	for (; s->at < s->end && shift < 70; shift += 7) {
		uint8_t byte = *s->at++;

		*out |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static bool
take_bytes(struct span *s, uint64_t n, struct span *out)
{
	if (n > (uint64_t)(s->end - s->at))
		return false;
	*out = (struct span){s->at, s->at + n};
	s->at += n;
	return true;
}

/* A tag or a length: protobuf-c reads five bytes at most. */
static bool
take_short_varint(struct span *s, uint64_t *out)
{
	const uint8_t *start = s->at;

	return take_varint(s, out) && s->at - start <= SHORT_MAX &&
	       *out <= UINT32_MAX;
}

static bool
take_tag(struct span *s, unsigned *field_out, enum wire *wire_out)
{
	uint64_t tag;

	if (!take_short_varint(s, &tag) || tag >> 3 == 0)
		return false;
	*field_out = (unsigned)(tag >> 3);
	*wire_out = (enum wire)(tag & 7);
	return true;
}

/* The value behind a tag, as a span. */
static bool
take_value(struct span *s, enum wire wire, struct span *out)
{
	uint64_t n;

	if (wire == WIRE_VARINT) {
		out->at = s->at;
		if (!take_varint(s, &n))
			return false;
		out->end = s->at;
		return true;
	}
	if (wire == WIRE_BYTES)
		return take_short_varint(s, &n) && n < INT32_MAX &&
		       take_bytes(s, n, out);
	return (wire == WIRE_64 || wire == WIRE_32) &&
	       take_bytes(s, wire == WIRE_64 ? 8 : 4, out);
}

static enum wire
wire_of(ProtobufCType type)
{
	static const enum wire wires[] = {
	    [PROTOBUF_C_TYPE_SFIXED32] = WIRE_32,
	    [PROTOBUF_C_TYPE_FIXED32] = WIRE_32,
	    [PROTOBUF_C_TYPE_FLOAT] = WIRE_32,
	    [PROTOBUF_C_TYPE_SFIXED64] = WIRE_64,
	    [PROTOBUF_C_TYPE_FIXED64] = WIRE_64,
	    [PROTOBUF_C_TYPE_DOUBLE] = WIRE_64,
	    [PROTOBUF_C_TYPE_STRING] = WIRE_BYTES,
	    [PROTOBUF_C_TYPE_BYTES] = WIRE_BYTES,
	    [PROTOBUF_C_TYPE_MESSAGE] = WIRE_BYTES,
	};

	return wires[type];
}

/* Many numbers as one value. */
static bool
is_packed(struct span v, enum wire wire)
{
	uint64_t n;

	if (wire != WIRE_VARINT)
		return (v.end - v.at) % (wire == WIRE_64 ? 8 : 4) == 0;
	while (v.at < v.end)
		if (!take_varint(&v, &n))
			return false;
	return true;
}

static bool is_message(const ProtobufCMessageDescriptor *type, struct span s);

static bool
is_field(const ProtobufCFieldDescriptor *field, enum wire wire, struct span v)
{
	enum wire wants = wire_of(field->type);

	if (wire == WIRE_BYTES && wants != WIRE_BYTES)
		return field->label == PROTOBUF_C_LABEL_REPEATED &&
		       is_packed(v, wants);
	if (wire != wants)
		return false;
	return field->type != PROTOBUF_C_TYPE_MESSAGE ||
	       is_message(field->descriptor, v);
}

static bool
is_message(const ProtobufCMessageDescriptor *type, struct span s)
{
	const ProtobufCFieldDescriptor *field;
	struct span v;
	unsigned number;
	enum wire wire;

	while (s.at < s.end) {
		if (!take_tag(&s, &number, &wire) || !take_value(&s, wire, &v))
			return false;
		field = protobuf_c_message_descriptor_get_field(type, number);
		if (field && !is_field(field, wire, v))
			return false;
	}
	return true;
}

enum err
model_check(const ProtobufCMessageDescriptor *type, const void *bytes,
    size_t len, struct buf *err)
{
	struct span s = {bytes, (const uint8_t *)bytes + len};

	if (model_is_empty_fill(bytes, len) || is_message(type, s))
		return ERR_OK;
	return err_set(err, ERR_INVALID, "%zu bytes are no valid message %s",
	    len, type->short_name);
}

static enum err
check_map(
    const ProtobufCMessageDescriptor *type, int fd, size_t len, struct buf *err)
{
	void *map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	enum err rc;

	if (map == MAP_FAILED)
		return err_set_errno(err, ERR_IO, "mapping a model buffer");
	rc = model_check(type, map, len, err);
	munmap(map, len);
	return rc;
}

enum err
model_check_file(
    const ProtobufCMessageDescriptor *type, const char *path, struct buf *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	enum err rc = ERR_OK;

	if (fd < 0)
		return err_set_errno(
		    err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		rc = err_set(err, ERR_INVALID, "%s is not a file", path);
	else if ((uintmax_t)st.st_size > MODEL_BUFFER_MAX)
		rc = err_set(err, ERR_INVALID,
		    "%lld bytes, at most %zu are kept", (long long)st.st_size,
		    MODEL_BUFFER_MAX);
	else if (type && st.st_size > 0)
		rc = check_map(type, fd, (size_t)st.st_size, err);
	close(fd);
	return rc;
}
