/*
 * The two halves of a program that runs tasks (fateflow-task,
 * fateflow-keeper), and what lies between run and report.
 */
#ifndef FF_LIB_TASK_RUN_H
#define FF_LIB_TASK_RUN_H

#include "lib/task/task.h"

/* No space left, which may have kept state.json from saying so. */
#define TASK_EXIT_UNWRITTEN 74
#define TASK_EXIT_OWNED	    75

/* The parent: owner, lock, the child, exit. Returns the exit code. */
int task_supervise(const char *dir, const struct component_table *table);

/* The child: runs the component of `dir` to its end; returns the exit code. */
int task_run(const char *dir, const struct component_table *table);

/* Reads <dir>/task.json into t; ends with task_release(). */
enum err task_load(struct task *t, const char *dir, struct buf *err);
void task_release(struct task *t);

struct task_report *task_report_new(const char *dir);
void task_report_free(struct task_report *r);
/* Writes metrics and state when they are due; always true (mailbox_waiting). */
bool task_report_tick(void *report);
/*
 * The last words: all metrics, then the state. Returns the exit code: 0, 1
 * for a failure that is written down, or TASK_EXIT_UNWRITTEN.
 */
int task_report_end(struct task_report *r, enum err result, const char *text);

#endif
