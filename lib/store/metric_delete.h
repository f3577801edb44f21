/* Metric rows go, by the keys of tracking/component/metric/delete. */
#ifndef FF_STORE_METRIC_DELETE_H
#define FF_STORE_METRIC_DELETE_H

#include "lib/store/filter.h"

/* Keys of text columns; "key" and "value" are JSON and not among them. */
const struct filter_column *metric_delete_columns(size_t *n_out);

/*
 * Deletes what the filter matches (it must have a condition), some thousand
 * rows at a time, each time for good: a request that is broken off has
 * deleted part, and asking again deletes the rest.
 */
enum err metric_delete(struct db *db, const struct filter *f, struct buf *err);

#endif
