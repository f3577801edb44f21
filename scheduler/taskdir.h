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
void taskdir_mailbox(const struct taskdir_name *name, struct buf *out);

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
 * Creates `owner` as a tombstone: after ERR_OK the attempt can never run;
 * ERR_CONFLICT when it has begun.
 */
enum err taskdir_bury(const char *dir, int64_t fence, struct buf *err);

/*
 * Signals the task's process group and, when that is not enough to free the
 * lock, every process that has it open. `pid` 0: the owner file's.
 */
void taskdir_kill(const char *dir, pid_t pid, int signo);

#endif
