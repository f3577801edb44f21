/* The child's side: read task.json, run the component, report. */
#ifndef FF_TASK_RUN_H
#define FF_TASK_RUN_H

#include "lib/base/buf.h"

/* The process's exit status: 0 for a success that was reported. */
int run_task(const char *dir);

#endif
