/*
 * Which jobs are ours: waiting ones that fit, and those of dead schedulers.
 */
#ifndef FF_SCHEDULER_CLAIM_H
#define FF_SCHEDULER_CLAIM_H

#include "scheduler/settle.h"

/* Counts what runs on the site into p->room. Within the transaction. */
enum err claim_count(struct settle *p, struct buf *err);

/*
 * Claims waiting jobs that fit and plans their first tasks; passes over the
 * others and, when `explain`, writes why. Within the transaction.
 */
enum err claim_waiting(struct settle *p, bool explain, struct buf *err);

/* Takes note of who asked a job to stop. Within the transaction. */
enum err claim_stops(struct settle *p, struct buf *err);

/*
 * Takes over the jobs of schedulers whose time is up and adopts every running
 * job that is ours and not in memory. Outside a transaction.
 */
enum err claim_adopt(struct scheduler *s, struct buf *err);

#endif
