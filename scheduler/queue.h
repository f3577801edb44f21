/*
 * The waiting jobs: who begins, who is passed over, and why each waits.
 */
#ifndef FF_SCHEDULER_QUEUE_H
#define FF_SCHEDULER_QUEUE_H

#include "scheduler/settle.h"

/*
 * Claims what fits, in order; `explain`: also writes why others wait. Within
 * the transaction; what it learns is planned in p->queue.
 */
enum err queue_run(struct settle *p, bool explain, struct buf *err);

#endif
