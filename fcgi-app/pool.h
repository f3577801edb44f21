/* The pool master: listens, keeps N workers alive, replaces them. */
#ifndef FF_FCGI_POOL_H
#define FF_FCGI_POOL_H

#include "lib/base/cfg.h"

struct pool_options {
	const char *conf_path; /* read again at SIGHUP */
	const char *socket;    /* path of the unix socket to make */
	const char *name;      /* for the log */
	int n_workers;
};

/*
 * Runs until SIGTERM or SIGINT. A worker that dies is started again, for
 * ever, with a growing pause when it died young. SIGHUP reads the
 * configuration again and replaces the workers one by one. At the end each
 * worker gets TERM again and again, and KILL when it does not go.
 */
enum err
pool_run(struct cfg *cfg, const struct pool_options *o, struct buf *err);

#endif
