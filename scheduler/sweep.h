/*
 * What a job leaves on disk and nobody needs any more goes after its end, in
 * a child process, because unlinking gigabytes takes a while.
 */
#ifndef FF_SCHEDULER_SWEEP_H
#define FF_SCHEDULER_SWEEP_H

#include "scheduler/scheduler.h"

struct sweep {
	char **paths; /* folders and files that go */
	size_t n;
};

/*
 * Notes the job's mail, the data and model folders of its tasks, and its own
 * uploaded file. Logs and what describes the tasks stay. With
 * federation.keep_messages only the uploaded file goes.
 */
void sweep_add(struct sweep *w, const struct scheduler *s, struct run_job *j);

/*
 * When s->sweep_at has come: files of deleted and replaced tables that no
 * living job can have pinned, of upload sessions that nobody goes on with, and
 * of uploads whose job was canceled before it began. A bounded number at a
 * time; a row is marked when its file is seen to be gone.
 */
void sweep_stored(struct scheduler *s, int64_t mono_now);
/* Something changed that may set files free: look in a moment. */
void sweep_soon(struct scheduler *s, int64_t mono_now);

/* Starts the child and forgets the paths. */
void sweep_run(struct sweep *w);

#endif
