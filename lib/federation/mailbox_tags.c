/* One row per tag; a tag that is not here cannot be sent. */
#include "lib/federation/mailbox_tags.h"

#include "lib/base/mem.h"

#define KEY	   MESSAGE_BIT(MESSAGE_KEY)
#define CIPHERTEXT MESSAGE_BIT(MESSAGE_CIPHERTEXT)
#define BLINDED	   MESSAGE_BIT(MESSAGE_BLINDED)
#define AGGREGATE  MESSAGE_BIT(MESSAGE_AGGREGATE)
#define IDS	   MESSAGE_BIT(MESSAGE_IDS)

const struct mailbox_tag mailbox_tags[] = {
    {"intersect_key", KEY, "host's RSA key {\"e\": hex, \"n\": hex}"},
    {"intersect_rows", AGGREGATE, "{\"rows\": items that follow}"},
    {"intersect_blinded", BLINDED, "r^e * H(id) mod n per guest row"},
    {"intersect_signed", BLINDED, "the same items to the power d"},
    {"intersect_hashed", BLINDED, "H(H(id)^d mod n), in order of value"},
    {"intersect_common", BLINDED, "those of them that are common"},
    {"intersect_ids", IDS | BLINDED, "raw: ids, or their digests"},
};

const size_t mailbox_n_tags = ARRAY_LEN(mailbox_tags);

const struct mailbox_tag *
mailbox_tag_find(const char *name)
{
	for (size_t i = 0; i < mailbox_n_tags; i++)
		if (strcmp(mailbox_tags[i].name, name) == 0)
			return &mailbox_tags[i];
	return NULL;
}
