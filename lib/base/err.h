/*
 * The result of a call that can fail, and the words for it.
 *
 * Convention throughout: a function returns enum err and appends, only on
 * failure, one sentence without a final full stop to a caller's
 * `struct buf *err`, written so that a user can be shown it as it is. `err`
 * may be NULL. Callers add context only where they know more. Whoever handles
 * an error logs it, once; whoever passes it on stays silent.
 */
#ifndef FF_BASE_ERR_H
#define FF_BASE_ERR_H

enum err {
	ERR_OK = 0,
	ERR_INVALID,   /* the caller's or the user's input is wrong */
	ERR_NOTFOUND,  /* what was asked for is not there */
	ERR_CONFLICT,  /* it is there already, or another one changed it */
	ERR_DENIED,    /* not allowed */
	ERR_BUSY,      /* not now: try again */
	ERR_DB,	       /* the database did not do it */
	ERR_UNCERTAIN, /* a commit was sent and no answer came back */
	ERR_IO,	       /* the disk or the network did not do it */
	ERR_INTERNAL,  /* a bug of ours, or of a peer's */
	ERR_FULL,      /* no space or no file left on a disk */
	ERR__MAX
};

/* A lower-case word for logs: "invalid", "notfound", ... */
const char *err_name(enum err e);

#include "lib/base/banned.h"

#endif
