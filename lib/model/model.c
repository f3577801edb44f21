/*
 * Names to descriptors, and packing with FATE's rule that no buffer is ever
 * empty: a message of defaults is stored as DefaultEmptyFillMessage{"set"}.
 *
 * Those five bytes also parse as any message whose first field is a string,
 * so unpacking compares the bytes and never relies on a parse failure.
 */
#include "lib/model/model.h"

#include <assert.h>
#include <string.h>

#include "lib/base/mem.h"

#include "boosting_tree.pb-c.h"
#include "columns.pb-c.h"
#include "data_io.pb-c.h"
#include "empty_fill.pb-c.h"
#include "feature_binning.pb-c.h"
#include "feature_selection.pb-c.h"
#include "hetero_nn_model.pb-c.h"
#include "lr_model.pb-c.h"
#include "nn_model.pb-c.h"
#include "pearson.pb-c.h"
#include "pipeline.pb-c.h"
#include "regression.pb-c.h"
#include "scale.pb-c.h"

static const uint8_t empty_fill[] = {0x0a, 0x03, 's', 'e', 't'};

/* Every message that is stored as a buffer of its own. */
static const ProtobufCMessageDescriptor *const messages[] = {
    &model__boosting_tree_model_meta__descriptor,
    &model__boosting_tree_model_param__descriptor,
    &model__column_expand_meta__descriptor,
    &model__column_expand_param__descriptor,
    &model__data_iometa__descriptor,
    &model__data_ioparam__descriptor,
    &model__default_empty_fill_message__descriptor,
    &model__feature_binning_meta__descriptor,
    &model__feature_binning_param__descriptor,
    &model__feature_selection_meta__descriptor,
    &model__feature_selection_param__descriptor,
    &model__hetero_nnmeta__descriptor,
    &model__hetero_nnparam__descriptor,
    &model__lrmodel_meta__descriptor,
    &model__lrmodel_param__descriptor,
    &model__lin_rmodel_meta__descriptor,
    &model__lin_rmodel_param__descriptor,
    &model__nnmodel_meta__descriptor,
    &model__nnmodel_param__descriptor,
    &model__one_hot_meta__descriptor,
    &model__one_hot_param__descriptor,
    &model__pearson_model_meta__descriptor,
    &model__pearson_model_param__descriptor,
    &model__pipeline__descriptor,
    &model__poisson_model_meta__descriptor,
    &model__poisson_model_param__descriptor,
    &model__scale_meta__descriptor,
    &model__scale_param__descriptor,
};

const ProtobufCMessageDescriptor *
model_message(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(messages); i++) {
		if (strcmp(messages[i]->short_name, name) == 0)
			return messages[i];
	}
	return NULL;
}

const ProtobufCMessageDescriptor *
model_message_at(size_t i)
{
	return i < ARRAY_LEN(messages) ? messages[i] : NULL;
}

void
model_pack(const ProtobufCMessage *message, struct buf *out)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	if (size == 0) {
		buf_add(out, empty_fill, sizeof(empty_fill));
		return;
	}
	buf_reserve(out, size);
	protobuf_c_message_pack(message, (uint8_t *)out->ptr + out->len);
	out->len += size;
	out->ptr[out->len] = '\0';
}

/* protobuf-c frees through this; allocation never fails here. */
static void *
allocate(void *context, size_t size)
{
	(void)context;
	return xmalloc(size);
}

static void
release(void *context, void *ptr)
{
	(void)context;
	free(ptr);
}

static ProtobufCAllocator allocator = {allocate, release, NULL};

bool
model_is_empty_fill(const void *bytes, size_t len)
{
	return len == sizeof(empty_fill) &&
	       memcmp(bytes, empty_fill, sizeof(empty_fill)) == 0;
}

enum err
model_unpack(const ProtobufCMessageDescriptor *type, const void *bytes,
    size_t len, ProtobufCMessage **out, struct buf *err)
{
	ProtobufCMessage *message;

	assert(type != NULL);
	if (model_is_empty_fill(bytes, len) &&
	    type != &model__default_empty_fill_message__descriptor)
		len = 0;
	message = protobuf_c_message_unpack(type, &allocator, len, bytes);
	if (message == NULL)
		return err_set(err, ERR_INVALID,
		    "%zu bytes are no valid message %s: the model is damaged "
		    "or of another kind",
		    len, type->short_name);
	*out = message;
	return ERR_OK;
}
