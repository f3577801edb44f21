/*
 * A job's DSL (version 1): components, where their inputs come from, and the
 * order in which they can run. Pure: text in, structure out.
 */
#ifndef FF_CORE_DSL_H
#define FF_CORE_DSL_H

#include <stdbool.h>

#include "lib/spec/spec.h"

#define DSL_NAME_MAX	   128 /* bytes: what the database keeps */
#define DSL_COMPONENTS_MAX 512

enum dsl_source {
	DSL_COMPONENT, /* "<component>.<alias>" */
	DSL_ARGS,      /* "args.<key>": a table of role_parameters */
	DSL_PIPELINE,  /* "pipeline.<component>.<alias>": a saved model */
};

/* What an input word means to a component. */
enum dsl_port {
	DSL_PORT_DATA,	    /* "data" and every other free word */
	DSL_PORT_TRAIN,	    /* "train_data" */
	DSL_PORT_EVAL,	    /* "eval_data" */
	DSL_PORT_MODEL,	    /* "model" */
	DSL_PORT_ISOMETRIC, /* "isometric_model" */
};

struct dsl_input {
	enum dsl_port port;
	const char *key; /* the word in the DSL: "data", "train_data", ... */
	enum dsl_source source;
	const char *component; /* of DSL_COMPONENT and DSL_PIPELINE, or NULL */
	int upstream;	       /* index of that component, or -1 */
	const char *alias;     /* alias, or the args key */
	char *text;	       /* holds component and alias */
};

struct dsl_component {
	const char *name;
	const struct spec_module *module;
	struct dsl_input *inputs;
	size_t n_inputs;
	const char *data_alias;	 /* first output.data, or "component" */
	const char *model_alias; /* first output.model, or "default" */
	bool need_deploy;
	int *upstream; /* distinct indexes, in input order */
	size_t n_upstream;
};

struct dsl {
	struct dsl_component *components; /* in DSL order */
	size_t n_components;
	int *order;  /* topological, as FATE-Flow lists it (LIFO Kahn) */
	cJSON *root; /* owns the other strings above */
};

enum dsl_mode { DSL_TRAIN, DSL_PREDICT };

/*
 * Parses a DSL object (borrowed; a copy is kept). ERR_INVALID with
 * FATE-Flow's own text where it has one (contract: jobs, section 3).
 */
enum err dsl_parse(
    const cJSON *object, enum dsl_mode mode, struct dsl *out, struct buf *err);
void dsl_release(struct dsl *d);

/*
 * The DSL by which the models of a training are applied, as one role keeps it
 * (contract: jobs, section 5): a fresh tree in topological order. ERR_INVALID
 * names what is not deployed and yet has nothing to pass on.
 */
enum err dsl_inference(
    const struct dsl *train, const char *role, cJSON **out, struct buf *err);

/* The saved model that a component applies, which is its first; or NULL. */
const struct dsl_input *dsl_pipeline_input(const struct dsl_component *c);

/* Index of a component, or -1. */
int dsl_find(const struct dsl *d, const char *name);

#endif
