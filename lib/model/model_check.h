/* Messages looked at without being unpacked. */
#ifndef FF_MODEL_MODEL_CHECK_H
#define FF_MODEL_MODEL_CHECK_H

#include "lib/model/model.h"

/*
 * Whether model_unpack() would take the bytes, whatever their number, in
 * constant memory. ERR_INVALID says where they go wrong.
 */
enum err model_check(const ProtobufCMessageDescriptor *type, const void *bytes,
    size_t len, struct buf *err);

/*
 * The same for a file: one that is larger than memory is mapped, and at most
 * MODEL_BUFFER_MAX bytes long. `type` NULL (a message that we do not know)
 * takes any bytes.
 */
enum err model_check_file(
    const ProtobufCMessageDescriptor *type, const char *path, struct buf *err);

#endif
