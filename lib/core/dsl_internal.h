/* What dsl.c and its helpers share; for nobody else. */
#ifndef FF_CORE_DSL_INTERNAL_H
#define FF_CORE_DSL_INTERNAL_H

#include "lib/core/dsl.h"

/* "<prefix>_<n>", n counting from 0 per prefix, one module per prefix. */
enum err
dsl_check_names(const struct dsl *d, const cJSON *components, struct buf *err);

/* Fills upstream and order; a loop is an error. */
enum err dsl_sort(struct dsl *d, enum dsl_mode mode, struct buf *err);

#endif
