/* Tasks as job/task/query shows them. */
#ifndef FF_STORE_TASK_QUERY_H
#define FF_STORE_TASK_QUERY_H

#include "lib/store/filter.h"

const struct filter_column *task_query_columns(size_t *n_out);

/* Streams rows by task, role and party (with a job id), else oldest first. */
enum err task_query_stream(struct db *db, const struct filter *f,
    struct db_rows **out, struct buf *err);

/* Where tasks ran and what they are; strings are owned. */
struct task_query_place {
	char *task_id;
	char *component;
	char *role;
	char *party_id;
	char *dir; /* "" when it was never made */
	char *status;
	char *reason; /* NULL: none */
	int64_t pid;
	int64_t start_time;
	int64_t end_time; /* 0: not ended */
};
struct task_query_places {
	struct task_query_place *v;
	size_t n;
};

/* In the order in which they started. The filter must name a job. */
enum err task_query_places(struct db *db, const struct filter *f,
    struct task_query_places *out, struct buf *err);
void task_query_places_release(struct task_query_places *l);

#endif
