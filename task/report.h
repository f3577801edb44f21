/*
 * What a task writes for the scheduler: state.json and metrics.jsonl.
 */
#ifndef FF_TASK_REPORT_H
#define FF_TASK_REPORT_H

#include "task/task.h"

struct task_report *report_open(const struct task *t);

/* Writes what is pending when its time has come; cheap to call often. */
void report_tick(struct task_report *r);

/*
 * The last word. rc ERR_OK: syncs outputs, writes the metrics, then state
 * "success"; else state "failed" with err. A success that cannot be written
 * is a failure and returned as one.
 */
enum err report_finish(struct task_report *r, enum err rc, struct buf *err);
void report_close(struct task_report **r);

#endif
