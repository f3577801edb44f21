/* An ended job goes back into the queue. */
#ifndef FF_STORE_JOB_RERUN_H
#define FF_STORE_JOB_RERUN_H

#include "lib/core/state.h"
#include "lib/store/db.h"

/* A task of the runs before; strings are owned. */
struct job_rerun_task {
	char *component;
	char *role;
	char *party_id;
	bool is_success;
	bool is_lost;  /* its table is deleted */
	int64_t fence; /* a later run has a higher one */
};
struct job_rerun_tasks {
	struct job_rerun_task *v;
	size_t n;
};

enum err job_rerun_read(struct db *db, const char *job_id,
    struct job_rerun_tasks *out, struct buf *err);
void job_rerun_tasks_release(struct job_rerun_tasks *l);

/* Is asked while the job's row is held: nothing of it goes meanwhile. */
typedef enum err job_rerun_check(void *arg, struct buf *err);

struct job_rerun {
	const char *job_id;
	enum state from;       /* what it is now: an end */
	enum state to;	       /* STATE_WAITING */
	const char *component; /* from which on all runs again, or NULL */
	int64_t now;
	job_rerun_check *check; /* may be called again */
	void *arg;
};

/*
 * It waits again, in its old place of the queue, as if it had never run; the
 * rows of its tasks stay. ERR_NOTFOUND (and no text): it is not `from` any
 * more; else what `check` found. *runs_out: the how-manieth run this will be.
 */
enum err job_rerun(struct db *db, const struct job_rerun *r, int64_t *runs_out,
    struct buf *err);

#endif
