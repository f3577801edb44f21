/*
 * What the model endpoints are asked: fields out of JSON, of a form or of
 * multipart/form-data, with or without a file; and the model they name.
 */
#ifndef FF_FCGI_MODEL_FORM_H
#define FF_FCGI_MODEL_FORM_H

#include "fcgi-app/app.h"
#include "fcgi-app/spool.h"
#include "lib/core/ids.h"
#include "lib/model/model_path.h"

struct model_form {
	cJSON *fields; /* NULL: the body has none */
	bool has_file;
	struct spool file; /* of the part "file", when has_file */
	/* What the fields name; texts are borrowed from them. */
	struct model_ref model;
	char party_id[ID_PARTY_MAX + 1];
	struct buf party_model; /* role#party#model_id, for people */
	struct buf root;	/* its folder */
};

/*
 * Reads the body and the four fields model_id, model_version, role and
 * party_id. *is_answered: the reply is filled in already, in FATE's words (a
 * field is missing) or with HTTP 400 (the body is broken). A part "file" goes
 * to the spool when `file_limit` is not 0, else it is passed over. Ends with
 * model_form_release() in any case.
 */
enum err model_form_read(struct app *app, struct request *rq,
    int64_t file_limit, struct model_form *out, struct reply *rp,
    bool *is_answered, struct buf *err);
void model_form_release(struct model_form *f);

/* The answer for a model that is not there. */
enum err model_form_missing(const struct model_form *f, struct reply *rp);

#endif
