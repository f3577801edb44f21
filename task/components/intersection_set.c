/*
 * A million rows cost 40 MB here: the digests and the row numbers. Ids
 * themselves stay in the table.
 */
#include "lib/base/mem.h"
#include "task/components/intersection.h"

void
idset_init(struct idset *s, int64_t rows)
{
	memset(s, 0, sizeof(*s));
	s->cap = rows;
	s->items = xreallocarray(NULL, (size_t)rows, sizeof(*s->items));
	s->common = xreallocarray(NULL, (size_t)rows, sizeof(bool));
	s->hit = xcalloc((size_t)rows, sizeof(bool));
	memset(s->common, true, (size_t)rows * sizeof(bool));
}

void
idset_release(struct idset *s)
{
	free(s->items);
	free(s->common);
	free(s->hit);
	memset(s, 0, sizeof(*s));
}

void
idset_restart(struct idset *s)
{
	s->n = 0;
}

void
idset_add(struct idset *s, const uint8_t *digest, int64_t row)
{
	struct idset_item *item = &s->items[s->n++];

	memcpy(item->digest, digest, sizeof(item->digest));
	item->row = row;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(((const struct idset_item *)a)->digest,
	    ((const struct idset_item *)b)->digest, DIGEST_SHA256_LEN);
}

void
idset_sort(struct idset *s)
{
	qsort(s->items, (size_t)s->n, sizeof(*s->items), compare);
}

static bool
is_digest(const struct idset_item *item, const uint8_t *digest)
{
	return !memcmp(item->digest, digest, DIGEST_SHA256_LEN);
}

void
idset_mark(struct idset *s, const uint8_t *digest)
{
	int64_t low = 0, high = s->n;

	while (low < high) {
		int64_t mid = low + (high - low) / 2;

		if (memcmp(s->items[mid].digest, digest, DIGEST_SHA256_LEN) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < s->n && is_digest(&s->items[low], digest); low++)
		s->hit[s->items[low].row] = true;
}

void
idset_close_round(struct idset *s)
{
	for (int64_t i = 0; i < s->cap; i++)
		s->common[i] = s->common[i] && s->hit[i];
	memset(s->hit, 0, (size_t)s->cap * sizeof(bool));
}

int64_t
idset_count(const struct idset *s)
{
	int64_t n = 0;

	for (int64_t i = 0; i < s->cap; i++)
		n += s->common[i];
	return n;
}

enum err
stream_announce(struct item_stream *s, int64_t rows, struct buf *err)
{
	cJSON *count = cJSON_CreateObject();
	enum err rc;

	json_add_int(count, "rows", rows);
	rc = mailbox_send_json(
	    s->mail, s->peer, "intersect_rows", MESSAGE_AGGREGATE, count, err);
	cJSON_Delete(count);
	return rc;
}

enum err
stream_end(struct item_stream *s, struct buf *err)
{
	enum err rc;

	if (!s->chunk.len)
		return ERR_OK;
	rc = mailbox_send(s->mail, s->peer, s->tag, s->kind,
	    (int64_t)(s->chunk.len / s->width), s->chunk.ptr, s->chunk.len,
	    err);
	buf_reset(&s->chunk);
	return rc;
}

enum err
stream_put(struct item_stream *s, const void *item, struct buf *err)
{
	buf_add(&s->chunk, item, s->width);
	if (s->chunk.len < s->width * INTERSECT_CHUNK)
		return ERR_OK;
	return stream_end(s, err);
}

enum err
stream_expect(struct item_stream *s, struct buf *err)
{
	cJSON *count = NULL;
	enum err rc = mailbox_receive_json(
	    s->mail, s->peer, "intersect_rows", MESSAGE_AGGREGATE, &count, err);

	if (rc)
		return rc;
	s->left = json_int(count, "rows", -1);
	cJSON_Delete(count);
	if (s->left < 0)
		return err_set(err, ERR_INVALID,
		    "%s %s announced no number of rows", s->peer->role,
		    s->peer->party_id);
	return ERR_OK;
}

enum err
stream_get(struct item_stream *s, int64_t *n_out, struct buf *err)
{
	int64_t n = 0;
	enum err rc;

	buf_reset(&s->chunk);
	*n_out = 0;
	if (s->left == 0)
		return ERR_OK;
	rc = mailbox_receive(
	    s->mail, s->peer, s->tag, s->kind, &s->chunk, &n, err);
	if (rc)
		return rc;
	if (n < 1 || n > s->left || s->chunk.len != (size_t)n * s->width)
		return err_set(err, ERR_INVALID,
		    "%s %s sent a chunk '%s' of %lld items in %zu bytes, "
		    "expected at most %lld of %zu bytes each",
		    s->peer->role, s->peer->party_id, s->tag, (long long)n,
		    s->chunk.len, (long long)s->left, s->width);
	s->left -= n;
	*n_out = n;
	return ERR_OK;
}

void
stream_release(struct item_stream *s)
{
	buf_release(&s->chunk);
}
