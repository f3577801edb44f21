/* The parse that every reader of a stored job shares. */
#include "lib/core/stored.h"

#include <string.h>

static enum err
parse_text(const char *text, const char *what, cJSON **out, struct buf *err)
{
	return json_parse(text, strlen(text), what, out, err);
}

enum err
stored_parse(const struct stored_job *texts, struct conf *conf_out,
    struct dsl *dsl_out, struct buf *err)
{
	cJSON *dsl = NULL, *conf = NULL, *train = NULL;
	enum err rc =
	    parse_text(texts->conf, "the stored configuration", &conf, err);

	memset(conf_out, 0, sizeof(*conf_out));
	memset(dsl_out, 0, sizeof(*dsl_out));
	if (!rc)
		rc = parse_text(texts->dsl, "the stored DSL", &dsl, err);
	if (!rc && texts->train_conf)
		rc = parse_text(texts->train_conf,
		    "the stored configuration of the training", &train, err);
	if (!rc)
		rc = conf_parse(conf, conf_out, err);
	if (!rc && conf_out->is_predict && train)
		rc = conf_set_train(conf_out, train, err);
	if (!rc)
		rc = dsl_parse(dsl,
		    conf_out->is_predict ? DSL_PREDICT : DSL_TRAIN, dsl_out,
		    err);
	cJSON_Delete(dsl);
	cJSON_Delete(conf);
	cJSON_Delete(train);
	return rc;
}
