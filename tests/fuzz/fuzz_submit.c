/*
 * libFuzzer target: a job's DSL, a NUL, and its runtime configuration, as far
 * as a submit looks at them.
 */
#include "lib/core/conf.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const cJSON *dsl_text, const cJSON *conf_text)
{
	cJSON *warnings = cJSON_CreateArray(), *inference = NULL;
	struct buf err = BUF_INIT;
	struct conf conf;
	struct dsl dsl;
	enum dsl_mode kind;

	if (conf_parse(conf_text, &conf, &err))
		goto out;
	kind = conf.is_predict ? DSL_PREDICT : DSL_TRAIN;
	if (conf.is_predict && conf_set_train(&conf, conf_text, &err))
		goto release;
	if (!dsl_parse(dsl_text, kind, &dsl, &err)) {
		if (!dsl_inference(&dsl, "host", &inference, &err))
			cJSON_Delete(inference);
		(void)conf_check(&conf, &dsl, warnings, &err);
		dsl_release(&dsl);
	}
release:
	conf_release(&conf);
out:
	buf_release(&err);
	cJSON_Delete(warnings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const uint8_t *nul = memchr(data, '\0', size);
	cJSON *dsl = NULL, *conf = NULL;
	size_t len;

	if (!nul)
		return 0;
	len = (size_t)(nul - data);
	if (!json_parse(text, len, "DSL", &dsl, NULL) &&
	    !json_parse(text + len + 1, size - len - 1, "conf", &conf, NULL))
		check(dsl, conf);
	cJSON_Delete(dsl);
	cJSON_Delete(conf);
	return 0;
}
