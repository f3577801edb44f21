/*
 * What a job leaves on disk and nobody needs any more goes after its end, in
 * a child process, because unlinking gigabytes takes a while.
 */
#ifndef FF_SCHEDULER_SWEEP_H
#define FF_SCHEDULER_SWEEP_H

#include "scheduler/scheduler.h"
#include "scheduler/taskdir.h"

struct sweep_path {
	char *path;    /* of a folder or file that goes */
	int n_parents; /* folders above it that go if they are empty then */
};

struct sweep {
	struct sweep_path *v;
	size_t n;
};

/* A pipeline that is being written: <job>/pipeline.<...>.tmp */
#define SWEEP_PIPELINE "pipeline."

/*
 * Notes the job's mail, the data and model folders of its tasks, half a
 * pipeline, and its own uploaded file. Logs and what describes the tasks stay.
 * With federation.keep_messages only the latter two go.
 */
void sweep_add(struct sweep *w, const struct scheduler *s, struct run_job *j);

/*
 * Notes what the attempts of a task up to that of `name` left, if it is there.
 * Not the job's mail as a whole: another run may have begun.
 */
void sweep_add_attempts(struct sweep *w, const struct taskdir_name *name);

/* Notes what a killed scheduler had written of the job's pipeline. */
void
sweep_add_pipelines(struct sweep *w, const char *work_dir, const char *job_id);

/* Notes a file or folder. */
void sweep_add_path(struct sweep *w, const char *path);

/*
 * When s->sweep_at has come: files of deleted and replaced tables that no
 * living job can have pinned, uploaded ones that nobody needs, and what tidy()
 * finds. A bounded number at a time; a row is marked when its file is seen to
 * be gone.
 */
void sweep_stored(struct scheduler *s, int64_t mono_now);
/* Something changed that may set files free: look in a moment. */
void sweep_soon(struct scheduler *s, int64_t mono_now);

/* Starts the child and forgets the paths. */
void sweep_run(struct sweep *w);
void sweep_forget(struct sweep *w);

#endif
