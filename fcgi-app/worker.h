/* One worker: accepts on a listening socket and serves, one at a time. */
#ifndef FF_FCGI_WORKER_H
#define FF_FCGI_WORKER_H

#include "lib/base/cfg.h"

/*
 * Serves until SIGTERM or SIGINT (the current request is finished first) or
 * until cfg.api.requests_per_worker are done. Signals are taken only between
 * requests.
 */
enum err worker_run(const struct cfg *cfg, int listen_fd, struct buf *err);

#endif
