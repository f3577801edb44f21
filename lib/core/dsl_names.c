/* The rule for names of components; FATE-Flow's texts. */
#include "lib/base/mem.h"
#include "lib/core/dsl_internal.h"

#include <stdlib.h>
#include <string.h>

static const char bad_form[] =
    "component's name should be format of name_index, index is start from 0 "
    "and be consecutive for same module";
static const char bad_index[] =
    "index of component's name should be integer start from 0";
static const char bad_module[] =
    "component's name should be format of name_index, index is start from 0 "
    "and same modules should have the same name";

struct name {
	const char *text;
	size_t prefix_len;
	unsigned long index;
	const char *module;
};

static enum err
split(const cJSON *component, struct name *out, struct buf *err)
{
	const char *text = component->string, *line = strrchr(text, '_');
	size_t digits;

	if (!line)
		return err_set(err, ERR_INVALID, "%s", bad_form);
	digits = strspn(line + 1, "0123456789");
	if (digits == 0 || line[1 + digits])
		return err_set(err, ERR_INVALID, "%s", bad_index);
	out->text = text;
	out->prefix_len = (size_t)(line - text);
	out->index = strtoul(line + 1, NULL, 10);
	out->module = json_str(component, "module", "");
	return ERR_OK;
}

static bool
has_same_prefix(const struct name *a, const struct name *b)
{
	return a->prefix_len == b->prefix_len &&
	       !memcmp(a->text, b->text, a->prefix_len);
}

static enum err
check_modules(const struct name *names, size_t n, struct buf *err)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (has_same_prefix(&names[i], &names[k]) &&
			    strcmp(names[i].module, names[k].module))
				return err_set(
				    err, ERR_INVALID, "%s", bad_module);
	return ERR_OK;
}

/* Distinct and each below their number: so they are 0..k-1. */
static enum err
check_indexes(const struct name *names, size_t n, struct buf *err)
{
	for (size_t i = 0; i < n; i++) {
		size_t group = 0, equal = 0;

		for (size_t k = 0; k < n; k++) {
			if (!has_same_prefix(&names[i], &names[k]))
				continue;
			group++;
			equal += names[k].index == names[i].index;
		}
		if (equal > 1 || names[i].index >= group)
			return err_set(err, ERR_INVALID, "%s", bad_form);
	}
	return ERR_OK;
}

enum err
dsl_check_names(const struct dsl *d, const cJSON *components, struct buf *err)
{
	struct name *names = xcalloc(d->n_components, sizeof(*names));
	const cJSON *it;
	size_t n = 0;
	enum err rc = ERR_OK;

	cJSON_ArrayForEach(it, components)
	{
		rc = split(it, &names[n++], err);
		if (rc)
			break;
	}
	if (!rc)
		rc = check_modules(names, n, err);
	if (!rc)
		rc = check_indexes(names, n, err);
	free(names);
	return rc;
}
