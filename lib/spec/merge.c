/*
 * The merge walks the given object beside the rows: a path that is a row is a
 * leaf, one that begins rows is a group, anything else is unknown.
 */
#include "lib/spec/spec.h"

#include <string.h>

struct merge {
	const struct spec_module *module;
	const char *component;
	int party;
	cJSON *warnings;
	struct buf *err;
	enum err rc;
	struct buf path; /* of the current key, dotted */
};

enum kind { UNKNOWN, LEAF, GROUP };

static enum kind
kind_of(const struct merge *m, unsigned *flags_out)
{
	const char *path = m->path.ptr;

	*flags_out = 0;
	for (size_t i = 0; i < m->module->n_params; i++) {
		const struct spec_param *p = &m->module->params[i];

		if (!strcmp(p->name, path)) {
			*flags_out = p->flags;
			return p->flags & SPEC_SHOWN_ONLY ? UNKNOWN : LEAF;
		}
		if (!strncmp(p->name, path, m->path.len) &&
		    p->name[m->path.len] == '.')
			return GROUP;
	}
	return UNKNOWN;
}

static void
fault(struct merge *m, const cJSON *value, unsigned flags, const char *expected)
{
	if (m->err) {
		if (m->rc)
			buf_adds(m->err, "; ");
		buf_addf(m->err, "component '%s': parameter '%s' is ",
		    m->component, m->path.ptr);
		if (flags & SPEC_SECRET)
			buf_adds(m->err, SPEC_HIDDEN);
		else
			json_print(value, JSON_COMPACT, m->err);
		buf_addf(m->err, ", expected %s", expected);
	}
	m->rc = ERR_INVALID;
}

static void
warn(struct merge *m)
{
	struct buf text = BUF_INIT;
	const cJSON *it;

	if (!m->warnings)
		return;
	buf_addf(&text, "%s.%s", m->component, m->path.ptr);
	cJSON_ArrayForEach(
	    it, m->warnings) if (!strcmp(it->valuestring, text.ptr)) goto out;
	cJSON_AddItemToArray(m->warnings, cJSON_CreateString(text.ptr));
out:
	buf_release(&text);
}

static void
set_leaf(struct merge *m, const cJSON *value, unsigned flags, cJSON *into)
{
	if (m->party >= 0) {
		if (!cJSON_IsArray(value)) {
			fault(m, value, flags,
			    "a list with one value per party, because it "
			    "stands in role_parameters");
			return;
		}
		value = cJSON_GetArrayItem(value, m->party);
		if (!value)
			return;
		cJSON_ReplaceItemInObjectCaseSensitive(into,
		    strrchr(m->path.ptr, '.') ? strrchr(m->path.ptr, '.') + 1
					      : m->path.ptr,
		    cJSON_Duplicate(value, true));
		return;
	}
	cJSON_ReplaceItemInObjectCaseSensitive(
	    into, value->string, cJSON_Duplicate(value, true));
}

static void
merge_object(struct merge *m, const cJSON *given, cJSON *into)
{
	size_t len = m->path.len;
	const cJSON *it;
	unsigned flags;

	cJSON_ArrayForEach(it, given)
	{
		if (len)
			buf_addc(&m->path, '.');
		buf_adds(&m->path, it->string);
		switch (kind_of(m, &flags)) {
		case UNKNOWN:
			warn(m);
			break;
		case LEAF:
			set_leaf(m, it, flags, into);
			break;
		case GROUP:
			if (cJSON_IsObject(it))
				merge_object(m, it,
				    cJSON_GetObjectItemCaseSensitive(
					into, it->string));
			else
				fault(m, it, flags, "an object");
			break;
		}
		buf_truncate(&m->path, len);
	}
}

enum err
spec_merge(const struct spec_module *m, const char *component,
    const cJSON *given, int party, cJSON *into, cJSON *warnings,
    struct buf *err)
{
	struct merge state = {
	    .module = m,
	    .component = component,
	    .party = party,
	    .warnings = warnings,
	    .err = err,
	    .path = BUF_INIT,
	};

	if (!given)
		return ERR_OK;
	if (!cJSON_IsObject(given))
		return err_set(err, ERR_INVALID,
		    "component '%s': its parameters must be an object",
		    component);
	merge_object(&state, given, into);
	buf_release(&state.path);
	return state.rc;
}
