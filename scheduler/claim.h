/*
 * Which jobs are ours: those that the queue lets begin, and those of dead
 * schedulers.
 */
#ifndef FF_SCHEDULER_CLAIM_H
#define FF_SCHEDULER_CLAIM_H

#include "scheduler/settle.h"

/* Counts what we run into p->room, first in each transaction. */
void claim_count(struct settle *p);

/*
 * Before anything is admitted: takes the site's turn and counts what others
 * run. Does so once in a transaction.
 */
enum err claim_turn(struct settle *p, struct buf *err);

/*
 * A part of the transaction was undone, maybe with the turn in it: the room is
 * counted anew, and the turn taken again before anything else is admitted.
 */
void claim_undone(struct settle *p);

/*
 * A waiting job that fits becomes ours, its first tasks are planned, and
 * *is_ours_out is true; unless somebody was faster, or it cannot be read and
 * has ended for that.
 */
enum err claim_begin(
    struct settle *p, const char *job_id, bool *is_ours_out, struct buf *err);

/* A waiting job ends without having run: STATE_FAIL and the reason. */
enum err claim_refuse(
    struct settle *p, const char *job_id, const char *reason, struct buf *err);

/* Ends waiting jobs that somebody asked to stop. Within the transaction. */
enum err claim_stop_waiting(struct settle *p, struct buf *err);

/* After the transaction: what it learned is kept if it was committed. */
void claim_finish(struct settle *p, bool is_committed);

/* Takes note of who asked a job to stop. Within the transaction. */
enum err claim_stops(struct settle *p, struct buf *err);

/*
 * Takes over the jobs of schedulers whose time is up and adopts every running
 * job that is ours and not in memory. Outside a transaction.
 */
enum err claim_adopt(struct scheduler *s, struct buf *err);

#endif
