/*
 * Messages between the tasks of one component on different parties.
 *
 * A message is (from, to, tag, sequence) within one job, component and
 * attempt. It is a file in the receiver's mailbox folder, written beside and
 * renamed into place, so it is there whole or not at all. Sequence numbers
 * count per (peer, tag) from 0 on both sides; a receiver takes them in order.
 * A consumed message becomes its own marker, "<name>.done", cut to its digest,
 * whose file a later message of that peer and tag is written to: the markers of
 * the first and the last two stay. A sender writes message n over the marker of
 * n-2 as soon as that of n-1 is there, so a receiver has read a message whole
 * and cut its marker before it marks the next one. With keep_messages, which
 * all parties of a job have or have not, it stays as "<name>.kept" beside one,
 * for an audit.
 *
 * The file: one line of JSON, a newline, the payload.
 *   {"v":1,"kind":"ciphertext","tag":"host_forward","from":"host-10000",
 *    "to":"guest-9999","seq":3,"n":569,"len":145664,"sha256":"..."}
 */
#ifndef FF_FEDERATION_MAILBOX_H
#define FF_FEDERATION_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/json.h"

/*
 * What a payload is, declared by its sender; an audit decodes it accordingly.
 * The table of tags in mailbox_tags.c says which kinds a tag may carry and
 * what an aggregate means; sending anything else is ERR_INTERNAL.
 */
enum message_kind {
	MESSAGE_KEY,	    /* a public key: JSON with hex numbers */
	MESSAGE_CIPHERTEXT, /* Paillier: n big-endian numbers of equal width */
	MESSAGE_BLINDED,   /* blinded, hashed, shared: n items of equal width */
	MESSAGE_AGGREGATE, /* JSON of a listed shape: counts, flags, sums */
	MESSAGE_IDS,	   /* plain ids: a raw intersection, a sample */
	MESSAGE_KIND__MAX
};

const char *message_kind_name(enum message_kind kind);

struct mailbox_party {
	const char *role;
	const char *party_id;
	const char
	    *dir; /* that party's mailbox for this component and attempt */
};

struct mailbox;

/* Called while a receive waits, at least once a second; false ends the wait. */
typedef bool mailbox_waiting(void *arg);

struct mailbox_options {
	struct mailbox_party self;	   /* borrowed until close */
	const struct mailbox_party *peers; /* borrowed until close */
	size_t n_peers;
	bool keep_messages;
	int64_t quota; /* bytes in one mailbox; 0: none */
	mailbox_waiting *waiting;
	void *arg;
};

enum err mailbox_open(const struct mailbox_options *options,
    struct mailbox **out, struct buf *err);
void mailbox_close(struct mailbox **m);

/*
 * Tells everybody, by the empty file "<dir>.ended" beside the mailbox, that
 * this party's task is done and sends no more: who still waits for a message
 * of it, because their parameters differ, need not wait for ever.
 */
#define MAILBOX_ENDED ".ended"
enum err mailbox_say_ended(const struct mailbox_party *self, struct buf *err);
bool mailbox_has_ended(const struct mailbox_party *party);

/* `n` is the number of items in the payload, shown in the head. */
enum err mailbox_send(struct mailbox *m, const struct mailbox_party *to,
    const char *tag, enum message_kind kind, int64_t n, const void *payload,
    size_t len, struct buf *err);

/*
 * Waits for the next message of that tag from that peer. Its kind must be
 * `kind`. *n_out (may be NULL) is its item count. ERR_BUSY when `waiting`
 * ended the wait, ERR_INVALID when the peer ended without sending it.
 */
enum err mailbox_receive(struct mailbox *m, const struct mailbox_party *from,
    const char *tag, enum message_kind kind, struct buf *payload_out,
    int64_t *n_out, struct buf *err);

/* JSON both ways (MESSAGE_KEY and MESSAGE_AGGREGATE). */
enum err mailbox_send_json(struct mailbox *m, const struct mailbox_party *to,
    const char *tag, enum message_kind kind, const cJSON *value,
    struct buf *err);
enum err mailbox_receive_json(struct mailbox *m,
    const struct mailbox_party *from, const char *tag, enum message_kind kind,
    cJSON **out, struct buf *err);

#endif
