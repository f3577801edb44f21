/* What lies in <work>/spool and will never become a table. */
#ifndef FF_SCHEDULER_SPOOL_SWEEP_H
#define FF_SCHEDULER_SPOOL_SWEEP_H

#include "scheduler/sweep.h"

/*
 * Notes files that nobody holds and that neither a job nor an open session
 * needs, and forgets sessions that are over and whose file is gone. A bounded
 * number at a time; *is_more_out: there may be more, look again soon.
 */
enum err spool_sweep(
    struct scheduler *s, struct sweep *w, bool *is_more_out, struct buf *err);

#endif
