/*
 * The tags that messages may bear: which kinds each may carry, and what an
 * aggregate under it says. The audit and the documentation read this table.
 */
#ifndef FF_FEDERATION_MAILBOX_TAGS_H
#define FF_FEDERATION_MAILBOX_TAGS_H

#include <stddef.h>

#include "lib/federation/mailbox.h"

#define MESSAGE_BIT(kind) (1U << (kind))

struct mailbox_tag {
	const char *name;
	unsigned kinds;	   /* MESSAGE_BIT of each legal kind */
	const char *shape; /* meaning and JSON shape in a phrase */
};

extern const struct mailbox_tag mailbox_tags[];
extern const size_t mailbox_n_tags;

/* NULL for a tag that is not in the table. */
const struct mailbox_tag *mailbox_tag_find(const char *name);

#endif
