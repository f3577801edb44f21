/*
 * Room on the disk before a job starts, and the announcement that it gets
 * scarce.
 */
#ifndef FF_SCHEDULER_ROOM_H
#define FF_SCHEDULER_ROOM_H

#include "scheduler/scheduler.h"

/* Looks at the disk, at most once a second, and logs a change of its level. */
void room_look(struct scheduler *s, int64_t mono_now);

/*
 * May this waiting job start, as far as the disk goes? For an upload it must
 * hold the table that its file becomes. False with the reason; an error is
 * the database's.
 */
enum err room_for(struct scheduler *s, const char *job_id, bool *fits_out,
    struct buf *reason, struct buf *err);

#endif
