/*
 * Whoever has not decided yet what becomes of a file holds its lock: a worker
 * that receives it, or that has not stored its job. So of a file that is free
 * everything is in the rows, or never will be: an upload without a job, since
 * it was canceled while it waited or its worker died before; the file of a
 * session that is over, which a request that came too late may make anew.
 */
#include "scheduler/spool_sweep.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/base/proc.h"
#include "lib/base/steady.h"
#include "lib/store/job_need.h"
#include "lib/store/upload_session.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#define UPLOAD	"upload-"
#define SESSION "session-"

#define UPLOAD_LEN (sizeof(UPLOAD) - 1 + ID_RANDOM_LEN - 1)

enum {
	UNLOCKED_MS = 10000, /* a worker may be about to lock it */
	SWEEP_AT_ONCE = 100,
};

/* A file that nobody holds, by its name in the spool. */
struct file {
	char name[NAME_MAX + 1];
	bool is_needed;
};

struct look {
	struct scheduler *s;
	struct file *v; /* sorted by name */
	size_t n;
	bool has_uploads;
};

/* ---- what lies there ---- */

static bool
is_called(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return !strncmp(name, prefix, n) &&
	       strlen(name + n) == ID_RANDOM_LEN - 1 &&
	       strspn(name + n, "0123456789abcdef") == ID_RANDOM_LEN - 1;
}

static const char *
path_of(const struct look *l, const char *name, struct buf *path)
{
	return path_set(path, "%s/spool/%s", l->s->cfg->site.work_dir, name);
}

static bool
is_free(const char *path)
{
	int64_t before = clock_wall_ms() - UNLOCKED_MS;
	struct stat st;

	return !lstat(path, &st) && S_ISREG(st.st_mode) &&
	       (int64_t)st.st_mtim.tv_sec * 1000 < before &&
	       proc_is_unlocked(path);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
find_free(struct look *l)
{
	struct buf path = BUF_INIT;
	struct dirent *e;
	DIR *d = opendir(path_of(l, "", &path));

	while (d && (e = readdir(d)) != NULL) {
		bool is_upload = is_called(e->d_name, UPLOAD);
		struct file *f;

		if ((!is_upload && !is_called(e->d_name, SESSION)) ||
		    !is_free(path_of(l, e->d_name, &path)))
			continue;
		l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
		f = &l->v[l->n++];
		*f = (struct file){.is_needed = false};
		snprintf(f->name, sizeof(f->name), "%s", e->d_name);
		l->has_uploads |= is_upload;
	}
	if (d)
		closedir(d);
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), compare);
	buf_release(&path);
}

/* ---- who needs it ---- */

/* Whatever looks like a name in the configuration of a job is one. */
static void
on_conf(const char *conf, void *ctx)
{
	struct look *l = ctx;
	char name[UPLOAD_LEN + 1];

	while ((conf = strstr(conf, UPLOAD)) != NULL) {
		struct file *f;

		snprintf(name, sizeof(name), "%s", conf);
		f = bsearch(name, l->v, l->n, sizeof(*l->v), compare);
		if (f)
			f->is_needed = true;
		conf += sizeof(UPLOAD) - 1;
	}
}

static enum err
ask_for_uploads(struct look *l, bool *is_busy, struct buf *err)
{
	struct buf why = BUF_INIT;
	enum err rc = job_need_files(l->s->db, on_conf, l, &why);

	*is_busy = rc == ERR_BUSY;
	if (rc && !*is_busy)
		buf_adds(err, why.ptr);
	buf_release(&why);
	return *is_busy ? ERR_OK : rc;
}

static enum err
ask_for_session(struct look *l, struct file *f, struct buf *err)
{
	return upload_session_needs_file(
	    l->s->db, f->name + sizeof(SESSION) - 1, &f->is_needed, err);
}

static enum err
note_needless(struct look *l, struct sweep *w, bool *is_more, struct buf *err)
{
	struct buf path = BUF_INIT;
	bool is_busy = false;
	size_t n = 0;
	enum err rc = ERR_OK;

	if (l->has_uploads)
		rc = ask_for_uploads(l, &is_busy, err);
	for (size_t i = 0; !rc && i < l->n && n < SWEEP_AT_ONCE; i++) {
		struct file *f = &l->v[i];

		if (is_called(f->name, SESSION))
			rc = ask_for_session(l, f, err);
		else
			f->is_needed |= is_busy;
		if (rc || f->is_needed)
			continue;
		sweep_add_path(w, path_of(l, f->name, &path));
		n++;
	}
	*is_more = n || is_busy;
	buf_release(&path);
	return rc;
}

/* ---- rows of sessions ---- */

static void
on_session(const char *id, void *ctx)
{
	struct scheduler *s = ctx;
	struct buf path = BUF_INIT;

	upload_session_path(s->cfg->site.work_dir, id, &path);
	if (!path_exists(path.ptr) && !upload_session_forget(s->db, id, NULL))
		log_info("upload_session=%s removed", id);
	buf_release(&path);
}

enum err
spool_sweep(
    struct scheduler *s, struct sweep *w, bool *is_more_out, struct buf *err)
{
	int64_t ttl = s->cfg->api.upload_session_ttl;
	struct look l = {.s = s};
	enum err rc = ERR_OK;

	*is_more_out = false;
	if (steady_is_age_true(s->cfg->site.runtime_dir, ttl))
		rc = upload_session_sweep(s->db, clock_wall_ms() - ttl,
		    SWEEP_AT_ONCE, on_session, s, err);
	if (!rc) {
		find_free(&l);
		rc = note_needless(&l, w, is_more_out, err);
	}
	free(l.v);
	return rc;
}
