/*
 * The scheduler's side of a task: one row per (job, component, party). The
 * caller holds the job (job_run_hold) in the same transaction, which is the
 * guard; each statement also names the status it leaves.
 */
#ifndef FF_STORE_TASK_RUN_H
#define FF_STORE_TASK_RUN_H

#include "lib/core/ids.h"
#include "lib/core/state.h"
#include "lib/store/db.h"

struct task_run_key {
	const char *job_id;
	const char *task_id;
	const char *role;
	const char *party_id;
};

struct task_run_start {
	const char *component;
	const char *run_ip;
	const char *dir;
	int attempt;
	int64_t fence;
	int64_t now;
};

/* none -> running. */
enum err task_run_insert(struct db *db, const struct task_run_key *k,
    const struct task_run_start *s, struct buf *err);

/*
 * The next attempt of a component over all its parties begins: the ended one
 * is kept in task_attempt, and what it left (metrics, data views, versions of
 * tables) is no more. Then every task is raised.
 */
enum err task_run_keep_attempt(
    struct db *db, const char *job_id, const char *task_id, struct buf *err);
enum err task_run_forget_outputs(struct db *db, const char *job_id,
    const char *task_id, const char *component, int64_t now, struct buf *err);

/* An end -> running, s->attempt; ERR_CONFLICT unless it ended as `last`. */
enum err task_run_raise(struct db *db, const struct task_run_key *k,
    const struct task_run_start *s, int last, struct buf *err);

/* Budgets of a component's running tasks. */
enum err task_run_spend(struct db *db, const char *job_id, const char *task_id,
    int64_t spent_ms, int64_t idle_ms, struct buf *err);

struct task_run_note {
	int64_t pid; /* 0: leave it */
	int64_t progress;
	const char *message;
	int64_t now;
};

/* What a running task says; no change of state. */
enum err task_run_note(struct db *db, const struct task_run_key *k,
    const struct task_run_note *n, struct buf *err);

struct task_run_end {
	enum state status;
	int64_t pid; /* 0: leave it */
	int64_t progress;
	int64_t start_time;
	int64_t now;
	const char *reason;	 /* NULL for a success */
	const char *error_class; /* the same */
};

/* running -> an end. */
enum err task_run_end(struct db *db, const struct task_run_key *k,
    const struct task_run_end *e, struct buf *err);

/* All of a job's that run fail, ended with it. */
enum err task_run_end_all(struct db *db, const char *job_id, const char *reason,
    int64_t now, struct buf *err);

/* A stored task; strings are owned. */
struct task_run {
	char *component;
	char *role;
	char *party_id;
	char *dir;
	char *reason;
	char *error_class;
	enum state status;
	int attempt;
	int64_t fence;
	int64_t spent_ms;
	int64_t idle_ms;
	int64_t start_time;
	int64_t metrics_offset;
	int64_t progress;
};

typedef void task_run_row(const struct task_run *row, void *arg);

/* Calls `row` for every task of a job. */
enum err task_run_each(struct db *db, const char *job_id, task_run_row *row,
    void *arg, struct buf *err);

/* A task of a job that has ended; borrowed. */
struct task_run_ended {
	const char *job_id;
	const char *role;
	const char *party_id;
	const char *component;
	const char *dir;
	int attempt;
	enum state status;
};

typedef void task_run_ended_row(const struct task_run_ended *row, void *arg);

/* Tasks of jobs that ended since `since` (wall ms), at most `limit`. */
enum err task_run_ended(struct db *db, int64_t since, int limit,
    task_run_ended_row *row, void *arg, struct buf *err);

#endif
