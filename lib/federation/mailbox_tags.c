#include "lib/federation/mailbox_tags.h"
#include "lib/base/mem.h"

#define KEY	   (1u << MESSAGE_KEY)
#define CIPHERTEXT (1u << MESSAGE_CIPHERTEXT)
#define BLINDED	   (1u << MESSAGE_BLINDED)
#define AGGREGATE  (1u << MESSAGE_AGGREGATE)
#define IDS	   (1u << MESSAGE_IDS)

static const struct mailbox_tag tags[] = {
    /* Intersection (task/components/intersection*.c) */
    {"intersect_rsa_key", KEY, "the host's RSA modulus and exponent, in hex"},
    {"intersect_count", AGGREGATE,
	"{\"rows\"}: how many items follow in the next stream"},
    {"intersect_blinded", BLINDED,
	"guest to host: r^e * H(id) mod n, one number per id"},
    {"intersect_signed", BLINDED,
	"host to guest: the blinded numbers to the power d mod n, in order"},
    {"intersect_digests", BLINDED,
	"host to guest: SHA-256 of H(id)^d mod n per id of the host, sorted"},
    {"intersect_common", BLINDED,
	"guest to host: the digests that both sides have, sorted"},
    {"intersect_ids", IDS | BLINDED,
	"raw intersection: ids as they are, or encoded when with_encode"},
    {"intersect_result", IDS | BLINDED,
	"raw intersection: the common ids, as they were sent"},
};

const struct mailbox_tag *
mailbox_tag_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		if (!strcmp(tags[i].name, name))
			return &tags[i];
	return NULL;
}

const struct mailbox_tag *
mailbox_tag_all(size_t *n_out)
{
	*n_out = ARRAY_LEN(tags);
	return tags;
}
