/*
 * Reading task.json into a struct task, and its end.
 */
#ifndef FF_TASK_LOAD_H
#define FF_TASK_LOAD_H

#include "task/task.h"

/*
 * Fills in everything but mail and report; strings are borrowed from the tree
 * that t->root then owns. ERR_INVALID names the field that is wrong.
 */
enum err task_load(struct task *t, const char *dir, struct buf *err);
void task_release(struct task *t);

/* The mode that the inputs and need_run call for (components, section 2.2). */
enum task_mode task_mode_of(const struct task *t);

#endif
