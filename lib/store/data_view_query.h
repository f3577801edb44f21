/* What tasks left behind, as job/data/view/query and tracking show it. */
#ifndef FF_STORE_DATA_VIEW_QUERY_H
#define FF_STORE_DATA_VIEW_QUERY_H

#include "lib/store/filter.h"

const struct filter_column *data_view_query_columns(size_t *n_out);
enum err data_view_query_stream(struct db *db, const struct filter *f,
    struct db_rows **out, struct buf *err);

/* Whose output: a component of a job at a party. Borrowed texts. */
struct data_view_key {
	const char *job_id;
	const char *component;
	const char *role;
	const char *party_id;
};

/*
 * The file (below <work>/tables) of the output table, owned by the caller;
 * ERR_NOTFOUND (and no text) when there is none or it was deleted.
 */
enum err data_view_query_file(struct db *db, const struct data_view_key *k,
    char **file_out, struct buf *err);

#endif
