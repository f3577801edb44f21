/*
 * The pipeline of a trained model: what it was trained by and how it is to be
 * applied, kept beside its components as component and alias "pipeline"
 * (contract: serving, section 3). Every party of a training has one.
 */
#ifndef FF_MODEL_PIPELINE_H
#define FF_MODEL_PIPELINE_H

#include "lib/model/model_path.h"

/* The version of FATE whose models these are. */
#define PIPELINE_FATE_VERSION "1.4.6"

/* JSON texts but for the last three. */
struct pipeline {
	char *inference_dsl;
	char *train_dsl;
	char *train_runtime_conf;
	char *fate_version;
	char *model_id;
	char *model_version;
};

/*
 * Writes it durably, first as the folder `scratch` (lib/model/model_dir.h); a
 * repeat with the same content is harmless, another content is ERR_CONFLICT.
 * *size_out is the message's size in bytes.
 */
enum err pipeline_write(const struct model_ref *m, const char *scratch,
    const struct pipeline *p, int64_t *size_out, struct buf *err);

/*
 * Reads it back; the texts are owned. ERR_NOTFOUND (the text names party,
 * model and version) when there is none, ERR_INVALID when it is damaged.
 */
enum err
pipeline_read(const struct model_ref *m, struct pipeline *out, struct buf *err);
void pipeline_release(struct pipeline *p);

#endif
