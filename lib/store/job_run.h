/*
 * The scheduler's side of a job: claim, hold, progress, end. Every change is
 * one guarded statement; ERR_CONFLICT means that somebody else changed the
 * job and nothing was done. Times are wall milliseconds, given by the caller.
 */
#ifndef FF_STORE_JOB_RUN_H
#define FF_STORE_JOB_RUN_H

#include "lib/core/ids.h"
#include "lib/core/state.h"
#include "lib/store/db.h"

/* A job as a scheduler starts or takes it; strings are owned. */
struct job_run {
	char job_id[ID_JOB_MAX + 1];
	enum state status;
	int64_t fence;
	int64_t timeout_ms;
	int64_t spent_ms;
	int64_t start_time;
	int64_t retries;   /* attempts begun after failures, this run */
	int64_t runs;	   /* 1, and one more for each rerun */
	int64_t run_fence; /* the fence with which the last run began */
	int64_t stop_requested;
	char *stop_by;
	char *ending; /* an event: it was about to end by that; or NULL */
	char *reason; /* why, as the next four */
	char *error_class;
	char *failed_component;
	char *failed_role;
	char *failed_party_id;
	char *rerun_from;     /* a component, or NULL */
	char *pending_reason; /* NULL: none */
	char *dsl;
	char *conf;
	char *train_conf; /* of a predict job; else "{}" or NULL */
};

/* A job in a list: light columns only. */
struct job_run_light {
	char job_id[ID_JOB_MAX + 1];
	int64_t stop_requested; /* 0, 1: cancel, 2: kill */
	char *stop_by;
};

struct job_run_list {
	struct job_run_light *v;
	size_t n;
};

/* Who changes what: the guard of every statement on a running job. */
struct job_run_guard {
	const char *job_id;
	int64_t owner;
	int64_t fence;
};

void job_run_release(struct job_run *j);
void job_run_list_release(struct job_run_list *l);

/* Waiting jobs by priority, then in the order of submission. */
enum err job_run_waiting(
    struct db *db, int64_t limit, struct job_run_list *out, struct buf *err);
/* Running jobs of an owner. */
enum err job_run_owned(
    struct db *db, int64_t owner, struct job_run_list *out, struct buf *err);
/* Jobs of an owner (0: waiting ones) that somebody asked to stop. */
enum err job_run_stops(
    struct db *db, int64_t owner, struct job_run_list *out, struct buf *err);

/* Is there a job that waits, or one whose owner's time is up? */
enum err job_run_any(struct db *db, bool *out, struct buf *err);

/* waiting -> running, the fence raised, every party's row with it. */
enum err job_run_claim(struct db *db, const char *job_id, int64_t owner,
    int64_t now, struct buf *err);
/* All running jobs whose owner's time is up become this owner's. */
enum err job_run_take_over(
    struct db *db, int64_t owner, int64_t *n_out, struct buf *err);
/* ERR_NOTFOUND when there is no such job. */
enum err job_run_read(
    struct db *db, const char *job_id, struct job_run *out, struct buf *err);

/* First statement on a job in a transaction: is it still ours? */
enum err job_run_hold(struct db *db, const struct job_run_guard *g,
    int64_t spent_ms, int64_t now, struct buf *err);

/* Another attempt of a component of a held job begins after a failure. */
enum err job_run_count_retry(
    struct db *db, const struct job_run_guard *g, struct buf *err);

/* NULL takes the reason off. Waiting jobs or, with hold, running ones. */
enum err job_run_set_pending(
    struct db *db, const char *job_id, const char *reason, struct buf *err);

/* Progress of a held job, on every party. `task_id` may be NULL. */
enum err job_run_set_progress(struct db *db, const char *job_id, int progress,
    const char *task_id, int64_t now, struct buf *err);

struct job_run_end {
	enum state status;
	const char *reason;  /* NULL for a success */
	const char *stop_by; /* kept as it is when NULL */
	int64_t now;
	int64_t start_time; /* 0: it never started */
	int64_t spent_ms;
	const char *error_class; /* NULL for a success */
	const char *component;	 /* that failed first, or NULL */
	const char *role;
	const char *party_id;
};

/*
 * A running job that we own is to end by that event; now its tasks may be
 * told. Status and times of `end` do not count.
 */
enum err job_run_set_ending(struct db *db, const struct job_run_guard *g,
    enum state_event event, const struct job_run_end *end, struct buf *err);
/* A running job that we own reaches its end, on every party. */
enum err job_run_end(struct db *db, const struct job_run_guard *g,
    const struct job_run_end *end, struct buf *err);
/* A waiting job ends without having run. */
enum err job_run_end_waiting(struct db *db, const char *job_id,
    const struct job_run_end *end, struct buf *err);

#endif
