/*
 * What of ended jobs has outlived its time, and taking it away, job by job.
 * The kinds are those of the section `retention` of the configuration.
 */
#ifndef FF_STORE_RETENTION_H
#define FF_STORE_RETENTION_H

#include "lib/core/ids.h"
#include "lib/store/db.h"

enum retention_kind {
	RETENTION_SCRATCH, /* the job's folder: tasks, logs, messages */
	RETENTION_METRICS, /* its rows of t_tracking_metric */
	RETENTION_TABLES,  /* its components' outputs; none that a user named */
	RETENTION_JOBS,	   /* all of these, and its own rows */
	RETENTION__MAX
};

const char *retention_name(enum retention_kind kind);

struct retention_job {
	char id[ID_JOB_MAX + 1];
	int64_t seq;
	int64_t end_time;
	bool is_used; /* a job that lives names it: its model, its tables */
};

/* A place in the order of ends; {0, 0} is before all. */
struct retention_mark {
	int64_t end_time;
	int64_t seq;
};

/* How far a kind has come. Not of RETENTION_JOBS, whose rows go. */
enum err retention_mark_read(struct db *db, enum retention_kind kind,
    struct retention_mark *out, struct buf *err);
enum err retention_mark_write(struct db *db, enum retention_kind kind,
    const struct retention_mark *mark, struct buf *err);

/* At most `limit` jobs behind `after` that ended before `before`, in order. */
enum err retention_due(struct db *db, const struct retention_mark *after,
    int64_t before, struct retention_job *out, size_t limit, size_t *n_out,
    struct buf *err);

/* Rows (metrics) or versions (tables) that the kind would take of a job. */
enum err retention_count(struct db *db, enum retention_kind kind,
    const char *job_id, int64_t *n_out, struct buf *err);

/*
 * What is done with a job's folder. `check`: could it be moved? Asked while the
 * job's row is held, before the rows go. `move`: while the row is held, or once
 * there is none any more. Either may be called again.
 */
struct retention_files {
	enum err (*check)(const char *job_id, void *arg, struct buf *err);
	enum err (*move)(const char *job_id, void *arg, struct buf *err);
	void *arg;
};

/*
 * Takes what is in the database, and the folder. A job that lives (it was
 * begun anew) is left alone: a success. A job that goes whole goes from the
 * database first: who is killed then leaves a folder without a job, which is
 * looked for; a job without its folder is nothing that anybody would mend.
 */
enum err retention_take(struct db *db, enum retention_kind kind,
    const char *job_id, int64_t now, const struct retention_files *files,
    struct buf *err);

/* Ids of the jobs there are with ids from `first` up to before `end`. */
typedef void retention_each(const char *job_id, void *arg);
enum err retention_ids(struct db *db, const char *first, const char *end,
    retention_each *each, void *arg, struct buf *err);

#endif
