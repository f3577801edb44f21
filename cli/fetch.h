/*
 * An answer that is a file: it is streamed to a temporary one, shown to the
 * caller when whole, and removed in any case.
 */
#ifndef FF_CLI_FETCH_H
#define FF_CLI_FETCH_H

#include "cli/call.h"

/*
 * Takes the whole file at `path` (to unpack or rename it) and prints. Runs
 * with interrupt_catch() on; prints nothing once interrupt_seen().
 */
typedef enum cli_exit fetch_use(const struct call *call,
    const struct http_response *response, const char *path);

struct fetch {
	const struct call *call;
	const char *folder; /* made if it is not there */
	fetch_use *use;
	http_admit *admit; /* may be NULL; its arg is the call */
};

/* A JSON answer is printed as one. */
enum cli_exit fetch(const struct fetch *f);

#endif
