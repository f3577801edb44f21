/*
 * The retention policy: what of ended jobs goes when, from the section
 * `retention` of the configuration. The scheduler applies it bit by bit,
 * `fateflow-admin retain` at once, or only says what would go.
 *
 * Nothing of a job that lives, or that one that lives names (its model, its
 * tables), is touched, and nothing as long as the wall clock cannot be
 * believed (lib/base/steady.h). Models never go.
 */
#ifndef FF_RETAIN_RETAIN_H
#define FF_RETAIN_RETAIN_H

#include "lib/base/cfg.h"
#include "lib/store/retention.h"

struct retain_report {
	int64_t keep_ms;	/* 0: for ever */
	bool is_doubtful;	/* the clock stepped: nothing goes yet */
	int64_t n_jobs;		/* none of the caches */
	int64_t n_items;	/* folders, rows, tables, jobs */
	int64_t bytes;		/* of folders */
	int64_t oldest, newest; /* ends of the jobs, wall ms; caches made */
};

/* What would go now. */
enum err retain_survey(struct db *db, const struct cfg *cfg,
    struct retain_report out[RETENTION__MAX], struct buf *err);

/* The same of what tasks keep for later ones, which belongs to no job. */
void retain_survey_caches(const struct cfg *cfg, struct retain_report *out);

/*
 * A round through all ended jobs, in steps; all zero: the next step is the
 * first of one.
 */
struct retain_round {
	struct retention_mark jobs; /* looked at up to here */
	size_t n_taken;		    /* jobs that the last step took of */
	bool is_more;		    /* and more of them may be due */
};

/*
 * One step: a few jobs of each kind. Folders are moved to the trash. What is
 * in use, or has a folder that cannot be moved, is passed over; the next round
 * meets it again.
 */
enum err retain_step(struct db *db, const struct cfg *cfg,
    struct retain_round *round, struct buf *err);

#endif
