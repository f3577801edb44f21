/* Tasks as job/task/query shows them. */
#ifndef FF_STORE_TASK_QUERY_H
#define FF_STORE_TASK_QUERY_H

#include "lib/store/filter.h"

const struct filter_column *task_query_columns(size_t *n_out);

/* Streams rows by task, role and party (with a job id), else oldest first. */
enum err task_query_stream(struct db *db, const struct filter *f,
    struct db_rows **out, struct buf *err);

#endif
