/* The two halves of fateflow-task, and what lies between run and report. */
#ifndef FF_TASK_RUN_H
#define FF_TASK_RUN_H

#include "task/task.h"

#define TASK_EXIT_OWNED 75

/* The parent: owner, lock, the child, exit. Returns the exit code. */
int task_supervise(const char *dir);

/* The child: runs the component of `dir` to its end; returns the exit code. */
int task_run(const char *dir);

/* Reads <dir>/task.json into t; ends with task_release(). */
enum err task_load(struct task *t, const char *dir, struct buf *err);
void task_release(struct task *t);

struct task_report *task_report_new(const char *dir);
void task_report_free(struct task_report *r);
/* Writes metrics and state when they are due; always true (mailbox_waiting). */
bool task_report_tick(void *report);
/* The last words: all metrics, then the state. */
enum err
task_report_end(struct task_report *r, enum err result, const char *text);

#endif
