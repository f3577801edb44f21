/* All that the database knows of why a job is where it is. */
#ifndef FF_STORE_JOB_EXPLAIN_H
#define FF_STORE_JOB_EXPLAIN_H

#include "lib/core/ids.h"
#include "lib/core/state.h"
#include "lib/store/db.h"

/* A task's last attempt, or one before it. Times in wall ms, 0: not yet. */
struct job_explain_task {
	char *component;
	char *role;
	char *party_id;
	char *message;	   /* what it said last, or NULL; not of old ones */
	char *reason;	   /* or NULL */
	char *error_class; /* or NULL */
	char *dir;	   /* "" when it was never made */
	enum state status;
	int64_t attempt;
	int64_t progress;
	int64_t pid;
	int64_t start_time;
	int64_t end_time;
	int64_t spent_ms;
	int64_t idle_ms;   /* without progress, as last written down */
	int64_t silent_ms; /* since it wrote its state; -1: not looked */
};

struct job_explain_tasks {
	struct job_explain_task *v; /* in the order of their starts */
	size_t n;
};

/* Strings are owned; NULL: none. */
struct job_explain {
	char job_id[ID_JOB_MAX + 1];
	enum state status;
	char *kind;
	char *initiator_role;
	char *initiator_party_id;
	char *reason;
	char *pending_reason;
	char *error_class;
	char *failed_component; /* what failed first, with the next two */
	char *failed_role;
	char *failed_party_id;
	char *stop_by;
	char *stop_reason;
	char *rerun_from;
	int64_t stop_requested; /* 0, 1: cancel, 2: kill */
	int64_t stop_time;
	int64_t owner;
	int64_t seq;
	int64_t queue_rank;
	int64_t priority;
	int64_t runs;
	int64_t retries;
	int64_t auto_retries;
	int64_t n_components;
	int64_t timeout_ms;
	int64_t spent_ms;
	int64_t create_time;
	int64_t update_time;
	int64_t start_time;
	int64_t end_time;

	int64_t progress;     /* as its parties' rows show it */
	int64_t n_ahead;      /* of a waiting job: the queue before it */
	int64_t n_running;    /* jobs on this site */
	int64_t n_schedulers; /* that are alive */
	bool has_scheduler;   /* the one that owns it is */
	struct job_explain_tasks tasks;
	struct job_explain_tasks attempts; /* that ended before */
};

/* ERR_NOTFOUND (and no text) when there is no such job. */
enum err job_explain_read(struct db *db, const char *job_id,
    struct job_explain *out, struct buf *err);
void job_explain_release(struct job_explain *j);

/* Components of which every task succeeded. */
int64_t job_explain_done(const struct job_explain *j);

/*
 * The task that failed first: the one that the job names, else the earliest
 * that did not succeed; NULL when none did. With a role ("" or NULL: any) and
 * party id only theirs are looked at.
 */
const struct job_explain_task *job_explain_failed(
    const struct job_explain *j, const char *role, const char *party_id);

#endif
