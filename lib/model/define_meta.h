/*
 * define_meta.yaml, the index of a model's archive (contract: serving,
 * section 4): which module each component is, and which message each buffer.
 *
 * Only the subset of YAML that FATE's writers make of it is read: maps by
 * indentation, plain or quoted scalars, comment lines. All else is refused
 * with the number of its line.
 */
#ifndef FF_MODEL_DEFINE_META_H
#define FF_MODEL_DEFINE_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

#define DEFINE_META_MAX	    ((size_t)1 << 20) /* bytes of the text */
#define DEFINE_META_BUFFERS 10000	      /* rows of either kind */

struct define_component {
	char *name;   /* "hetero_lr_0" */
	char *module; /* "HeteroLR" */
};

struct define_buffer {
	char *component;
	char *alias;
	char *name;    /* "HeteroLogisticRegressionParam" */
	char *message; /* "LRModelParam"; perhaps one that we do not know */
};

/* Zero-initialised is empty; sorted by define_meta_settle(). */
struct define_meta {
	struct define_component *components;
	size_t n_components;
	struct define_buffer *buffers;
	size_t n_buffers;
};

/* Copies the names. */
void define_meta_component(
    struct define_meta *m, const char *name, const char *module);
void define_meta_buffer(struct define_meta *m, const char *component,
    const char *alias, const char *name, const char *message);

/*
 * Sorts, and refuses names that cannot be files, names that are there twice,
 * and buffers of a component without a module.
 */
enum err define_meta_settle(struct define_meta *m, struct buf *err);

/* Of a settled index; NULL when there is no such component or buffer. */
const struct define_component *
define_meta_find(const struct define_meta *m, const char *component);
const struct define_buffer *define_meta_find_buffer(const struct define_meta *m,
    const char *component, const char *alias, const char *name);

/* Parses and settles. On failure *out is empty. */
enum err define_meta_parse(
    const char *text, size_t len, struct define_meta *out, struct buf *err);
/* Appends the YAML of a settled index. */
void define_meta_print(const struct define_meta *m, struct buf *out);
void define_meta_release(struct define_meta *m);

/* May it name a component, an alias, a buffer, a message, a definition? */
bool define_meta_is_name(const char *s);

#endif
