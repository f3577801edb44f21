/*
 * A live job in the scheduler's memory: a cache of what the database and the
 * task folders say, thrown away and read again whenever in doubt.
 *
 * `status` fields hold what is committed, `next` what this pass wants to
 * commit; job_commit() and job_rollback() settle them.
 */
#ifndef FF_SCHEDULER_JOB_H
#define FF_SCHEDULER_JOB_H

#include <sys/stat.h>
#include <sys/types.h>

#include "lib/core/conf.h"
#include "lib/core/failure.h"
#include "lib/core/state.h"
#include "lib/store/job_run.h"
#include "lib/store/task_run.h"

/* What changes in a task's folder and mailbox when it gets on. */
struct run_mark {
	int64_t state, metrics, log, mail;
};

struct run_task {
	struct run_job *job;
	size_t component; /* index into the DSL */
	const struct conf_party *party;
	struct buf task_id;
	struct buf dir;
	enum state status; /* STATE_NONE: no row yet */
	enum state next;
	int attempt;
	int last_attempt; /* the one before, until the next is committed */
	bool is_next;	  /* this pass plans the next attempt */
	int64_t fence;	  /* of the owner that began the attempt */
	int64_t start_time;
	int64_t metrics_offset, next_metrics_offset;
	int64_t progress;
	struct buf message;
	struct buf reason; /* of a failure */
	enum failure failure;
	char *task_json; /* what to write at launch; NULL once launched */
	pid_t pid;	 /* our child, or 0 */
	bool is_reaped;
	int wait_status;
	bool is_watched;   /* launched or adopted: look at its folder */
	bool is_dirty;	   /* progress or message to be stored */
	int64_t look_at;   /* monotonic: next look at the folder */
	int64_t look_step; /* ms, doubles */
	int64_t lost_at;   /* adopted, lock free, no exit: since when */
	off_t metrics_size;
	struct run_mark mark; /* as of the last look */
	bool is_marked;
	cJSON *result; /* state.json of a success, until it is read in */
};

struct run_component {
	struct run_task *tasks; /* parties whose role runs the module */
	size_t n_tasks;
	bool is_done, next_is_done;
	/*
	 * An attempt belongs to the component over all its parties. After a
	 * failure that may pass (is_retry), or in another run of the job, the
	 * next attempt begins when no task of the last one lives.
	 */
	bool is_redo;	      /* its next attempt is to begin */
	bool is_retry;	      /* and counts as a retry */
	bool next_is_redo;    /* as planned by this pass */
	bool is_resumed;      /* found in the rows, by an adoption */
	int64_t retry_no;     /* which of the job's retries it is part of */
	int64_t redo_at;      /* monotonic: not before; 0: not known yet */
	bool is_due;	      /* that has come: it waits for room at most */
	int64_t kill_at;      /* monotonic: TERM was sent, KILL is due */
	struct buf redo_text; /* why, for the pending reason */
	int64_t spent_ms;     /* of this attempt, as last stored */
	int64_t idle_ms;      /* without progress, as last stored */
	int64_t counted_at;   /* monotonic: since when; 0: it does not run */
	int64_t progress_at;  /* monotonic: since when it counts as idle */
	int64_t stored_at;    /* monotonic: when the two were last stored */
	int64_t next_stored_at;
};

struct run_job {
	char id[ID_JOB_MAX + 1];
	int64_t fence;
	struct dsl dsl;
	struct conf conf;
	struct run_component *components;
	int64_t start_time;
	int64_t spent_ms;   /* budget used up, as stored at the last commit */
	int64_t counted_at; /* monotonic: up to when spent_ms counts */
	int64_t next_spent_ms; /* what this pass stores, -1: nothing */
	int64_t next_counted_at;
	int64_t timeout_ms;
	int64_t retries; /* begun, as of the last commit */
	int64_t next_retries;
	int64_t run_fence;     /* what began before belongs to an earlier run */
	struct buf rerun_from; /* a component, or "" */
	enum state_event ending;       /* STATE_SUBMIT: it goes on */
	struct buf model_id;	       /* whose models it reads and writes */
	struct buf reason;	       /* why it ends */
	enum failure failure;	       /* the class of that */
	const struct run_task *failed; /* whose failure it is, or NULL */
	bool is_end_planned;	       /* this pass's transaction decided it */
	bool is_told;		       /* the rows say that it ends, and why */
	bool next_is_told;
	struct buf stop_by;
	struct buf pending;	  /* reason stored as pending_reason */
	struct buf next_pending;  /* as this pass stores it */
	bool is_new;		  /* claimed in this pass: gone at a rollback */
	bool is_dirty;		  /* this pass has something to commit */
	bool is_settled;	  /* this pass has written what it plans */
	struct buf refused;	  /* by the database in this pass: why, or "" */
	bool is_poisoned;	  /* its results could not be stored */
	int64_t rest_at;	  /* nor its end: monotonic, not before; or 0 */
	bool is_lost;		  /* another scheduler owns it */
	bool is_over;		  /* this pass commits its end */
	int64_t *pipeline_sizes;  /* per party; NULL: not saved yet */
	int64_t pipeline_at;	  /* monotonic: tried again then; 0: at once */
	struct buf pipeline_text; /* what it waits for, or "" */
	size_t current;		  /* component just ended, SIZE_MAX: none */
	struct run_job *next_job;
};

/*
 * Builds the job out of its row: configuration and DSL parsed, no tasks
 * started. On ERR_INVALID `err` is the reason to fail the job with.
 */
enum err
job_new(const struct job_run *row, struct run_job **out, struct buf *err);
void job_free(struct run_job *j);

/*
 * Fills a task in from its stored row; unknown rows are ignored. What the
 * rows mean together is decided by retry_restore().
 */
void job_restore_task(struct run_job *j, const struct task_run *row);

const char *run_task_component(const struct run_task *t);

/* Components with every task a success (or none to run). */
size_t job_n_done(const struct run_job *j);
int job_progress(const struct run_job *j);

/* Are all upstreams of a component done, and itself not begun? */
bool job_is_ready(const struct run_job *j, size_t component);

/* Tasks that run (with `next` counted), for admission. */
int64_t job_n_running(const struct run_job *j);
bool job_has_live(const struct run_job *j);
bool job_component_has_live(const struct run_component *c);
struct run_component *job_component_of(const struct run_task *t);

/*
 * Decides that the job ends; the first decision stands. `failed` is whose
 * fault it is, or NULL.
 */
void job_end(struct run_job *j, enum state_event event, const char *reason);
void job_end_by(struct run_job *j, enum state_event event, enum failure failure,
    const struct run_task *failed, const char *reason);

/*
 * The same out of what a pass's transaction has read: job_rollback() forgets
 * it, since what was read may be gone with the transaction.
 */
void job_plan_end(struct run_job *j, enum state_event event,
    enum failure failure, const struct run_task *failed, const char *reason);

void job_commit(struct run_job *j);
void job_rollback(struct run_job *j);

/* Has it something to commit, and does not rest from the last refusal? */
bool job_is_due(const struct run_job *j, int64_t mono_now);

/* Calls fn for every task. */
typedef void job_task_fn(struct run_task *t, void *arg);
void job_each(struct run_job *j, job_task_fn *fn, void *arg);

#endif
