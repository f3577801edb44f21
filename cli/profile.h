/*
 * Which server is asked. The profile file names servers:
 *
 *	{"default": "lab", "profiles": {"lab": {"server": "10.0.0.5:9380",
 *	    "note": "the one in the cellar"}}}
 */
#ifndef FF_CLI_PROFILE_H
#define FF_CLI_PROFILE_H

#include "cli/flags.h"

struct profile {
	struct buf server; /* "HOST:PORT" or a URL */
	struct buf source; /* in words: "--server", "the profile lab" */
	const cJSON *row;  /* of the profile, or NULL */
	cJSON *file;	   /* the file's content, or NULL: was not read */
	struct buf path;   /* of the file; "" when there can be none */
};

#define PROFILE_INIT                                                     \
	{                                                                \
		.server = BUF_INIT, .source = BUF_INIT, .path = BUF_INIT \
	}

/*
 * The first of --server, --profile, $FATEFLOW_SERVER, $FATEFLOW_PROFILE, the
 * file's default, 127.0.0.1:9380. The file is read when it comes to it;
 * ERR_INVALID names it and what is wrong in it, or the profile that it lacks.
 */
enum err
profile_choose(const struct flags *flags, struct profile *out, struct buf *err);

/* Reads and checks the file, once; an absent one leaves p->file NULL. */
enum err profile_read(struct profile *p, struct buf *err);

void profile_release(struct profile *p);

/* "http://HOST:PORT/v1" */
void profile_base(const struct profile *p, struct buf *base);

#endif
