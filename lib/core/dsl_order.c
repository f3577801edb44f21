/*
 * Edges and the topological list. Kahn with a stack: roots are pushed in DSL
 * order and the last is taken first, which is the order in which FATE-Flow
 * lists components. What becomes ready is pushed in DSL order.
 */
#include "lib/base/mem.h"
#include "lib/core/dsl_internal.h"

#include <stdlib.h>

static bool
is_edge(const struct dsl_input *in, enum dsl_mode mode)
{
	bool is_model =
	    in->port == DSL_PORT_MODEL || in->port == DSL_PORT_ISOMETRIC;

	return in->source == DSL_COMPONENT && (mode == DSL_TRAIN || !is_model);
}

static void
add_upstream(struct dsl_component *c, int index)
{
	for (size_t i = 0; i < c->n_upstream; i++)
		if (c->upstream[i] == index)
			return;
	c->upstream[c->n_upstream++] = index;
}

static void
collect(struct dsl_component *c, enum dsl_mode mode)
{
	c->upstream = xcalloc(c->n_inputs + 1, sizeof(*c->upstream));
	for (size_t i = 0; i < c->n_inputs; i++)
		if (is_edge(&c->inputs[i], mode))
			add_upstream(c, c->inputs[i].upstream);
}

static bool
depends_on(const struct dsl_component *c, int index)
{
	for (size_t i = 0; i < c->n_upstream; i++)
		if (c->upstream[i] == index)
			return true;
	return false;
}

/* Takes from the stack until it is empty; returns how many came out. */
static size_t
drain(struct dsl *d, int *stack, size_t n_stack, size_t *degree)
{
	size_t done = 0;

	while (n_stack) {
		int taken = stack[--n_stack];

		d->order[done++] = taken;
		for (size_t i = 0; i < d->n_components; i++)
			if (depends_on(&d->components[i], taken) &&
			    --degree[i] == 0)
				stack[n_stack++] = (int)i;
	}
	return done;
}

enum err
dsl_sort(struct dsl *d, enum dsl_mode mode, struct buf *err)
{
	size_t n = d->n_components, n_stack = 0, done;
	size_t *degree = xcalloc(n, sizeof(*degree));
	int *stack = xcalloc(n, sizeof(*stack));

	d->order = xcalloc(n, sizeof(*d->order));
	for (size_t i = 0; i < n; i++) {
		collect(&d->components[i], mode);
		degree[i] = d->components[i].n_upstream;
		if (degree[i] == 0)
			stack[n_stack++] = (int)i;
	}
	done = drain(d, stack, n_stack, degree);
	free(degree);
	free(stack);
	if (done < n)
		return err_set(err, ERR_INVALID,
		    "component dependencies form loop, please check");
	return ERR_OK;
}
