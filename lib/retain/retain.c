/*
 * A step is small, so that whoever takes it (the scheduler, between passes)
 * can go on with something else.
 */
#include "lib/retain/retain.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/steady.h"
#include "lib/retain/trash.h"

#include <ftw.h>
#include <sys/stat.h>

enum { STEP_JOBS = 20, SURVEY_JOBS = 200 };

static int64_t
keep_ms(const struct cfg *cfg, enum retention_kind kind)
{
	const int64_t ms[] = {
	    [RETENTION_SCRATCH] = cfg->retention.scratch,
	    [RETENTION_METRICS] = cfg->retention.metrics,
	    [RETENTION_TABLES] = cfg->retention.tables,
	    [RETENTION_JOBS] = cfg->retention.jobs,
	};

	return ms[kind];
}

/* ---- one step ---- */

static enum err
check(const char *job_id, void *arg, struct buf *err)
{
	return trash_check_job(arg, job_id, err);
}

static enum err
move(const char *job_id, void *arg, struct buf *err)
{
	return trash_job(arg, job_id, err);
}

/*
 * A folder that cannot be moved (a right that is missing) keeps its job, as if
 * it were in use, and must not keep the others: it is logged.
 */
static enum err
take_one(struct db *db, const struct cfg *cfg, enum retention_kind kind,
    const char *job_id, bool *is_kept, struct buf *err)
{
	const struct retention_files files = {
	    check, move, (void *)(uintptr_t)cfg->site.work_dir};
	struct buf fault = BUF_INIT;
	enum err rc =
	    retention_take(db, kind, job_id, clock_wall_ms(), &files, &fault);

	*is_kept = rc == ERR_IO;
	if (rc == ERR_IO) {
		log_warn("job=%s retention of %s: %s", job_id,
		    retention_name(kind), fault.ptr);
		rc = ERR_OK;
	} else if (rc) {
		buf_adds(err, fault.ptr);
	}
	buf_release(&fault);
	return rc;
}

/*
 * The mark of a kind stops before the first job that is in use or cannot be
 * moved, which is looked at again; those behind it wait with it. Jobs that go
 * whole leave no mark: such ones are passed over, until the round has met all.
 */
static enum err
take_due(struct db *db, const struct cfg *cfg, enum retention_kind kind,
    struct retain_round *round, struct buf *err)
{
	int64_t before = clock_wall_ms() - keep_ms(cfg, kind);
	bool is_whole = kind == RETENTION_JOBS, is_stopped = false;
	struct retention_job jobs[STEP_JOBS];
	struct retention_mark mark = round->jobs;
	size_t n = 0, n_taken = 0;
	enum err rc = ERR_OK;

	if (!is_whole)
		rc = retention_mark_read(db, kind, &mark, err);
	if (!rc)
		rc = retention_due(db, &mark, before, jobs, STEP_JOBS, &n, err);
	for (size_t i = 0; !rc && !is_stopped && i < n; i++) {
		bool is_kept = jobs[i].is_used;

		if (!is_kept) {
			rc = take_one(db, cfg, kind, jobs[i].id, &is_kept, err);
			n_taken += !rc && !is_kept;
		}
		is_stopped = is_kept && !is_whole;
		if (!rc && !is_stopped)
			mark = (struct retention_mark){
			    jobs[i].end_time, jobs[i].seq};
	}
	if (!rc && !is_whole && n_taken)
		rc = retention_mark_write(db, kind, &mark, err);
	round->n_taken += n_taken;
	round->is_more |= n == STEP_JOBS && !is_stopped;
	if (is_whole)
		round->jobs = !rc && n == STEP_JOBS
				  ? mark
				  : (struct retention_mark){0, 0};
	return rc;
}

enum err
retain_step(struct db *db, const struct cfg *cfg, struct retain_round *round,
    struct buf *err)
{
	enum err rc = ERR_OK;

	round->n_taken = 0;
	round->is_more = false;
	for (int k = 0; !rc && k < RETENTION__MAX; k++) {
		int64_t ms = keep_ms(cfg, (enum retention_kind)k);

		if (ms && steady_is_age_true(cfg->site.runtime_dir, ms))
			rc = take_due(
			    db, cfg, (enum retention_kind)k, round, err);
	}
	return rc;
}

/* ---- what would go ---- */

/* nftw() has no argument for its callback. */
static struct {
	int64_t bytes;
} walk;

static int
add_size(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	(void)ftw;
	if (type == FTW_F)
		walk.bytes += (int64_t)st->st_blocks * 512;
	return 0;
}

static int64_t
folder_size(const char *path, bool *is_there_out)
{
	walk.bytes = 0;
	*is_there_out = nftw(path, add_size, 16, FTW_PHYS | FTW_MOUNT) == 0;
	return walk.bytes;
}

static int64_t
job_size(const struct cfg *cfg, const char *job_id, bool *is_there_out)
{
	struct buf path = BUF_INIT;
	int64_t bytes;

	path_set(&path, "%s/jobs/%.8s/%s", cfg->site.work_dir, job_id, job_id);
	bytes = folder_size(path.ptr, is_there_out);
	buf_release(&path);
	return bytes;
}

static enum err
survey_job(struct db *db, const struct cfg *cfg, enum retention_kind kind,
    const struct retention_job *j, struct retain_report *r, struct buf *err)
{
	bool has_folder = true;
	int64_t n = 0;
	enum err rc = retention_count(db, kind, j->id, &n, err);

	if (kind == RETENTION_SCRATCH || kind == RETENTION_JOBS)
		r->bytes += job_size(cfg, j->id, &has_folder);
	if (kind == RETENTION_SCRATCH)
		n = has_folder;
	if (rc || !n)
		return rc;
	r->n_jobs++;
	r->n_items += n;
	if (!r->oldest)
		r->oldest = j->end_time;
	r->newest = j->end_time;
	return ERR_OK;
}

static enum err
survey_kind(struct db *db, const struct cfg *cfg, enum retention_kind kind,
    struct retain_report *r, struct buf *err)
{
	int64_t before = clock_wall_ms() - r->keep_ms;
	struct retention_job jobs[SURVEY_JOBS];
	struct retention_mark mark = {0, 0};
	bool is_stopped = false;
	size_t n = SURVEY_JOBS;
	enum err rc = ERR_OK;

	if (kind != RETENTION_JOBS)
		rc = retention_mark_read(db, kind, &mark, err);
	while (!rc && n == SURVEY_JOBS && !is_stopped) {
		rc = retention_due(
		    db, &mark, before, jobs, SURVEY_JOBS, &n, err);
		for (size_t i = 0; !rc && !is_stopped && i < n; i++) {
			is_stopped = jobs[i].is_used && kind != RETENTION_JOBS;
			if (!jobs[i].is_used)
				rc =
				    survey_job(db, cfg, kind, &jobs[i], r, err);
			mark = (struct retention_mark){
			    jobs[i].end_time, jobs[i].seq};
		}
	}
	return rc;
}

static void
begin_report(const struct cfg *cfg, int64_t ms, struct retain_report *out)
{
	*out = (struct retain_report){.keep_ms = ms,
	    .is_doubtful =
		ms && !steady_is_age_true(cfg->site.runtime_dir, ms)};
}

enum err
retain_survey(struct db *db, const struct cfg *cfg,
    struct retain_report out[RETENTION__MAX], struct buf *err)
{
	enum err rc = ERR_OK;

	for (int k = 0; !rc && k < RETENTION__MAX; k++) {
		struct retain_report *r = &out[k];

		begin_report(cfg, keep_ms(cfg, (enum retention_kind)k), r);
		if (r->keep_ms)
			rc = survey_kind(
			    db, cfg, (enum retention_kind)k, r, err);
	}
	return rc;
}

static void
survey_cache(const char *path, void *arg)
{
	struct retain_report *r = arg;
	struct stat st;
	bool is_there;
	int64_t made;

	if (lstat(path, &st))
		return; /* somebody was faster */
	made = (int64_t)st.st_mtim.tv_sec * 1000;
	r->n_items++;
	r->bytes += folder_size(path, &is_there);
	if (!r->oldest || made < r->oldest)
		r->oldest = made;
	if (made > r->newest)
		r->newest = made;
}

void
retain_survey_caches(const struct cfg *cfg, struct retain_report *out)
{
	begin_report(cfg, cfg->retention.cache, out);
	trash_caches_due(cfg, SIZE_MAX, survey_cache, out);
}
