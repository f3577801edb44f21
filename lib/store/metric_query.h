/*
 * Metrics of one component of a job at a party, in the order in which they
 * came. f_key and f_value are JSON texts (lib/store/ingest.h).
 */
#ifndef FF_STORE_METRIC_QUERY_H
#define FF_STORE_METRIC_QUERY_H

#include "lib/store/data_view_query.h"

/* Rows (namespace, name), each once, by first appearance. */
enum err metric_query_names(struct db *db, const struct data_view_key *k,
    struct db_rows **out, struct buf *err);

enum metric_query_column {
	METRIC_NAMESPACE,
	METRIC_NAME,
	METRIC_TYPE,
	METRIC_KEY,
	METRIC_VALUE,
};

/* All rows, or those of one metric when name is not NULL. */
struct metric_query {
	struct data_view_key key;
	const char *name_space;
	const char *name;
};
enum err metric_query_rows(struct db *db, const struct metric_query *q,
    struct db_rows **out, struct buf *err);

#endif
