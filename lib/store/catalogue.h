/*
 * The catalogue of data tables: (namespace, name) -> the current version, its
 * file, rows, schema and ledger. A version never changes once published; a
 * new one takes its place and the old file stays until no job that could have
 * pinned it lives.
 */
#ifndef FF_STORE_CATALOGUE_H
#define FF_STORE_CATALOGUE_H

#include "lib/store/db.h"

struct catalogue_table {
	int64_t id;
	char *name_space;
	char *name;
	int version;
	bool is_current;
	char *file; /* below <work>/tables/ */
	int64_t rows;
	int partitions;
	char *schema_json; /* the metas that table_info shows */
	char *digest;	   /* SHA-256 of the content, hex */
	char *ledger_json; /* rejected rows, or NULL */
	char *job_id;	   /* that made it, or NULL */
	int64_t create_time;
};

/* Frees the texts; for what find and get filled in. */
void catalogue_release(struct catalogue_table *t);

/* ERR_NOTFOUND names the table. */
enum err catalogue_find(struct db *db, const char *name_space, const char *name,
    struct catalogue_table *out, struct buf *err);
/* Any version, current or not, unless its file is gone. */
enum err catalogue_get(
    struct db *db, int64_t id, struct catalogue_table *out, struct buf *err);

/*
 * Makes `t` (whose id and version are ignored) the current version, in the
 * caller's transaction if there is one. The file must stand in its place
 * already. A race of two publishers is repeated by db_transact().
 */
enum err catalogue_publish(struct db *db, const struct catalogue_table *t,
    int64_t *id_out, struct buf *err);

/* The table is no more; ERR_NOTFOUND names it. `now` in wall ms. */
enum err catalogue_delete(struct db *db, const char *name_space,
    const char *name, int64_t now, struct buf *err);

/* The name of the newest current table of a namespace; ERR_NOTFOUND. */
enum err catalogue_newest(
    struct db *db, const char *name_space, char **name_out, struct buf *err);

/*
 * The version `id`, current or not, is no more, if `job_id` made it: what a
 * job only read stays. Nothing to do is a success.
 */
enum err catalogue_delete_made(struct db *db, int64_t id, const char *job_id,
    int64_t now, struct buf *err);

/*
 * Files that nobody can need any more: replaced or deleted, and no job lives
 * that was there when an earlier call saw that; a job that came later cannot
 * have pinned them. No clock is asked. The caller unlinks, then says so with
 * catalogue_swept(). *n_new_out: seen for the first time, so call again.
 */
typedef void catalogue_sweep_each(int64_t id, const char *file, void *ctx);
enum err catalogue_sweep(struct db *db, int limit, catalogue_sweep_each *each,
    void *ctx, size_t *n_new_out, struct buf *err);
enum err catalogue_swept(struct db *db, int64_t id, struct buf *err);

/* Does a row, of whatever version, name this file below <work>/tables? */
enum err
catalogue_has_file(struct db *db, const char *file, bool *out, struct buf *err);

#endif
