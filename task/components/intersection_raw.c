/*
 * The raw method. The sending side gives its ids, as they are or (with_encode)
 * as hash(id + salt); the join side compares and, with sync_intersect_ids,
 * gives back what is common, as it was sent. When a host joins and there are
 * several, the guest compares what they gave back and tells each the rest.
 *
 * Ids as they are cannot hold a newline (a table is read from lines), so a
 * chunk of them is text joined by newlines; encoded ids have equal width.
 */
#include "lib/base/mem.h"
#include "task/components/intersection.h"

#include <openssl/evp.h>
#include <strings.h>

struct encoder {
	const struct intersection *x;
	const char *method; /* NULL: ids as they are */
	const char *salt;
	bool base64;
};

static struct encoder
encoder_of(const struct intersection *x)
{
	const cJSON *param = x->task->param;
	const cJSON *given = json_get(param, "encode_params");
	const char *method = json_str(given, "encode_method", "none");
	struct encoder e = {.x = x,
	    .salt = json_str(given, "salt", ""),
	    .base64 = json_bool(given, "base64", false)};

	if (json_bool(param, "with_encode", false) &&
	    strcasecmp(method, "none"))
		e.method = method;
	return e;
}

/* What is sent for an id, in an emptied `out`. */
static enum err
encode(const struct encoder *e, const struct table_row *row, struct buf *out,
    struct buf *err)
{
	char text[2 * DIGEST_MAX + 1];
	uint8_t raw[DIGEST_MAX];
	size_t len = 0;
	enum err rc = repeat_key(e->x, row, out, err);

	if (rc || !e->method)
		return rc;
	buf_adds(out, e->salt);
	rc = digest_named(e->method, out->ptr, out->len, raw, &len, err);
	if (rc)
		return rc;
	if (e->base64)
		EVP_EncodeBlock((unsigned char *)text, raw, (int)len);
	else
		digest_hex(raw, len, text);
	buf_reset(out);
	buf_adds(out, text);
	return ERR_OK;
}

static void
item_digest(const char *item, size_t len, uint8_t out[DIGEST_SHA256_LEN])
{
	digest_sha256(item, len, out);
}

/* ---- sending rows ---- */

struct sender {
	struct intersection *x;
	const struct mailbox_party *peer;
	const char *tag;
	struct encoder encoder;
	struct buf chunk;
	int64_t n;
};

static enum err
flush(struct sender *s, struct buf *err)
{
	enum message_kind kind =
	    s->encoder.method ? MESSAGE_BLINDED : MESSAGE_IDS;
	enum err rc = ERR_OK;

	if (s->n)
		rc = mailbox_send(s->x->task->mail, s->peer, s->tag, kind, s->n,
		    s->chunk.ptr, s->chunk.len, err);
	buf_reset(&s->chunk);
	s->n = 0;
	return rc;
}

static enum err
put_row(struct sender *s, const struct table_row *row, struct buf *err)
{
	struct buf item = BUF_INIT;
	enum err rc = encode(&s->encoder, row, &item, err);

	if (!rc) {
		if (s->n && !s->encoder.method)
			buf_addc(&s->chunk, '\n');
		buf_add(&s->chunk, item.ptr, item.len);
		s->n++;
		if (s->n == INTERSECT_CHUNK)
			rc = flush(s, err);
	}
	buf_release(&item);
	return rc;
}

/* All rows that are common so far, which at first are all. */
static enum err
send_rows(struct intersection *x, const struct mailbox_party *peer,
    const char *tag, struct buf *err)
{
	struct sender s = {.x = x,
	    .peer = peer,
	    .tag = tag,
	    .encoder = encoder_of(x),
	    .chunk = BUF_INIT};
	struct item_stream announce = {.mail = x->task->mail, .peer = peer};
	struct table_row row;
	int64_t i = 0;
	enum err rc = stream_announce(&announce, idset_count(&x->set), err);

	table_reader_rewind(x->reader);
	while (!rc) {
		rc = table_reader_next(x->reader, &row, err);
		if (!rc && x->set.common[i++])
			rc = put_row(&s, &row, err);
	}
	if (rc == ERR_NOTFOUND)
		rc = flush(&s, err);
	buf_release(&s.chunk);
	return rc;
}

/* ---- receiving rows ---- */

/* The set of our own rows by what would be sent for them. */
static enum err
fill_set(struct intersection *x, struct buf *err)
{
	struct encoder e = encoder_of(x);
	uint8_t digest[DIGEST_SHA256_LEN];
	struct buf item = BUF_INIT;
	struct table_row row;
	enum err rc;

	table_reader_rewind(x->reader);
	while (!(rc = table_reader_next(x->reader, &row, err))) {
		rc = encode(&e, &row, &item, err);
		if (rc)
			break;
		item_digest(item.ptr, item.len, digest);
		idset_add(&x->set, digest, x->set.n);
	}
	idset_sort(&x->set);
	buf_release(&item);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* The next item's length: of equal width, or to the newline. */
static size_t
item_len(const char *p, const char *end, size_t width)
{
	const char *newline;

	if (width)
		return width;
	newline = memchr(p, '\n', (size_t)(end - p));
	return (size_t)((newline ? newline : end) - p);
}

/* Marks n items; ERR_INVALID when the chunk does not hold just as many. */
static enum err
mark_chunk(struct intersection *x, const struct buf *chunk, int64_t n,
    bool has_width, struct buf *err)
{
	size_t width = has_width ? chunk->len / (size_t)n : 0;
	uint8_t digest[DIGEST_SHA256_LEN];
	const char *p = chunk->ptr, *end = p + chunk->len;
	int64_t found = 0;

	if (has_width && (!width || chunk->len % (size_t)n))
		goto bad;
	for (; p <= end && found < n; found++) {
		size_t len = item_len(p, end, width);

		item_digest(p, len, digest);
		idset_mark(&x->set, digest);
		p += len + !width;
	}
	/* Text ends one behind: no newline follows its last item. */
	if (found == n && p == end + !width)
		return ERR_OK;
bad:
	return err_set(err, ERR_INVALID,
	    "a chunk of %lld ids does not hold as many in its %zu bytes",
	    (long long)n, chunk->len);
}

/* Receives a peer's rows; ours that are not among them are common no more. */
static enum err
meet_rows(struct intersection *x, const struct mailbox_party *peer,
    const char *tag, struct buf *err)
{
	bool encoded = encoder_of(x).method != NULL;
	struct item_stream announced = {.mail = x->task->mail, .peer = peer};
	struct buf chunk = BUF_INIT;
	enum err rc = stream_expect(&announced, err);

	while (!rc && announced.left > 0) {
		int64_t n = 0;

		buf_reset(&chunk);
		rc = mailbox_receive(x->task->mail, peer, tag,
		    encoded ? MESSAGE_BLINDED : MESSAGE_IDS, &chunk, &n, err);
		if (!rc && (n < 1 || n > announced.left))
			rc = err_set(err, ERR_INVALID,
			    "%s %s sent %lld ids where %lld were left",
			    peer->role, peer->party_id, (long long)n,
			    (long long)announced.left);
		if (!rc)
			rc = mark_chunk(x, &chunk, n, encoded, err);
		announced.left -= n;
	}
	idset_close_round(&x->set);
	buf_release(&chunk);
	return rc;
}

typedef enum err exchange(struct intersection *x,
    const struct mailbox_party *peer, const char *tag, struct buf *err);

static enum err
with_all_hosts(
    struct intersection *x, exchange *step, const char *tag, struct buf *err)
{
	size_t n = task_n_peers(x->task, "host");
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < n; i++)
		rc = step(x, task_peer(x->task, "host", i), tag, err);
	return rc;
}

static enum err
run_guest(struct intersection *x, bool guest_joins, struct buf *err)
{
	bool is_one = task_n_peers(x->task, "host") == 1;
	enum err rc;

	if (guest_joins) {
		rc = with_all_hosts(x, meet_rows, "intersect_ids", err);
		x->has_result = true;
		if (!rc && x->sync)
			rc = with_all_hosts(x, send_rows, "intersect_ids", err);
		return rc;
	}
	rc = with_all_hosts(x, send_rows, "intersect_ids", err);
	if (rc || !x->sync)
		return rc;
	rc = with_all_hosts(x, meet_rows, "intersect_ids", err);
	x->has_result = true;
	if (!rc && !is_one)
		rc = with_all_hosts(x, send_rows, "intersect_ids", err);
	return rc;
}

static enum err
run_host(struct intersection *x, bool guest_joins, struct buf *err)
{
	const struct mailbox_party *guest = task_peer(x->task, "guest", 0);
	bool is_one = task_n_peers(x->task, "host") == 0;
	enum err rc;

	if (guest_joins) {
		rc = send_rows(x, guest, "intersect_ids", err);
		if (!rc && x->sync) {
			rc = meet_rows(x, guest, "intersect_ids", err);
			x->has_result = true;
		}
		return rc;
	}
	rc = meet_rows(x, guest, "intersect_ids", err);
	x->has_result = true;
	if (!rc && x->sync)
		rc = send_rows(x, guest, "intersect_ids", err);
	if (!rc && x->sync && !is_one)
		rc = meet_rows(x, guest, "intersect_ids", err);
	return rc;
}

enum err
intersection_raw(struct intersection *x, struct buf *err)
{
	bool guest_joins =
	    strcasecmp(json_str(x->task->param, "join_role", "guest"), "host");
	enum err rc = fill_set(x, err);

	if (rc)
		return rc;
	return strcmp(x->task->role, "guest") ? run_host(x, guest_joins, err)
					      : run_guest(x, guest_joins, err);
}
