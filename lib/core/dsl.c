/*
 * The parse goes in the contract's order, so that of several faults the one
 * is told that FATE-Flow would tell: shape, names, references, loops, modules.
 * Names and aliases become parts of paths, hence the one check that FATE-Flow
 * does not have.
 */
#include "lib/core/dsl.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/core/dsl_internal.h"

#include <stdlib.h>
#include <string.h>

static const char no_dsl[] = "there are no dsl, please check if the role and "
			     "party id are correct";
static const char no_components[] =
    "there are no components in dsl, please have a check!";

static bool
is_name(const char *s)
{
	return path_is_component(s) && strlen(s) <= DSL_NAME_MAX;
}

/* ---- outputs ---- */

static enum err
read_alias(const struct dsl_component *c, const cJSON *output, const char *what,
    const char **out, struct buf *err)
{
	const cJSON *list = json_get(output, what);
	const cJSON *first = cJSON_IsArray(list) ? list->child : NULL;

	if (!list || cJSON_IsNull(list) || (cJSON_IsArray(list) && !first))
		return ERR_OK;
	if (!cJSON_IsString(first) || !is_name(first->valuestring))
		return err_set(err, ERR_INVALID,
		    "component '%s': output.%s must be a list of names of at "
		    "most %d bytes without '/'",
		    c->name, what, DSL_NAME_MAX);
	*out = first->valuestring;
	return ERR_OK;
}

/* Without `input` FATE-Flow registers no outputs: the defaults stand. */
static enum err
read_outputs(struct dsl_component *c, const cJSON *object, struct buf *err)
{
	const cJSON *output = json_get(object, "output");
	enum err rc;

	c->data_alias = "component";
	c->model_alias = "default";
	if (output && !cJSON_IsNull(output) && !cJSON_IsObject(output))
		return err_set(err, ERR_INVALID,
		    "component '%s': output must be an object", c->name);
	if (!json_get(object, "input"))
		return ERR_OK;
	rc = read_alias(c, output, "data", &c->data_alias, err);
	if (!rc)
		rc = read_alias(c, output, "model", &c->model_alias, err);
	return rc;
}

/* ---- inputs ---- */

struct reader {
	struct dsl *dsl;
	enum dsl_mode mode;
	struct dsl_component *component;
	struct buf *err;
};

static enum dsl_port
data_port(const char *key)
{
	if (!strcmp(key, "train_data"))
		return DSL_PORT_TRAIN;
	if (!strcmp(key, "eval_data"))
		return DSL_PORT_EVAL;
	return DSL_PORT_DATA;
}

static bool
is_model_port(enum dsl_port port)
{
	return port == DSL_PORT_MODEL || port == DSL_PORT_ISOMETRIC;
}

/* "<first>...<last>": NUL ends the first part, *last may equal first. */
static void
split_ref(char *text, const char **first, const char **last)
{
	char *dot = strchr(text, '.'), *end = strrchr(text, '.');

	*first = text;
	*last = NULL;
	if (!dot)
		return;
	*last = end + 1;
	*end = '\0';
	*dot = '\0';
}

static enum err
bad_ref(const struct reader *r, const char *ref)
{
	return err_set(r->err, ERR_INVALID,
	    "component '%s': the input \"%s\" must be "
	    "<component>.<output> or args.<key>",
	    r->component->name, ref);
}

/* "pipeline.<component>.<alias>": a model of the training job. */
static enum err
resolve_pipeline(const struct reader *r, const char *ref, struct dsl_input *in)
{
	in->source = DSL_PIPELINE;
	in->component = in->text + strlen("pipeline") + 1;
	in->upstream = dsl_find(r->dsl, in->component);
	if (in->component == in->alias || !is_name(in->component) ||
	    !is_name(in->alias))
		return bad_ref(r, ref);
	return ERR_OK;
}

static enum err
resolve(const struct reader *r, const char *ref, struct dsl_input *in)
{
	bool is_model = is_model_port(in->port);

	in->text = xstrdup(ref);
	split_ref(in->text, &in->component, &in->alias);
	in->upstream = -1;
	if (!is_model && !strcmp(in->component, "args") && in->alias) {
		in->source = DSL_ARGS;
		in->component = NULL;
		return *in->alias ? ERR_OK : bad_ref(r, ref);
	}
	if (is_model && r->mode == DSL_PREDICT && in->alias &&
	    !strcmp(in->component, "pipeline"))
		return resolve_pipeline(r, ref, in);
	in->source = DSL_COMPONENT;
	in->upstream = dsl_find(r->dsl, in->component);
	if (in->upstream < 0)
		return err_set(r->err, ERR_INVALID,
		    "unknown module input %.200s",
		    is_model || !*in->component ? ref : in->component);
	if (!in->alias || !is_name(in->alias))
		return bad_ref(r, ref);
	return ERR_OK;
}

static enum err
read_refs(const struct reader *r, enum dsl_port port, const cJSON *list)
{
	struct dsl_component *c = r->component;
	const cJSON *it;
	size_t n = c->n_inputs + (size_t)cJSON_GetArraySize(list);
	enum err rc = ERR_OK;

	if (cJSON_IsNull(list))
		return ERR_OK;
	if (!cJSON_IsArray(list))
		return err_set(r->err, ERR_INVALID,
		    "component '%s': input '%s' must be a list of texts",
		    c->name, list->string);
	c->inputs = xreallocarray(c->inputs, n + 1, sizeof(*c->inputs));
	cJSON_ArrayForEach(it, list)
	{
		struct dsl_input *in = &c->inputs[c->n_inputs];

		if (!cJSON_IsString(it))
			return err_set(r->err, ERR_INVALID,
			    "component '%s': input '%s' must be a list of "
			    "texts",
			    c->name, list->string);
		*in = (struct dsl_input){.port = port, .key = list->string};
		c->n_inputs++;
		rc = resolve(r, it->valuestring, in);
		if (rc)
			return rc;
	}
	return ERR_OK;
}

static enum err
read_data(const struct reader *r, const cJSON *data)
{
	const cJSON *it;
	enum err rc = ERR_OK;

	if (cJSON_IsNull(data))
		return ERR_OK;
	if (!cJSON_IsObject(data))
		return err_set(r->err, ERR_INVALID,
		    "component '%s': input.data must be an object of lists",
		    r->component->name);
	cJSON_ArrayForEach(it, data)
	{
		rc = read_refs(r, data_port(it->string), it);
		if (rc)
			break;
	}
	return rc;
}

static enum err
read_inputs(const struct reader *r, const cJSON *input)
{
	const cJSON *it;
	enum err rc = ERR_OK;

	if (!input || cJSON_IsNull(input))
		return ERR_OK;
	if (!cJSON_IsObject(input))
		return err_set(r->err, ERR_INVALID,
		    "component '%s': input must be an object",
		    r->component->name);
	cJSON_ArrayForEach(it, input)
	{
		if (!strcmp(it->string, "data"))
			rc = read_data(r, it);
		else if (!strcmp(it->string, "model"))
			rc = read_refs(r, DSL_PORT_MODEL, it);
		else if (!strcmp(it->string, "isometric_model"))
			rc = read_refs(r, DSL_PORT_ISOMETRIC, it);
		if (rc)
			break;
	}
	return rc;
}

/* ---- the whole ---- */

static enum err
read_names(struct dsl *d, const cJSON *components, struct buf *err)
{
	const cJSON *it;
	size_t n = (size_t)cJSON_GetArraySize(components);

	if (n > DSL_COMPONENTS_MAX)
		return err_set(err, ERR_INVALID,
		    "the dsl has %zu components, at most %d are possible", n,
		    DSL_COMPONENTS_MAX);
	d->components = xcalloc(n, sizeof(*d->components));
	cJSON_ArrayForEach(it, components)
	{
		if (!cJSON_IsObject(it))
			return err_set(err, ERR_INVALID,
			    "component '%.64s' must be an object", it->string);
		if (!json_str(it, "module", NULL))
			return err_set(err, ERR_INVALID,
			    "component '%.64s': 'module' is required, a text",
			    it->string);
		if (!is_name(it->string))
			return err_set(err, ERR_INVALID,
			    "component's name must be at most %d bytes "
			    "without '/' and control characters, not '%.64s'",
			    DSL_NAME_MAX, it->string);
		d->components[d->n_components++].name = it->string;
	}
	return ERR_OK;
}

static enum err
read_components(
    struct dsl *d, const cJSON *components, enum dsl_mode mode, struct buf *err)
{
	struct reader r = {.dsl = d, .mode = mode, .err = err};
	const cJSON *it;
	size_t i = 0;
	enum err rc = ERR_OK;

	cJSON_ArrayForEach(it, components)
	{
		r.component = &d->components[i++];
		rc = read_outputs(r.component, it, err);
		if (!rc)
			rc = read_inputs(&r, json_get(it, "input"));
		if (rc)
			break;
	}
	return rc;
}

static enum err
unknown_module(
    const struct dsl_component *c, const char *module, struct buf *err)
{
	struct buf offered = BUF_INIT;
	size_t n;
	const struct spec_module *const *all = spec_all(&n);

	if (!strcmp(module, "Pipeline"))
		return err_set(err, ERR_INVALID, "find module Pipeline");
	for (size_t i = 0; i < n; i++)
		buf_addf(&offered, "%s%s", i ? ", " : "", all[i]->name);
	err_set(err, ERR_INVALID,
	    "module '%.64s' of component '%s' is not offered; offered are: %s",
	    module, c->name, offered.ptr);
	buf_release(&offered);
	return ERR_INVALID;
}

static enum err
find_modules(struct dsl *d, const cJSON *components, struct buf *err)
{
	const cJSON *it;
	size_t i = 0;

	cJSON_ArrayForEach(it, components)
	{
		struct dsl_component *c = &d->components[i++];
		const char *name = json_str(it, "module", "");

		c->module = spec_find(name);
		if (!c->module)
			return unknown_module(c, name, err);
		c->need_deploy =
		    json_bool(it, "need_deploy", c->module->deploy);
	}
	return ERR_OK;
}

enum err
dsl_parse(
    const cJSON *object, enum dsl_mode mode, struct dsl *out, struct buf *err)
{
	const cJSON *components;
	enum err rc;

	memset(out, 0, sizeof(*out));
	if (!cJSON_IsObject(object) || !object->child)
		return err_set(err, ERR_INVALID, "%s", no_dsl);
	components = json_get(object, "components");
	if (!cJSON_IsObject(components) || !components->child)
		return err_set(err, ERR_INVALID, "%s", no_components);
	out->root = cJSON_Duplicate(object, true);
	components = json_get(out->root, "components");
	rc = read_names(out, components, err);
	if (!rc && mode == DSL_TRAIN)
		rc = dsl_check_names(out, components, err);
	if (!rc)
		rc = read_components(out, components, mode, err);
	if (!rc)
		rc = dsl_sort(out, mode, err);
	if (!rc)
		rc = find_modules(out, components, err);
	if (rc)
		dsl_release(out);
	return rc;
}

void
dsl_release(struct dsl *d)
{
	for (size_t i = 0; i < d->n_components; i++) {
		struct dsl_component *c = &d->components[i];

		for (size_t k = 0; k < c->n_inputs; k++)
			free(c->inputs[k].text);
		free(c->inputs);
		free(c->upstream);
	}
	free(d->components);
	free(d->order);
	cJSON_Delete(d->root);
	memset(d, 0, sizeof(*d));
}

const struct dsl_input *
dsl_pipeline_input(const struct dsl_component *c)
{
	for (size_t i = 0; i < c->n_inputs; i++)
		if (c->inputs[i].source == DSL_PIPELINE)
			return &c->inputs[i];
	return NULL;
}

int
dsl_find(const struct dsl *d, const char *name)
{
	for (size_t i = 0; i < d->n_components; i++)
		if (!strcmp(d->components[i].name, name))
			return (int)i;
	return -1;
}
