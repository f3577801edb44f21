/*
 * A folder is made after its job's row was committed, so one without a row is
 * left by who was killed as he took the job away, from a database that was put
 * back to an earlier state, or from rows that somebody deleted.
 */
#include "lib/retain/trash.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/base/steady.h"
#include "lib/core/ids.h"
#include "lib/store/retention.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR_MS ((int64_t)3600000)
#define DIGITS	"0123456789"

/*
 * What lies there by that name stays: to remove a tree takes its time, and
 * whoever moves holds rows locked.
 */
static void
free_place(const char *work_dir, const char *name, struct buf *out)
{
	path_set(out, "%s/jobs/.trash/%s", work_dir, name);
	for (unsigned i = 1; path_exists(out->ptr); i++)
		path_set(out, "%s/jobs/.trash/%s.%u", work_dir, name, i);
}

enum err
trash_move(
    const char *work_dir, const char *path, const char *name, struct buf *err)
{
	struct buf to = BUF_INIT;
	enum err rc = ERR_OK;

	path_set(&to, "%s/jobs/.trash", work_dir);
	if (path_exists(path)) {
		rc = path_mkdirs(to.ptr, err);
		free_place(work_dir, name, &to);
		if (!rc && rename(path, to.ptr) && errno != ENOENT)
			rc = err_set_errno(
			    err, ERR_IO, "cannot move %s away", path);
	}
	buf_release(&to);
	return rc;
}

enum err
trash_job(const char *work_dir, const char *job_id, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc;

	path_set(&path, "%s/jobs/%.8s/%s", work_dir, job_id, job_id);
	rc = trash_move(work_dir, path.ptr, job_id, err);
	buf_release(&path);
	return rc;
}

/*
 * A rename that finds its target taken, here by the trash itself, gets as far
 * as that only within one file system. The rights are asked for apart.
 */
enum err
trash_check_job(const char *work_dir, const char *job_id, struct buf *err)
{
	struct buf path = BUF_INIT, day = BUF_INIT, trash = BUF_INIT;
	enum err rc = ERR_OK;

	path_set(&path, "%s/jobs/%.8s/%s", work_dir, job_id, job_id);
	path_set(&trash, "%s/jobs/.trash", work_dir);
	if (path_exists(path.ptr)) {
		rc = path_mkdirs(trash.ptr, err);
		if (!rc && (access(path_parent(path.ptr, &day), W_OK | X_OK) ||
			       access(path.ptr, W_OK) ||
			       (renameat2(AT_FDCWD, path.ptr, AT_FDCWD,
				    trash.ptr, RENAME_NOREPLACE) &&
				   errno != EEXIST && errno != EINVAL)))
			rc = err_set_errno(
			    err, ERR_IO, "cannot move %s away", path.ptr);
	}
	buf_release(&path);
	buf_release(&day);
	buf_release(&trash);
	return rc;
}

void
trash_remove(const char *work_dir, const char *name)
{
	struct buf path = BUF_INIT, err = BUF_INIT;

	path_set(&path, "%s/jobs/.trash/%s", work_dir, name);
	if (path_remove_tree(path.ptr, &err))
		log_warn("%s", err.ptr); /* the scheduler tries again */
	buf_release(&path);
	buf_release(&err);
}

/* A folder in which nothing was made or removed for so long? */
static bool
is_left_alone(const char *path, int64_t age_ms)
{
	struct stat st;

	return !lstat(path, &st) && S_ISDIR(st.st_mode) &&
	       (int64_t)st.st_mtim.tv_sec * 1000 < clock_wall_ms() - age_ms;
}

/* Up to `limit` of what lies in a folder; age_ms: and was left alone. */
static void
each_in(const char *folder, int64_t age_ms, size_t limit, trash_each *each,
    void *arg)
{
	struct buf path = BUF_INIT;
	DIR *d = opendir(folder);
	struct dirent *e;
	size_t n = 0;

	while (d && n < limit && (e = readdir(d)) != NULL) {
		if (!path_is_component(e->d_name))
			continue;
		path_set(&path, "%s/%s", folder, e->d_name);
		if (age_ms && !is_left_alone(path.ptr, age_ms))
			continue;
		each(path.ptr, arg);
		n++;
	}
	if (d)
		closedir(d);
	buf_release(&path);
}

void
trash_list(const char *work_dir, size_t limit, trash_each *each, void *arg)
{
	struct buf folder = BUF_INIT;

	path_set(&folder, "%s/jobs/.trash", work_dir);
	each_in(folder.ptr, 0, limit, each, arg);
	buf_release(&folder);
}

void
trash_models(const struct cfg *cfg, size_t limit, trash_each *each, void *arg)
{
	struct buf folder = BUF_INIT;

	path_set(&folder, "%s/models/.trash", cfg->site.work_dir);
	each_in(folder.ptr, 0, limit, each, arg);
	path_set(&folder, "%s/models/.incoming", cfg->site.work_dir);
	if (steady_is_age_true(cfg->site.runtime_dir, HOUR_MS))
		each_in(folder.ptr, HOUR_MS, limit, each, arg);
	buf_release(&folder);
}

void
trash_caches_due(
    const struct cfg *cfg, size_t limit, trash_each *each, void *arg)
{
	int64_t keep = cfg->retention.cache;
	struct buf folder = BUF_INIT;

	path_set(&folder, "%s/cache/intersection", cfg->site.work_dir);
	if (keep)
		each_in(folder.ptr, keep, limit, each, arg);
	buf_release(&folder);
}

void
trash_caches(const struct cfg *cfg, size_t limit, trash_each *each, void *arg)
{
	if (steady_is_age_true(cfg->site.runtime_dir, cfg->retention.cache))
		trash_caches_due(cfg, limit, each, arg);
}

/* ---- folders without a job ---- */

static bool
is_day(const char *name)
{
	return strlen(name) == 8 && strspn(name, DIGITS) == 8;
}

/* The first day behind `day`, or "". */
static void
next_day(const char *work_dir, char day[9])
{
	char best[9] = "";
	struct buf path = BUF_INIT;
	struct dirent *e;
	DIR *d;

	path_set(&path, "%s/jobs", work_dir);
	d = opendir(path.ptr);
	while (d && (e = readdir(d)) != NULL)
		if (is_day(e->d_name) && strcmp(e->d_name, day) > 0 &&
		    (!*best || strcmp(e->d_name, best) < 0))
			snprintf(best, sizeof(best), "%.8s", e->d_name);
	if (d)
		closedir(d);
	memcpy(day, best, sizeof(best));
	buf_release(&path);
}

void
trash_any_day(const char *work_dir, char day[9])
{
	struct buf path = BUF_INIT;
	char random[ID_RANDOM_LEN];
	struct dirent *e;
	unsigned long n = 1; /* "" is one, too */
	DIR *d;

	*day = '\0';
	d = opendir(path_set(&path, "%s/jobs", work_dir));
	while (d && (e = readdir(d)) != NULL) {
		if (!is_day(e->d_name))
			continue;
		ids_random(random);
		random[8] = '\0';
		if (strtoul(random, NULL, 16) % ++n == 0)
			snprintf(day, 9, "%.8s", e->d_name);
	}
	if (d)
		closedir(d);
	buf_release(&path);
}

struct known {
	char (*ids)[ID_JOB_MAX + 1];
	size_t n;
};

static void
add_known(const char *job_id, void *arg)
{
	struct known *k = arg;

	k->ids = xreallocarray(k->ids, k->n + 1, sizeof(*k->ids));
	snprintf(k->ids[k->n++], sizeof(*k->ids), "%s", job_id);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool
is_known(const struct known *k, const char *job_id)
{
	return k->n && bsearch(job_id, k->ids, k->n, sizeof(*k->ids), compare);
}

static size_t
move_unknown(const char *work_dir, const char *day, const struct known *k)
{
	struct buf path = BUF_INIT, err = BUF_INIT;
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	path_set(&path, "%s/jobs/%s", work_dir, day);
	d = opendir(path.ptr);
	while (d && (e = readdir(d)) != NULL) {
		size_t len = strlen(e->d_name);

		if (len > ID_JOB_MAX || strspn(e->d_name, DIGITS) != len ||
		    strncmp(e->d_name, day, 8) || is_known(k, e->d_name))
			continue;
		path_set(&path, "%s/jobs/%s/%s", work_dir, day, e->d_name);
		if (!is_left_alone(path.ptr, HOUR_MS))
			continue;
		if (trash_job(work_dir, e->d_name, &err))
			log_warn("%s", err.ptr);
		else
			n++;
	}
	if (d)
		closedir(d);
	buf_release(&path);
	buf_release(&err);
	return n;
}

enum err
trash_orphans(struct db *db, const struct cfg *cfg, char day[9], size_t *n_out,
    struct buf *err)
{
	struct known k = {NULL, 0};
	char end[10];
	enum err rc;

	*n_out = 0;
	if (!steady_is_age_true(cfg->site.runtime_dir, HOUR_MS)) {
		*day = '\0';
		return ERR_OK;
	}
	next_day(cfg->site.work_dir, day);
	if (!*day)
		return ERR_OK;
	snprintf(end, sizeof(end), "%s:", day); /* behind all digits */
	rc = retention_ids(db, day, end, add_known, &k, err);
	if (!rc)
		*n_out = move_unknown(cfg->site.work_dir, day, &k);
	free(k.ids);
	return rc;
}
