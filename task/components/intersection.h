/*
 * What the parts of Intersection share: a party's rows as a set of digests,
 * and streams of equal-width items in messages.
 */
#ifndef FF_TASK_COMPONENTS_INTERSECTION_H
#define FF_TASK_COMPONENTS_INTERSECTION_H

#include "lib/base/digest.h"
#include "task/task.h"

#define INTERSECT_CHUNK 4096 /* items in one message */

/* One row of ours: what it is compared by, and where it stands. */
struct idset_item {
	uint8_t digest[DIGEST_SHA256_LEN];
	int64_t row;
};

struct idset {
	struct idset_item *items; /* sorted by digest after idset_sort */
	int64_t n, cap;
	bool *common; /* by row: in the intersection so far */
	bool *hit;    /* by row: met in the current round */
};

/* All rows are common until a round says otherwise. */
void idset_init(struct idset *s, int64_t rows);
void idset_release(struct idset *s);
/* Empties the items (another peer has other digests), keeps `common`. */
void idset_restart(struct idset *s);
void idset_add(struct idset *s, const uint8_t *digest, int64_t row);
void idset_sort(struct idset *s);
/* Marks the rows of that digest, of which there may be several, as met. */
void idset_mark(struct idset *s, const uint8_t *digest);
/* The round is over: common := common and met. */
void idset_close_round(struct idset *s);
int64_t idset_count(const struct idset *s);

/* A stream: the count first, then chunks of `width` bytes an item. */
struct item_stream {
	struct mailbox *mail;
	const struct mailbox_party *peer;
	const char *tag;
	enum message_kind kind;
	size_t width;
	int64_t left;
	struct buf chunk;
};

enum err stream_announce(struct item_stream *s, int64_t rows, struct buf *err);
enum err stream_put(struct item_stream *s, const void *item, struct buf *err);
/* Sends what is left. */
enum err stream_end(struct item_stream *s, struct buf *err);
/* Receives the announcement into left. */
enum err stream_expect(struct item_stream *s, struct buf *err);
/*
 * The next chunk, *n_out items; 0 when the stream is over. The items stand in
 * s->chunk until the next call.
 */
enum err stream_get(struct item_stream *s, int64_t *n_out, struct buf *err);
void stream_release(struct item_stream *s);

/* The component's state for both methods. */
struct intersection {
	struct task *task;
	const struct task_data *input;
	struct table_reader *reader;
	struct idset set;
	bool sync;	 /* sync_intersect_ids */
	bool has_result; /* this party knows the intersection */
	bool only_key;	 /* only_output_key */
	/* repeated_id_process, and whose rows repeat: the guest's */
	bool repeats, is_owner;
	int64_t n_repeated; /* rows that a host wrote */
};

/* Writes a row, or its key alone (intersection.c). */
enum err intersection_put(struct intersection *x, struct table_writer *out,
    const struct table_row *row, struct buf *err);

/* By role: guest or host, method rsa (intersection_rsa.c). */
enum err intersection_rsa(struct intersection *x, struct buf *err);
/* Method raw (intersection_raw.c). */
enum err intersection_raw(struct intersection *x, struct buf *err);

/* ---- a host's signed ids, kept (intersection_kept.c) ---- */

struct rsa_secret;

/* By the job's parameters; by the site, which gives the task a folder. */
bool kept_is_asked_for(const struct task *t);
bool kept_is_allowed(const struct task *t);
/*
 * The file that keeps our ids as they are signed for this guest, into an
 * emptied `out`; nothing is added when none is to be kept. Reads all rows.
 */
enum err kept_path(struct intersection *x, const struct mailbox_party *guest,
    struct buf *out, struct buf *err);
/*
 * The key they were signed with, and their digests into the set, by row; NULL,
 * and an empty set, when there are none, or damaged ones.
 */
struct rsa_secret *kept_load(struct intersection *x, const char *path);
/* Keeps the set, still by row. What fails is logged, and nothing is kept. */
void kept_save(const struct intersection *x, const char *path,
    const struct rsa_secret *key);

/* ---- repeated ids (intersection_repeat.c) ---- */

/* What a row of ours is compared by, in an emptied `out`. */
enum err repeat_key(const struct intersection *x, const struct table_row *row,
    struct buf *out, struct buf *err);
/* The schema of the output; the owner's lacks its first column. */
void repeat_schema(
    const struct table_schema *from, bool is_owner, struct table_schema *out);
/* The owner: tells the hosts the keys of its common rows. */
enum err repeat_tell(struct intersection *x, struct buf *err);
/* The output rows of the owner, and of a host, who is told them. */
enum err repeat_write_own(
    struct intersection *x, struct table_writer *out, struct buf *err);
enum err repeat_write_host(
    struct intersection *x, struct table_writer *out, struct buf *err);

#endif
