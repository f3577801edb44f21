/*
 * The waiting jobs in their order, and what decides who of them may start:
 * the turn that schedulers take one after the other, and what others run.
 */
#ifndef FF_STORE_JOB_QUEUE_H
#define FF_STORE_JOB_QUEUE_H

#include "lib/core/ids.h"
#include "lib/core/quota.h"
#include "lib/store/db.h"

/* Where a job stands: by rank (less is earlier), then by submission. */
struct job_queue_place {
	int64_t rank;
	int64_t seq;
};
#define JOB_QUEUE_FIRST ((struct job_queue_place){INT32_MIN, 0})

/* Texts are borrowed until the next row. */
struct job_queue_row {
	const char *job_id;
	struct job_queue_place place;
	int64_t max_width;
	int64_t task_cores;
	int64_t task_memory;
	const char *demand; /* NULL: not known */
	int64_t passed_ms;
	int64_t stop_requested; /* 0, 1: cancel, 2: kill */
	const char *stop_by;
	const char *pending_reason;
};

/* Waiting jobs behind a place, in order. Ends with db_end(). */
enum err job_queue_behind(struct db *db, const struct job_queue_place *place,
    int64_t limit, struct db_rows **out, struct buf *err);
/* Those submitted after a number, in order. */
enum err job_queue_since(struct db *db, int64_t seq, int64_t limit,
    struct db_rows **out, struct buf *err);
/* ERR_NOTFOUND (and no text) after the last. */
enum err job_queue_next(
    struct db_rows *rows, struct job_queue_row *out, struct buf *err);

/*
 * Takes the site's turn, which this transaction then holds: nobody else
 * admits before it ends. *turn is the one that the caller had last (0: none)
 * and becomes this one; *alone_out: nobody had one in between.
 */
enum err
job_queue_turn(struct db *db, int64_t *turn, bool *alone_out, struct buf *err);

/* Adds what other owners' jobs take; `keys`: by role and party too. */
enum err job_queue_others(struct db *db, int64_t owner, bool keys,
    struct quota_use *use, struct buf *err);

#define JOB_QUEUE_IDS 32

/* One reason for up to JOB_QUEUE_IDS jobs that still wait. */
enum err job_queue_set_pending(struct db *db, const char *const *job_ids,
    size_t n, const char *reason, struct buf *err);

/* How long a waiting job has been passed over; it only grows. */
enum err job_queue_set_passed(
    struct db *db, const char *job_id, int64_t ms, struct buf *err);

#endif
