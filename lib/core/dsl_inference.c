/*
 * From a training DSL to the one that predicts (contract: jobs, section 5).
 *
 * What is not deployed passes on what it reads: `pass` holds, for each such
 * component that came so far, the reference that stands for its output.
 * Components come in topological order, so a reference leads to one that was
 * seen before, and chains need no second look.
 */
#include "lib/base/mem.h"
#include "lib/core/dsl.h"

#include <stdlib.h>
#include <string.h>

static const char eval_table[] = "args.eval_data";

struct inference {
	const struct dsl *dsl;
	const char *role;
	char **pass; /* per component; NULL: it passes nothing on */
	struct buf *err;
};

static const cJSON *
raw_of(const struct inference *f, const struct dsl_component *c)
{
	return json_get(json_get(f->dsl->root, "components"), c->name);
}

/* The aliases that a component declares for its data or models. */
static const cJSON *
declared(
    const struct inference *f, const struct dsl_component *c, const char *what)
{
	const cJSON *list = json_get(json_get(raw_of(f, c), "output"), what);

	return cJSON_IsArray(list) && list->child ? list : NULL;
}

/* What a data input of the training reads in a prediction. */
static enum err
map_ref(const struct inference *f, const struct dsl_component *c,
    const struct dsl_input *in, struct buf *out)
{
	buf_reset(out);
	if (in->source == DSL_ARGS) {
		buf_adds(out, eval_table);
		return ERR_OK;
	}
	if (f->dsl->components[in->upstream].need_deploy) {
		buf_addf(out, "%s.%s", in->component, in->alias);
		return ERR_OK;
	}
	if (!f->pass[in->upstream])
		return err_set(f->err, ERR_INVALID,
		    "component '%s' reads %s.%s, but %s is not deployed and "
		    "has no input data to pass on in a prediction",
		    c->name, in->component, in->alias, in->component);
	buf_adds(out, f->pass[in->upstream]);
	return ERR_OK;
}

/* The first input of a port, of the word "data" among the free ones. */
static const struct dsl_input *
first_input(const struct dsl_component *c, enum dsl_port port)
{
	for (size_t i = 0; i < c->n_inputs; i++)
		if (c->inputs[i].port == port &&
		    (port != DSL_PORT_DATA ||
			!strcmp(c->inputs[i].key, "data")))
			return &c->inputs[i];
	return NULL;
}

static enum err
pass_on(struct inference *f, size_t at)
{
	static const enum dsl_port ports[] = {
	    DSL_PORT_TRAIN, DSL_PORT_EVAL, DSL_PORT_DATA};
	const struct dsl_component *c = &f->dsl->components[at];
	const struct dsl_input *in = NULL;
	struct buf ref = BUF_INIT;
	enum err rc = ERR_OK;

	if (!declared(f, c, "data"))
		return ERR_OK;
	for (size_t i = 0; !in && i < ARRAY_LEN(ports); i++)
		in = first_input(c, ports[i]);
	if (!in)
		return err_set(f->err, ERR_INVALID,
		    "component '%s' is not deployed and has output data, but "
		    "no input data (data, train_data or eval_data) to pass on "
		    "in a prediction; set its need_deploy to true",
		    c->name);
	rc = map_ref(f, c, in, &ref);
	if (!rc)
		f->pass[at] = buf_detach(&ref);
	buf_release(&ref);
	return rc;
}

static enum err
add_ref(const struct inference *f, const struct dsl_component *c,
    const struct dsl_input *in, cJSON *list)
{
	struct buf ref = BUF_INIT;
	enum err rc = map_ref(f, c, in, &ref);

	if (!rc)
		cJSON_AddItemToArray(list, cJSON_CreateString(ref.ptr));
	buf_release(&ref);
	return rc;
}

/* All of "data"; else the first of train_data or eval_data, to score. */
static enum err
add_data(const struct inference *f, const struct dsl_component *c, cJSON *input)
{
	const struct dsl_input *first = first_input(c, DSL_PORT_DATA);
	bool is_plain = first != NULL;
	cJSON *list;
	enum err rc = ERR_OK;

	if (!first)
		first = first_input(c, DSL_PORT_TRAIN);
	if (!first)
		first = first_input(c, DSL_PORT_EVAL);
	if (!first)
		return ERR_OK;
	list = cJSON_AddArrayToObject(
	    json_child(input, "data", cJSON_CreateObject),
	    is_plain ? "data" : "eval_data");
	if (!is_plain)
		return add_ref(f, c, first, list);
	for (size_t i = 0; !rc && i < c->n_inputs; i++)
		if (c->inputs[i].port == DSL_PORT_DATA &&
		    !strcmp(c->inputs[i].key, "data"))
			rc = add_ref(f, c, &c->inputs[i], list);
	return rc;
}

static void
add_model(const struct dsl_component *c, const char *alias, cJSON *list)
{
	struct buf ref = BUF_INIT;

	buf_addf(&ref, "pipeline.%s.%s", c->name, alias);
	cJSON_AddItemToArray(list, cJSON_CreateString(ref.ptr));
	buf_release(&ref);
}

/* A component without `input` keeps its model under the default alias. */
static void
add_models(
    const struct inference *f, const struct dsl_component *c, cJSON *input)
{
	const cJSON *models = declared(f, c, "model"), *it;
	cJSON *list;

	if (!models)
		return;
	list = cJSON_AddArrayToObject(input, "model");
	if (!json_get(raw_of(f, c), "input")) {
		add_model(c, c->model_alias, list);
		return;
	}
	cJSON_ArrayForEach(it, models)
	{
		if (cJSON_IsString(it))
			add_model(c, it->valuestring, list);
	}
}

static enum err
deploy(
    const struct inference *f, const struct dsl_component *c, cJSON *components)
{
	cJSON *out = cJSON_AddObjectToObject(components, c->name);
	cJSON *input = cJSON_CreateObject();
	const cJSON *data = declared(f, c, "data");
	struct buf path = BUF_INIT;
	enum err rc;

	json_add_str(out, "module", c->module->name);
	add_models(f, c, input);
	rc = add_data(f, c, input);
	if (input->child)
		json_add(out, "input", input);
	else
		cJSON_Delete(input);
	if (data)
		json_add(json_child(out, "output", cJSON_CreateObject), "data",
		    cJSON_Duplicate(data, true));
	if (c->module->roles & spec_role_bit(f->role)) {
		spec_code_path(c->module, f->role, &path);
		json_add_str(out, "CodePath", path.ptr);
	}
	buf_release(&path);
	return rc;
}

enum err
dsl_inference(
    const struct dsl *train, const char *role, cJSON **out, struct buf *err)
{
	struct inference f = {.dsl = train,
	    .role = role,
	    .pass = xcalloc(train->n_components + 1, sizeof(char *)),
	    .err = err};
	cJSON *root = cJSON_CreateObject();
	cJSON *components = cJSON_AddObjectToObject(root, "components");
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < train->n_components; i++) {
		size_t at = (size_t)train->order[i];
		const struct dsl_component *c = &train->components[at];

		rc = c->need_deploy ? deploy(&f, c, components)
				    : pass_on(&f, at);
	}
	for (size_t i = 0; i < train->n_components; i++)
		free(f.pass[i]);
	free(f.pass);
	if (rc)
		cJSON_Delete(root);
	*out = rc ? NULL : root;
	return rc;
}
