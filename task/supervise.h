/*
 * The process that was launched: claims the task directory, runs the
 * component in a child, outlives everything that came of it, writes `exit`.
 */
#ifndef FF_TASK_SUPERVISE_H
#define FF_TASK_SUPERVISE_H

#include <stdbool.h>

#include "lib/base/buf.h"

#define TASK_EXIT_CLAIMED 75 /* another process, or a takeover, has it */

/*
 * Creates `owner` (O_EXCL) and takes `lock`. ERR_CONFLICT when the attempt is
 * claimed already. The lock's descriptor is inherited by what is forked.
 */
enum err supervise_claim(const char *dir, struct buf *err);

/*
 * Forks; the child gets ERR_OK and is_child true and runs the component; the
 * parent returns when all is over, `exit` written and no straggler left.
 */
enum err supervise_run(const char *dir, bool *is_child, struct buf *err);

#endif
