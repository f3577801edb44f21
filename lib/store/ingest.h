/*
 * What a task left behind, read into the database: metrics, data views and
 * the metadata of models. The caller holds the job in the same transaction.
 */
#ifndef FF_STORE_INGEST_H
#define FF_STORE_INGEST_H

#include "lib/base/digest.h"
#include "lib/store/task_run.h"

enum ingest_metric_type {
	INGEST_META = 0,
	INGEST_POINT = 1,
};

/* Texts are borrowed; key and value are JSON. */
struct ingest_metric {
	const char *name_space;
	const char *name;
	const char *key;
	const char *value;
	enum ingest_metric_type type;
};

struct ingest_metrics {
	const char *component;
	int attempt;
	const struct ingest_metric *v;
	size_t n;
	int64_t offset; /* how far metrics.jsonl is read in with these */
	int64_t now;
};

/* Rows and offset, together. */
enum err ingest_metrics(struct db *db, const struct task_run_key *k,
    const struct ingest_metrics *m, struct buf *err);

struct ingest_view {
	const char *component;
	const char *table_name; /* "" when there is no output; or NULL */
	const char *table_namespace;
	int64_t table_id;	    /* of the catalogue; 0: none */
	int64_t count_upload;	    /* -1: null */
	int64_t count_actual;	    /* -1: null */
	int64_t partitions;	    /* -1: null */
	const char *party_model_id; /* NULL: no model */
	const char *model_version;
	int64_t now;
};

enum err ingest_view(struct db *db, const struct task_run_key *k,
    const struct ingest_view *v, struct buf *err);

/* The output table of a finished task; strings are owned. */
struct ingest_table {
	char *name_space;
	char *name;
	char *file; /* below <work>/tables */
	int64_t partitions;
};

/* ERR_NOTFOUND when the task made none. */
enum err ingest_output(struct db *db, const struct task_run_key *k,
    struct ingest_table *out, struct buf *err);
void ingest_table_release(struct ingest_table *t);

struct ingest_model {
	const char *role;
	const char *party_id;
	const char *roles; /* JSON */
	const char *job_id;
	const char *model_id;
	const char *model_version;
	int64_t size;
	int64_t now;
};

/* The model's row; one that is there already grows by `size`. */
enum err
ingest_model(struct db *db, const struct ingest_model *m, struct buf *err);

/* What the row is found by: SHA-256 of role, party, model id and version. */
void
ingest_model_key(const struct ingest_model *m, uint8_t out[DIGEST_SHA256_LEN]);

#endif
