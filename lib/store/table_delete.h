/*
 * Deleting the tables that jobs made, found by the filters of data views. Of
 * a view's table only the version that this very job made is meant, and only
 * while it is the current one: a table that was passed on, or that a later
 * upload replaced, is another's.
 */
#ifndef FF_STORE_TABLE_DELETE_H
#define FF_STORE_TABLE_DELETE_H

#include "lib/store/filter.h"

typedef void
table_delete_each(const char *name_space, const char *name, void *ctx);

/*
 * Names each deleted table once it is gone. ERR_NOTFOUND (and no text) when
 * no view matches; deleting none of those that do is a success.
 */
enum err table_delete(struct db *db, const struct filter *f, int64_t now,
    table_delete_each *each, void *ctx, struct buf *err);

#endif
