/*
 * Who may start: a component's tasks are admitted together or not at all, so
 * that two jobs never wait for each other with half their tasks running.
 * Pure; the answer comes with the reason that job/query shows.
 */
#ifndef FF_SCHEDULER_ADMISSION_H
#define FF_SCHEDULER_ADMISSION_H

#include "lib/core/quota.h"
#include "scheduler/job.h"

#define ADMISSION_KEPT 8

/* What later jobs must leave to one that they passed over too long. */
struct admission_kept {
	char job_id[ID_JOB_MAX + 1];
	struct quota_use room;
};

/* What is taken; a pass adds what it admits. Zero-initialised is empty. */
struct admission {
	const struct quota *quota;
	int64_t max_passed_ms; /* shown with what is kept */
	struct quota_use use;
	struct admission_kept kept[ADMISSION_KEPT];
	size_t n_kept;
};

void admission_release(struct admission *a);

/* Adds the jobs of the list, and what of them runs. */
void admission_count(struct admission *a, const struct run_job *jobs);

/*
 * From now on waiting jobs must leave this one what it lacks right now: the
 * limits that are in its way, not those that it would keep.
 */
void admission_keep(
    struct admission *a, const char *job_id, const struct quota_use *ask);

/*
 * May a waiting job begin, which asks for that much? On YES one running job
 * is reserved; its tasks are as its components start.
 */
enum quota_answer admission_job(
    struct admission *a, const struct quota_use *ask, struct buf *reason);

/* May a component of a running job start its tasks now? YES reserves. */
enum quota_answer admission_component(struct admission *a,
    const struct run_job *j, size_t component, struct buf *reason);

#endif
