/*
 * An uploaded file goes only when it lies directly below <work>/spool and
 * the job's own Upload named it: FATE-Flow once removed folders that it had
 * not made, by cutting paths at a word.
 */
#include "scheduler/sweep.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "scheduler/taskdir.h"

#include <stdlib.h>
#include <unistd.h>

#define NICE 10

static void
add_path(struct sweep *w, const char *path)
{
	w->paths = xreallocarray(w->paths, w->n + 1, sizeof(*w->paths));
	w->paths[w->n++] = xstrdup(path);
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
		add_path(w, file);
	cJSON_Delete(all);
	buf_release(&spool);
}

static void
add_task(struct run_task *t, void *arg)
{
	static const char *const folders[] = {"data", "model"};
	struct buf path = BUF_INIT;

	for (size_t i = 0; t->dir.len && i < ARRAY_LEN(folders); i++) {
		path_set(&path, "%s/%s", t->dir.ptr, folders[i]);
		add_path(arg, path.ptr);
	}
	buf_release(&path);
}

void
sweep_add(struct sweep *w, const struct scheduler *s, struct run_job *j)
{
	struct buf mail = BUF_INIT;

	for (size_t i = 0; i < j->dsl.n_components; i++)
		add_upload(w, s, j, i);
	if (s->cfg->federation.keep_messages)
		return;
	taskdir_job(s->cfg->site.work_dir, j->id, &mail);
	buf_adds(&mail, "/mail");
	add_path(w, mail.ptr);
	job_each(j, add_task, w);
	buf_release(&mail);
}

static void
forget(struct sweep *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->paths[i]);
	free(w->paths);
	w->paths = NULL;
	w->n = 0;
}

void
sweep_run(struct sweep *w)
{
	pid_t pid = w->n ? fork() : 1;

	if (pid == 0) {
		(void)!nice(NICE);
		for (size_t i = 0; i < w->n; i++)
			(void)path_remove_tree(w->paths[i], NULL);
		_exit(0);
	}
	if (pid < 0)
		log_warn("cannot start a child to remove scratch files");
	forget(w);
}
