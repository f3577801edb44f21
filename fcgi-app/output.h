/* The output table of a component, opened for reading. */
#ifndef FF_FCGI_OUTPUT_H
#define FF_FCGI_OUTPUT_H

#include "fcgi-app/target.h"
#include "lib/table/table.h"

/*
 * *out is NULL (with ERR_OK) when the component has no output table. For an
 * unknown job or component the answer is in `err`, in FATE's words.
 */
enum err output_open(struct app *app, const struct target *t,
    struct table_reader **out, struct buf *err);

#endif
