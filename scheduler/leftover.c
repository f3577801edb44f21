/*
 * The rows say what may be there, and only that is looked for: folders are
 * never listed. (A folder without a row is left by retention that was killed;
 * tidy() finds it.) A job that has ended owns nothing, so whoever looks may do
 * this, also two at once.
 */
#include "scheduler/leftover.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/mem.h"
#include "lib/base/proc.h"
#include "lib/store/catalogue.h"
#include "scheduler/sweep.h"

#include <signal.h>
#include <string.h>

enum {
	LOOK_MS = 60 * 1000,
	OVERLAP_MS = 2 * LOOK_MS,
	FIRST_MS = 24 * 3600 * 1000,
	LIMIT = 20000, /* tasks at one look */
};

struct leftovers {
	struct scheduler *s;
	struct sweep sweep;
	struct sweep tables; /* may be nobody's: asked when the rows are read */
	char last[ID_JOB_MAX + 1]; /* of the row before */
};

static void
end_processes(const struct task_run_ended *t)
{
	struct buf lock = BUF_INIT;
	size_t n = 0;

	if (proc_is_locked(path_set(&lock, "%s/lock", t->dir)))
		n = taskdir_kill(t->dir, 0, SIGKILL);
	if (n)
		log_warn("job=%s component=%s role=%s party=%s has ended, but "
			 "%zu of its processes had not: killed",
		    t->job_id, t->component, t->role, t->party_id, n);
	buf_release(&lock);
}

/*
 * A table is in its place before the row that names it is committed; that
 * row never comes when its job ended otherwise in between. Those of a success
 * came with it.
 */
static void
add_tables(struct leftovers *l, const struct taskdir_name *name, int n_attempts)
{
	static const char *const members[] = {"table", "publish"};
	struct taskdir_name n = *name;
	struct buf file = BUF_INIT, path = BUF_INIT;

	for (n.attempt = 0; n.attempt < n_attempts; n.attempt++)
		for (size_t i = 0; i < ARRAY_LEN(members); i++) {
			taskdir_table_file(&n, members[i], &file);
			path_set(&path, "%s/tables/%s", n.work_dir, file.ptr);
			if (path_exists(path.ptr))
				sweep_add_path(&l->tables, path.ptr);
		}
	buf_release(&file);
	buf_release(&path);
}

static enum err
take_tables_of_nobody(struct leftovers *l, struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < l->tables.n; i++) {
		const char *path = l->tables.v[i].path;
		bool is_named;

		rc = catalogue_has_file(
		    l->s->db, strrchr(path, '/') + 1, &is_named, err);
		if (!rc && !is_named) {
			log_info("%s is in no catalogue: removed", path);
			sweep_add_path(&l->sweep, path);
		}
	}
	sweep_forget(&l->tables);
	return rc;
}

static void
on_task(const struct task_run_ended *t, void *arg)
{
	struct leftovers *l = arg;
	struct taskdir_name name = {l->s->cfg->site.work_dir, t->job_id,
	    t->role, t->party_id, t->component, t->attempt};

	end_processes(t);
	if (strcmp(t->job_id, l->last) != 0)
		sweep_add_pipelines(&l->sweep, name.work_dir, t->job_id);
	snprintf(l->last, sizeof(l->last), "%s", t->job_id);
	add_tables(l, &name, t->attempt + (t->status != STATE_SUCCESS));
	if (!l->s->cfg->federation.keep_messages)
		sweep_add_attempts(&l->sweep, &name);
}

void
leftover_look(struct scheduler *s, int64_t mono_now)
{
	struct leftovers l = {.s = s};
	struct buf err = BUF_INIT;
	int64_t now = clock_wall_ms(), since = s->left_since;
	enum err rc;

	if (mono_now < s->leftover_at)
		return;
	if (!since)
		since = now - FIRST_MS;
	else if (since > now) /* the clock went back */
		since = now;
	rc =
	    task_run_ended(s->db, since - OVERLAP_MS, LIMIT, on_task, &l, &err);
	if (!rc)
		rc = take_tables_of_nobody(&l, &err);
	if (rc)
		log_warn("ended jobs are not looked at: %s", err.ptr);
	else
		s->left_since = now;
	s->leftover_at = mono_now + LOOK_MS;
	sweep_run(&l.sweep);
	buf_release(&err);
}
