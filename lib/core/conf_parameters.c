/*
 * A party's parameters: the module's defaults, then what holds for all
 * parties, then the party's own. A component that takes over a model takes
 * over that component's parameters too, and its own count for nothing.
 */
#include "lib/base/mem.h"
#include "lib/core/conf.h"

#include <string.h>

static const cJSON *
algorithm_of(const struct conf *c, const char *component)
{
	return json_get(json_get(c->root, "algorithm_parameters"), component);
}

static const cJSON *
role_of(const struct conf *c, const char *role)
{
	return json_get(json_get(c->root, "role_parameters"), role);
}

/* Where the parameters of a component stand: follow its `model` input. */
static const struct dsl_component *
source_of(const struct dsl *d, const struct dsl_component *c)
{
	size_t hops = 0;

	for (size_t i = 0; i < c->n_inputs && hops <= d->n_components; i++) {
		const struct dsl_input *in = &c->inputs[i];

		if (in->port != DSL_PORT_MODEL || in->source != DSL_COMPONENT ||
		    in->upstream < 0 ||
		    d->components[in->upstream].module != c->module)
			continue;
		c = &d->components[in->upstream];
		hops++;
		i = (size_t)-1;
	}
	return c;
}

enum err
conf_parameters(const struct conf *c, const struct dsl *d, size_t component,
    const struct conf_party *party, cJSON *warnings, cJSON **out,
    struct buf *err)
{
	const struct dsl_component *from =
	    source_of(d, &d->components[component]);
	const struct spec_module *m = from->module;
	cJSON *params;
	enum err rc;

	*out = NULL;
	if (c->train) {
		party = conf_find_party(c->train, party->role, party->party_id);
		c = c->train;
	}
	if (!party || !(m->roles & spec_role_bit(party->role)))
		return ERR_OK;
	params = spec_defaults(m);
	rc = spec_merge(m, from->name, algorithm_of(c, from->name), -1, params,
	    warnings, err);
	if (!rc)
		rc = spec_merge(m, from->name,
		    json_get(role_of(c, party->role), from->name), party->index,
		    params, warnings, err);
	if (!rc)
		rc = spec_check(m, from->name, params, err);
	if (rc) {
		cJSON_Delete(params);
		return rc;
	}
	*out = cJSON_CreateObject();
	json_add(*out, m->param_class, params);
	json_add_str(*out, "module", m->name);
	return ERR_OK;
}

bool
conf_needs_run(const struct conf *c, const struct dsl *d, size_t component,
    const struct conf_party *party)
{
	const struct spec_module *m = d->components[component].module;
	cJSON *params = NULL;
	bool answer = false;

	if (!conf_parameters(c, d, component, party, NULL, &params, NULL) &&
	    params)
		answer = json_bool(
		    json_get(params, m->param_class), "need_run", true);
	cJSON_Delete(params);
	return answer;
}

/* ---- tables ---- */

static const cJSON *
args_of(const struct conf *c, const char *role)
{
	return json_get(json_get(role_of(c, role), "args"), "data");
}

enum err
conf_args_table(const struct conf *c, const struct conf_party *party,
    const char *key, const char **name_out, const char **namespace_out)
{
	const cJSON *list = json_get(args_of(c, party->role), key);
	const cJSON *table =
	    cJSON_IsArray(list) ? cJSON_GetArrayItem(list, party->index) : NULL;

	*name_out = json_str(table, "name", NULL);
	*namespace_out = json_str(table, "namespace", NULL);
	return *name_out && *namespace_out ? ERR_OK : ERR_NOTFOUND;
}

bool
conf_has_tables(const struct conf *c, const struct conf_party *party)
{
	const char *name, *name_space;
	const cJSON *it;

	cJSON_ArrayForEach(it, args_of(c, party->role))
	{
		if (!conf_args_table(c, party, it->string, &name, &name_space))
			return true;
	}
	return false;
}
