/*
 * A task's folder as the scheduler sees it (docs/task-directory.md).
 */
#ifndef FF_SCHEDULER_TASKDIR_H
#define FF_SCHEDULER_TASKDIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/json.h"

/* <work>/jobs/<yyyymmdd>/<job_id> */
void taskdir_job(const char *work_dir, const char *job_id, struct buf *out);

struct taskdir_name {
	const char *work_dir;
	const char *job_id;
	const char *role;
	const char *party_id;
	const char *component;
	int attempt;
};

void taskdir_path(const struct taskdir_name *name, struct buf *out);
/*
 * The name that a table of the attempt has below <work>/tables; `what` is
 * "table" for its output, "publish" for what it publishes. Retention knows
 * outputs by it (lib/store/retention.c).
 */
void taskdir_table_file(
    const struct taskdir_name *n, const char *what, struct buf *out);
void taskdir_mailbox(const struct taskdir_name *name, struct buf *out);

/*
 * Makes the folder `path` of that job, but not the job's own: that is made as
 * the job is claimed, so that whoever is late finds it gone. ERR_NOTFOUND then.
 */
enum err taskdir_make(
    const struct taskdir_name *name, const char *path, struct buf *err);

/* Has somebody begun the attempt, or buried it? */
bool taskdir_has_owner(const char *dir);

/* What lies in the folder at one look. */
struct taskdir_facts {
	bool has_owner;
	bool is_tombstone; /* `owner` says that it never ran */
	bool is_locked;
	pid_t owner_pid; /* on this host and boot, else 0 */
	cJSON *state;	 /* state.json, or NULL; the caller's */
	bool has_exit;
	int wait_status;
};

/*
 * Reads all of it. A state.json that is no JSON counts as one without a
 * status. Never fails: what is not there is not there.
 */
void taskdir_look(const char *dir, struct taskdir_facts *out);
void taskdir_facts_release(struct taskdir_facts *f);

/*
 * Creates `owner` as a tombstone, if there is none yet: after ERR_OK the
 * attempt can never run; ERR_CONFLICT when it has begun. A folder that is gone
 * with its job's needs none.
 */
enum err
taskdir_bury(const struct taskdir_name *name, int64_t fence, struct buf *err);

/*
 * Signals the process group of `pid` (0: none), every process that has the
 * lock open, and every one that was started for the folder, whatever became
 * of its session, its parents and its descriptors. Returns how many of the
 * latter two there are.
 */
size_t taskdir_kill(const char *dir, pid_t pid, int signo);

/* The lock is held: does `owner_pid`, which is to end last, not hold it? */
bool taskdir_is_headless(const char *dir, pid_t owner_pid);

#endif
