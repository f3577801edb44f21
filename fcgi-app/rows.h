/* Rows of the database as lists of objects. */
#ifndef FF_FCGI_ROWS_H
#define FF_FCGI_ROWS_H

#include "fcgi-app/app.h"
#include "lib/store/filter.h"

/* The current row: column names are the keys. */
cJSON *rows_to_json(const struct db_rows *rows);

typedef enum err rows_stream(struct db *db, const struct filter *f,
    struct db_rows **out, struct buf *err);

/* A query endpoint: what filters, what streams, what to say of no rows. */
struct rows_query {
	const struct filter_column *columns;
	size_t n_columns;
	rows_stream *stream;
	bool needs_filter; /* no usable key in the body: no rows */
	const char *none;  /* the text of retcode 101 */
};
enum err rows_answer(struct app *app, const struct rows_query *q,
    const struct request *rq, struct reply *rp, struct buf *err);

#endif
