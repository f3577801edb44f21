/*
 * Jobs as REST shows and stops them.
 */
#ifndef FF_STORE_JOB_QUERY_H
#define FF_STORE_JOB_QUERY_H

#include "lib/core/ids.h"
#include "lib/store/filter.h"

/* The keys of job/query and job/config. */
const struct filter_column *job_query_columns(size_t *n_out);

/*
 * Streams t_job's rows with FATE's column names, the large texts joined to
 * them and our own beside (why it failed or waits, priority, retries, runs, who
 * stopped it, what failed first, how many are ahead): by role and party when
 * the filter has a job id, else oldest first. How many are ahead of a waiting
 * job is counted only with a job id.
 */
enum err job_query_stream(struct db *db, const struct filter *f,
    struct db_rows **out, struct buf *err);

/* What job/config shows of the first of them; at most one row. */
enum job_query_config_column {
	JOB_CONFIG_JOB_ID,
	JOB_CONFIG_DSL,
	JOB_CONFIG_CONF,
	JOB_CONFIG_TRAIN_CONF,
};
enum err job_query_config(struct db *db, const struct filter *f,
    struct db_rows **out, struct buf *err);

/* The description (notes) of one party's row; "" leaves it as it is. */
struct job_query_description {
	const char *job_id;
	const char *role;
	const char *party_id;
	const char *text;
	int64_t now;
};
/* ERR_CONFLICT: there is no such row. */
enum err job_query_describe(
    struct db *db, const struct job_query_description *d, struct buf *err);

/* One job, whatever its parties; strings are owned. */
struct job_query {
	char *status;
	char *initiator_role;
	char *initiator_party_id;
	char *dsl;
	char *conf;
	char *train_conf; /* of a predict job; else "{}" or NULL */
};

/* ERR_NOTFOUND (and no text) when there is none. */
enum err job_query_find(
    struct db *db, const char *job_id, struct job_query *out, struct buf *err);
void job_query_release(struct job_query *j);

/* Who started it: the role and party that tracking falls back on. */
enum err job_query_initiator(struct db *db, const char *job_id,
    char role_out[51], char party_out[ID_PARTY_MAX + 1], struct buf *err);

struct job_query_stop {
	const char *job_id;
	bool is_kill;
	const char *by;	    /* shown and logged: the client's address */
	const char *reason; /* its own words, or NULL */
	int64_t now;
};

/*
 * A waiting job is canceled at once (unless `is_kill`) and *canceled_out is
 * true; for a running one the wish is noted and the scheduler acts on it. The
 * first wish stands, with who asked; a finished job stays as it is.
 * ERR_NOTFOUND (and no text): no such job.
 */
enum err job_query_stop(struct db *db, const struct job_query_stop *s,
    bool *canceled_out, struct buf *err);

/* Cancels every job that waits, for `by`; *n_out: how many. */
enum err job_query_cancel_waiting(
    struct db *db, const char *by, int64_t now, size_t *n_out, struct buf *err);

#endif
