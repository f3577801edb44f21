/*
 * Equality filters over one table's columns, as REST's queries take them: a
 * key of the request's body that names a column becomes "column = ?", all
 * AND-ed. Which keys there are is one constant table of the store file; the
 * values are always bound.
 */
#ifndef FF_STORE_FILTER_H
#define FF_STORE_FILTER_H

#include "lib/base/json.h"
#include "lib/store/db.h"

#define FILTER_MAX 24

struct filter_column {
	const char *key; /* in the body: "party_id" */
	const char *sql; /* in the statement: "j.f_party_id" */
	size_t max_len;	 /* of a text column; 0: an integer */
};

struct filter {
	struct db_bind binds[FILTER_MAX];
	char numbers[FILTER_MAX][24]; /* texts of values given as numbers */
	size_t n;		      /* keys that were given */
	bool has_job_id;
	bool is_never; /* a null was given: it matches nothing */
	struct buf where;
};

/* Without a condition; filter_add() gives it some. */
void filter_init(struct filter *f);

/*
 * Reads `body` (borrowed until filter_release(), as its texts are bound). A
 * number is taken for a text column and a numeric text for an integer one;
 * an object, a list, a text that is too long or no number is a fault that
 * names its field. No key given: n is 0 and `where` is empty.
 */
enum err filter_read(struct filter *f, const struct filter_column *columns,
    size_t n_columns, const cJSON *body, struct buf *err);
void filter_release(struct filter *f);

/* Appends one more condition ("f_status = 'success'" needs no bind). */
void filter_add(struct filter *f, const char *sql, struct db_bind bind);

/*
 * Runs head, " WHERE " and the filter if there is one, tail, and streams the
 * rows (db_stream) under a time limit that keeps an unindexed filter from
 * occupying the server. ERR_NOTFOUND never; see db_next().
 */
struct filter_query {
	const char *head; /* "SELECT ... FROM ..." */
	const char *tail; /* " ORDER BY ..." */
	const struct filter *filter;
};
enum err filter_stream(struct db *db, const struct filter_query *q,
    struct db_rows **out, struct buf *err);

#endif
