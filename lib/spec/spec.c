/*
 * The table of modules, and the defaults out of their rows. A dotted name is
 * a path: "cv_param.n_splits" lands in an object "cv_param".
 */
#include "lib/spec/spec.h"
#include "lib/base/mem.h"
#include "lib/spec/rows.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct spec_module *const modules[] = {
    &spec_dataio,
    &spec_intersection,
    &spec_federated_sample,
    &spec_union,
    &spec_column_expand,
    &spec_feature_scale,
    &spec_one_hot_encoder,
    &spec_hetero_feature_binning,
    &spec_hetero_feature_selection,
    &spec_hetero_lr,
    &spec_hetero_linr,
    &spec_hetero_poisson,
    &spec_local_baseline,
    &spec_scorecard,
    &spec_rsa,
    &spec_hetero_pearson,
    &spec_evaluation,
    &spec_secure_add_example,
    &spec_upload,
    &spec_download,
    &spec_model_store,
    &spec_model_restore,
};

static const struct {
	const char *name;
	unsigned bit;
} roles[] = {
    {"guest", SPEC_GUEST},
    {"host", SPEC_HOST},
    {"arbiter", SPEC_ARBITER},
    {"local", SPEC_LOCAL},
};

const struct spec_module *
spec_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (!strcmp(modules[i]->name, name))
			return modules[i];
	return NULL;
}

const struct spec_module *const *
spec_all(size_t *n_out)
{
	*n_out = ARRAY_LEN(modules);
	return modules;
}

unsigned
spec_role_bit(const char *role)
{
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (!strcmp(roles[i].name, role))
			return roles[i].bit;
	return 0;
}

void
spec_code_path(const struct spec_module *m, const char *role, struct buf *out)
{
	static const char word[] = "guest";
	const size_t n = sizeof(word) - 1;
	const char *at = m->code_path;

	while (*at) {
		if (strncasecmp(at, word, n) != 0) {
			buf_addc(out, *at++);
			continue;
		}
		buf_addc(out, *at == 'G' ? (char)toupper(*role) : *role);
		buf_adds(out, role + 1);
		at += n;
	}
}

void
spec_print_roles(unsigned set, struct buf *out)
{
	const char *separator = "";

	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		if (!(set & roles[i].bit))
			continue;
		buf_addf(out, "%s%s", separator, roles[i].name);
		separator = ", ";
	}
}

static void
add_default(cJSON *into, const struct spec_param *p)
{
	const char *name = p->name, *dot;
	cJSON *value = NULL;

	while ((dot = strchr(name, '.'))) {
		char *group = xstrndup(name, (size_t)(dot - name));
		cJSON *inner = cJSON_GetObjectItemCaseSensitive(into, group);

		if (!inner) {
			inner = cJSON_CreateObject();
			json_add(into, group, inner);
		}
		free(group);
		into = inner;
		name = dot + 1;
	}
	if (json_parse(p->fallback, strlen(p->fallback), p->name, &value, NULL))
		assert(!"a default is no JSON");
	json_add(into, name, value);
}

cJSON *
spec_defaults(const struct spec_module *m)
{
	cJSON *out = cJSON_CreateObject();

	for (size_t i = 0; i < m->n_params; i++)
		add_default(out, &m->params[i]);
	return out;
}

const cJSON *
spec_value(const cJSON *params, const char *name)
{
	const char *dot;

	while ((dot = strchr(name, '.'))) {
		char *group = xstrndup(name, (size_t)(dot - name));

		params = json_get(params, group);
		free(group);
		name = dot + 1;
	}
	return json_get(params, name);
}
