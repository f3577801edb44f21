/*
 * <work>/jobs/.trash: what is to be removed is moved there in one step first,
 * so that nobody meets half a folder; and what stands beside the jobs without
 * belonging to one.
 */
#ifndef FF_RETAIN_TRASH_H
#define FF_RETAIN_TRASH_H

#include "lib/base/cfg.h"
#include "lib/store/db.h"

/* Moves a job's folder; one that is not there is a success. */
enum err trash_job(const char *work_dir, const char *job_id, struct buf *err);

/* Could it be moved? ERR_IO says why not; nothing is changed. */
enum err
trash_check_job(const char *work_dir, const char *job_id, struct buf *err);

/*
 * Moves anything else of a job, under a name that begins with the job's id, and
 * with a number behind it when something lies there by that name. Who can,
 * removes it after; what is left the scheduler removes.
 */
enum err trash_move(
    const char *work_dir, const char *path, const char *name, struct buf *err);
void trash_remove(const char *work_dir, const char *name);

typedef void trash_each(const char *path, void *arg);

/* At most `limit` things in the trash, to be removed by the caller. */
void
trash_list(const char *work_dir, size_t limit, trash_each *each, void *arg);

/*
 * Moves the job folders of one day that no job belongs to and that nobody
 * changed for an hour. `day` is the day looked at last ("" at first) and
 * becomes the one looked at; "" when there is none behind it. Asks the
 * database once.
 */
enum err trash_orphans(struct db *db, const struct cfg *cfg, char day[9],
    size_t *n_out, struct buf *err);
/*
 * A day to begin behind, by chance, for who looks at one only and does not
 * remember which.
 */
void trash_any_day(const char *work_dir, char day[9]);

/*
 * Half-made models that nobody changed for an hour, and what was left of
 * deleted ones.
 */
void
trash_models(const struct cfg *cfg, size_t limit, trash_each *each, void *arg);

/*
 * Signed ids that tasks keep, once they are as old as retention.cache says;
 * _due: whether or not the clock that says so can be believed.
 */
void
trash_caches(const struct cfg *cfg, size_t limit, trash_each *each, void *arg);
void trash_caches_due(
    const struct cfg *cfg, size_t limit, trash_each *each, void *arg);

#endif
