/*
 * Which tags there are, what each may carry, and what an aggregate means: the
 * whole of what crosses between parties, in one table. Sending what it does
 * not list is an error, and an audit reads its words.
 */
#ifndef FF_FEDERATION_MAILBOX_TAGS_H
#define FF_FEDERATION_MAILBOX_TAGS_H

#include "lib/federation/mailbox.h"

struct mailbox_tag {
	const char *name;
	unsigned kinds;	     /* 1 << enum message_kind */
	const char *meaning; /* of the payload, for people */
};

/* NULL when the tag is not listed. */
const struct mailbox_tag *mailbox_tag_find(const char *name);
const struct mailbox_tag *mailbox_tag_all(size_t *n_out);

#endif
