/*
 * An uploaded file goes only when it lies directly below <work>/spool and
 * the job's own Upload named it: FATE-Flow once removed folders that it had
 * not made, by cutting paths at a word. A table's file goes when the catalogue
 * lists it. The child has no database: what it has removed is seen at the next
 * look, and only then forgotten there.
 */
#include "scheduler/sweep.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/federation/mailbox.h"
#include "lib/store/catalogue.h"
#include "scheduler/room.h"
#include "scheduler/spool_sweep.h"
#include "scheduler/tidy.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NICE	     10
#define MAIL_PARENTS 3 /* mail/<role>-<party>/<component> */

enum {
	SWEEP_MS = 60 * 1000, /* between looks that nothing asked for */
	AGAIN_MS = 500,	      /* to see what the child has removed */
	SOON_MS = 2500,	      /* a worker may be about to open it */
	SWEEP_AT_ONCE = 100,
};

static void
add_path(struct sweep *w, const char *path, int n_parents)
{
	w->v = xreallocarray(w->v, w->n + 1, sizeof(*w->v));
	w->v[w->n++] = (struct sweep_path){xstrdup(path), n_parents};
}

void
sweep_add_path(struct sweep *w, const char *path)
{
	add_path(w, path, 0);
}

static void
add_upload(struct sweep *w, const struct scheduler *s, const struct run_job *j,
    size_t component)
{
	const struct dsl_component *c = &j->dsl.components[component];
	struct buf spool = BUF_INIT;
	cJSON *all = NULL;
	const char *file;

	if (strcmp(c->module->name, "Upload") || !j->conf.n_parties ||
	    conf_parameters(&j->conf, &j->dsl, component, &j->conf.parties[0],
		NULL, &all, NULL))
		return;
	file = json_str(json_get(all, c->module->param_class), "file", "");
	path_set(&spool, "%s/spool/", s->cfg->site.work_dir);
	if (!strncmp(file, spool.ptr, spool.len) &&
	    path_is_component(file + spool.len))
		add_path(w, file, 0);
	cJSON_Delete(all);
	buf_release(&spool);
}

/* Half a file or folder that somebody killed was about to rename. */
static void
add_unfinished(struct sweep *w, const char *dir, const char *prefix)
{
	struct buf path = BUF_INIT;
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d)) != NULL) {
		size_t len = strlen(e->d_name);

		if (len > 4 && !strcmp(e->d_name + len - 4, ".tmp") &&
		    !strncmp(e->d_name, prefix, strlen(prefix)))
			add_path(
			    w, path_set(&path, "%s/%s", dir, e->d_name), 0);
	}
	if (d)
		closedir(d);
	buf_release(&path);
}

/* Of a mailbox that was being made there may be but a folder above it. */
static bool
has_mail(const struct taskdir_name *name)
{
	struct buf job = BUF_INIT, mail = BUF_INIT;
	bool has;

	taskdir_job(name->work_dir, name->job_id, &job);
	has = path_exists(path_set(&mail, "%s/mail", job.ptr));
	buf_release(&job);
	buf_release(&mail);
	return has;
}

void
sweep_add_attempts(struct sweep *w, const struct taskdir_name *name)
{
	static const char *const members[] = {
	    "data", "model", "model.replaced", "model.module"};
	struct taskdir_name n = *name;
	struct buf dir = BUF_INIT, path = BUF_INIT;
	bool is_mail = has_mail(name);

	for (n.attempt = 0; n.attempt <= name->attempt; n.attempt++) {
		taskdir_path(&n, &dir);
		for (size_t i = 0; i < ARRAY_LEN(members); i++)
			if (path_exists(
				path_set(&path, "%s/%s", dir.ptr, members[i])))
				add_path(w, path.ptr, 0);
		add_unfinished(w, dir.ptr, "");
		taskdir_mailbox(&n, &path);
		if (is_mail)
			add_path(w, path.ptr, MAIL_PARENTS);
		buf_adds(&path, MAILBOX_ENDED);
		if (path_exists(path.ptr))
			add_path(w, path.ptr, MAIL_PARENTS);
	}
	buf_release(&dir);
	buf_release(&path);
}

void
sweep_add_pipelines(struct sweep *w, const char *work_dir, const char *job_id)
{
	struct buf dir = BUF_INIT;

	taskdir_job(work_dir, job_id, &dir);
	add_unfinished(w, dir.ptr, SWEEP_PIPELINE);
	buf_release(&dir);
}

struct adding {
	struct sweep *w;
	const struct scheduler *s;
};

static void
add_task(struct run_task *t, void *arg)
{
	struct adding *a = arg;
	struct taskdir_name name = {a->s->cfg->site.work_dir, t->job->id,
	    t->party->role, t->party->party_id, run_task_component(t),
	    t->attempt};

	if (t->status != STATE_NONE)
		sweep_add_attempts(a->w, &name);
}

void
sweep_add(struct sweep *w, const struct scheduler *s, struct run_job *j)
{
	struct adding a = {w, s};

	for (size_t i = 0; i < j->dsl.n_components; i++)
		add_upload(w, s, j, i);
	sweep_add_pipelines(w, s->cfg->site.work_dir, j->id);
	if (s->cfg->federation.keep_messages)
		return;
	job_each(j, add_task, &a);
}

void
sweep_forget(struct sweep *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i].path);
	free(w->v);
	w->v = NULL;
	w->n = 0;
}

static void
remove_one(const struct sweep_path *p)
{
	struct buf parent = BUF_INIT, child = BUF_INIT;

	(void)path_remove_tree(p->path, NULL);
	buf_adds(&child, p->path);
	for (int i = 0; i < p->n_parents; i++) {
		(void)!rmdir(path_parent(child.ptr, &parent));
		buf_reset(&child);
		buf_adds(&child, parent.ptr);
	}
	buf_release(&parent);
	buf_release(&child);
}

void
sweep_run(struct sweep *w)
{
	pid_t pid = w->n ? fork() : 1;

	if (pid == 0) {
		(void)!nice(NICE);
		for (size_t i = 0; i < w->n; i++)
			remove_one(&w->v[i]);
		_exit(0);
	}
	if (pid < 0)
		log_warn("cannot start a child to remove scratch files");
	sweep_forget(w);
}

/* ---- what the database lists ---- */

/* Row and file of one kind of thing that goes. */
struct listed {
	struct scheduler *s;
	struct sweep sweep;
};

/* The file is still there: it goes, and the row waits for the next look. */
static bool
is_noted(struct listed *l, const char *path)
{
	bool is_there = path_exists(path);

	if (is_there)
		add_path(&l->sweep, path, 0);
	return is_there;
}

static void
on_table(int64_t id, const char *file, void *ctx)
{
	struct listed *l = ctx;
	struct buf path = BUF_INIT;

	path_set(&path, "%s/tables/%s", l->s->cfg->site.work_dir, file);
	if (!path_is_component(file))
		log_error("table=%lld its file '%s' has no legal name",
		    (long long)id, file);
	else if (!is_noted(l, path.ptr) && !catalogue_swept(l->s->db, id, NULL))
		log_info("table=%lld file=%s removed", (long long)id, file);
	buf_release(&path);
}

static int64_t
period(const struct scheduler *s)
{
	int64_t ttl = s->cfg->api.upload_session_ttl;

	return ttl < SWEEP_MS ? ttl : SWEEP_MS;
}

void
sweep_soon(struct scheduler *s, int64_t mono_now)
{
	s->freed_at = mono_now;
	if (s->sweep_at > mono_now + SOON_MS)
		s->sweep_at = mono_now + SOON_MS;
}

void
sweep_stored(struct scheduler *s, int64_t mono_now)
{
	struct listed l = {.s = s};
	struct buf err = BUF_INIT;
	size_t n_new = 0;
	bool again, is_more = false;
	enum err rc;

	if (mono_now < s->sweep_at)
		return;
	room_look(s, mono_now);
	rc = catalogue_sweep(s->db, SWEEP_AT_ONCE, on_table, &l, &n_new, &err);
	if (!rc && mono_now >= s->spool_at) {
		rc = spool_sweep(s, &l.sweep, &is_more, &err);
		s->spool_at = mono_now + (is_more ? AGAIN_MS : period(s));
	}
	if (rc)
		log_warn("files that nobody needs stay: %s", err.ptr);
	again = (l.sweep.n || is_more) && !rc;
	if (!rc)
		again |= tidy(s, &l.sweep, mono_now);
	s->sweep_at = mono_now + (again ? AGAIN_MS : period(s));
	if (!rc && s->tidy_at < s->sweep_at)
		s->sweep_at = s->tidy_at;
	if (!rc && n_new)
		sweep_soon(s, mono_now);
	/* What was set free since was too young for this look. */
	if (s->freed_at && s->freed_at + SOON_MS > mono_now)
		sweep_soon(s, s->freed_at);
	sweep_run(&l.sweep);
	buf_release(&err);
}
