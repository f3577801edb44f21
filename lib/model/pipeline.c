/* The message is one buffer, like those of components. */
#include "lib/model/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/model/model_dir.h"

#include "pipeline.pb-c.h"

#define NAME	"pipeline" /* component and alias */
#define MODULE	"Pipeline"
#define BUFFER	"Pipeline"
#define MESSAGE "Pipeline"

static ProtobufCBinaryData
bytes_of(const char *text)
{
	return (ProtobufCBinaryData){strlen(text), (uint8_t *)(uintptr_t)text};
}

enum err
pipeline_write(const struct model_ref *m, const char *scratch,
    const struct pipeline *p, int64_t *size_out, struct buf *err)
{
	Model__Pipeline message = MODEL__PIPELINE__INIT;
	struct buf dir = BUF_INIT, packed = BUF_INIT;
	struct model_buffer buffer = {.name = BUFFER, .message = MESSAGE};
	struct model_write model = {MODULE, &buffer, 1};
	enum err rc = model_path_component(m, NAME, NAME, &dir, err);

	message.inference_dsl = bytes_of(p->inference_dsl);
	message.train_dsl = bytes_of(p->train_dsl);
	message.train_runtime_conf = bytes_of(p->train_runtime_conf);
	message.fate_version = p->fate_version;
	message.model_id = p->model_id;
	message.model_version = p->model_version;
	model_pack(&message.base, &packed);
	buffer.bytes = packed.ptr;
	buffer.len = packed.len;
	if (!rc)
		rc = model_dir_write(dir.ptr, scratch, &model, err);
	*size_out = (int64_t)packed.len;
	buf_release(&packed);
	buf_release(&dir);
	return rc;
}

static char *
text_of(const ProtobufCBinaryData *b)
{
	return xstrndup(b->len ? (const char *)b->data : "", b->len);
}

enum err
pipeline_read(const struct model_ref *m, struct pipeline *out, struct buf *err)
{
	ProtobufCMessage *message = NULL;
	const Model__Pipeline *p;
	struct buf dir = BUF_INIT;
	enum err rc = model_path_component(m, NAME, NAME, &dir, err);

	memset(out, 0, sizeof(*out));
	if (!rc && !path_exists(dir.ptr))
		rc = err_set(err, ERR_NOTFOUND,
		    "there is no trained model %s#%s#%s of version %s: no "
		    "pipeline of it was saved here",
		    m->role, m->party_id, m->model_id, m->version);
	if (!rc)
		rc = model_dir_read(dir.ptr, BUFFER, MESSAGE, &message, err);
	if (!rc) {
		p = (const Model__Pipeline *)message;
		out->inference_dsl = text_of(&p->inference_dsl);
		out->train_dsl = text_of(&p->train_dsl);
		out->train_runtime_conf = text_of(&p->train_runtime_conf);
		out->fate_version = xstrdup(p->fate_version);
		out->model_id = xstrdup(p->model_id);
		out->model_version = xstrdup(p->model_version);
		protobuf_c_message_free_unpacked(message, NULL);
	}
	buf_release(&dir);
	return rc;
}

void
pipeline_release(struct pipeline *p)
{
	free(p->inference_dsl);
	free(p->train_dsl);
	free(p->train_runtime_conf);
	free(p->fate_version);
	free(p->model_id);
	free(p->model_version);
	memset(p, 0, sizeof(*p));
}
