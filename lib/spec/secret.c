/*
 * A secret is known by its parameter's name, wherever that stands: people
 * write it below algorithm_parameters, role_parameters and a component that is
 * not in the DSL.
 */
#include "lib/base/mem.h"
#include "lib/spec/spec.h"

#include <stdlib.h>
#include <string.h>

bool
spec_has_secret(const struct spec_module *m)
{
	for (size_t i = 0; i < m->n_params; i++)
		if (m->params[i].flags & SPEC_SECRET)
			return true;
	return false;
}

typedef bool matches(const char *text, const char *name);

static bool
any_secret(const char *text, matches *is)
{
	size_t n;
	const struct spec_module *const *all = spec_all(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < all[i]->n_params; k++)
			if ((all[i]->params[k].flags & SPEC_SECRET) &&
			    is(text, all[i]->params[k].name))
				return true;
	return false;
}

static bool
is_equal(const char *text, const char *name)
{
	return !strcmp(text, name);
}

static bool
holds(const char *text, const char *name)
{
	return strstr(text, name) != NULL;
}

/* Every leaf: a list holds a value per party. */
static void
hide(cJSON *it)
{
	if (cJSON_IsArray(it) || cJSON_IsObject(it)) {
		for (it = it->child; it; it = it->next)
			hide(it);
	} else if (!cJSON_IsNull(it)) {
		free(it->valuestring);
		it->valuestring = xstrdup(SPEC_HIDDEN);
		it->type = cJSON_String;
	}
}

void
spec_hide(cJSON *tree)
{
	for (cJSON *it = tree->child; it; it = it->next) {
		if (it->string && any_secret(it->string, is_equal))
			hide(it);
		else
			spec_hide(it);
	}
}

bool
spec_hide_text(const char *json, struct buf *out)
{
	cJSON *tree = NULL;

	if (!any_secret(json, holds))
		return false;
	if (json_parse(json, strlen(json), "a configuration", &tree, NULL)) {
		buf_adds(out, "{}"); /* better nothing than the secret */
		return true;
	}
	spec_hide(tree);
	json_print(tree, JSON_STORE, out);
	cJSON_Delete(tree);
	return true;
}
