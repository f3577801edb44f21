/*
 * Reading a finished task's outputs in: first the files, by rename, then the
 * rows, in the transaction that makes the task a success.
 */
#ifndef FF_SCHEDULER_HARVEST_H
#define FF_SCHEDULER_HARVEST_H

#include "lib/store/ingest.h"
#include "scheduler/scheduler.h"

/*
 * Moves the task's table, published table and model to their places; t->result
 * is its state.json. Repeatable: what was moved before a crash is found. On
 * failure `err` says why the task's result cannot be used.
 */
enum err
harvest_files(struct scheduler *s, struct run_task *t, struct buf *err);

/*
 * Makes the names of all tables moved since durable, by one flush however many
 * there are. Before the commit of the rows that name them.
 */
enum err harvest_sync(struct scheduler *s, struct buf *err);

/* Catalogue, data view and model metadata of a success. */
enum err harvest_rows(
    struct scheduler *s, struct run_task *t, int64_t now, struct buf *err);

/* The last attempt's model counts no more, since another attempt begins. */
enum err harvest_forget(
    struct scheduler *s, struct run_task *t, int64_t now, struct buf *err);

/* Metadata of a party's model: of `m` the size that is new, and now, given. */
enum err harvest_model_row(struct scheduler *s, const struct run_job *j,
    const struct conf_party *party, struct ingest_model *m, struct buf *err);

/* Metrics since the last look; also of a task that runs or has failed. */
enum err harvest_metrics(
    struct scheduler *s, struct run_task *t, int64_t now, struct buf *err);

#endif
