/* Tables that a job's components make under names of the user's. */
#ifndef FF_FCGI_CREATE_SAVED_H
#define FF_FCGI_CREATE_SAVED_H

#include "fcgi-app/app.h"
#include "lib/core/conf.h"

/*
 * Refuses what would lose a table: two tasks that save under one name, and a
 * name whose table has rows unless it may be replaced. All faults at once.
 */
enum err create_saved_check(struct app *app, const struct conf *conf,
    const struct dsl *dsl, struct buf *err);

#endif
