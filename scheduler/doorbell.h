/*
 * The doorbell: a unix datagram socket <runtime_dir>/doorbell. What arrives
 * is not read, only that something did.
 */
#ifndef FF_SCHEDULER_DOORBELL_H
#define FF_SCHEDULER_DOORBELL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/*
 * Binds it; a stale socket is replaced, in one step, so that a sender never
 * finds nothing there. *fd_out is non-blocking. A path longer than a socket
 * address holds is ERR_INVALID.
 */
enum err doorbell_open(const char *runtime_dir, int *fd_out, struct buf *err);

/* Takes all rings off; the number of them. */
size_t doorbell_drain(int fd);

/*
 * Closes it and removes the socket, unless another scheduler has put its own
 * there since.
 */
void doorbell_close(const char *runtime_dir, int *fd);

#endif
