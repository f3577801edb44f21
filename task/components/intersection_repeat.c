/*
 * Repeated ids (repeated_id_process): one id stands for several of the
 * guest's rows. What the guest's rows are compared by is then their first
 * column; their keys are ids of the rows alone. Once the common rows are
 * known, the guest tells each host, for those and no others, which keys each
 * id has; a host repeats its row of that id under each key. So all parties
 * end with rows of the same keys.
 *
 * A chunk is text of two lines a row: the id, which the host has, and the key.
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "task/components/intersection.h"

#include <math.h>
#include <stdlib.h>

#define TAG "repeat_ids"

/* ---- the guest's first column ---- */

static size_t
first_len(const struct table_row *row)
{
	const char *comma =
	    row->text_len ? memchr(row->text, ',', row->text_len) : NULL;

	return comma ? (size_t)(comma - row->text) : row->text_len;
}

/* Of a sparse row, what it lacks is 0. */
static double
first_value(enum table_kind kind, const struct table_row *row)
{
	if (kind == TABLE_SPARSE)
		return row->n && row->columns[0] == 0 ? row->values[0] : 0;
	return row->n ? row->values[0] : NAN;
}

enum err
repeat_key(const struct intersection *x, const struct table_row *row,
    struct buf *out, struct buf *err)
{
	enum table_kind kind = table_reader_schema(x->reader)->kind;
	char text[32];
	double v;

	buf_reset(out);
	if (!x->is_owner) {
		buf_add(out, row->id, row->id_len);
		return ERR_OK;
	}
	if (kind == TABLE_RAW) {
		buf_add(out, row->text, first_len(row));
	} else if (!isnan(v = first_value(kind, row))) {
		if (fabs(v) >= NUM_EXACT_MAX)
			return err_set(err, ERR_INVALID,
			    "row '%.*s': the id %.17g has more digits than a "
			    "converted table keeps; intersect before DataIO",
			    (int)row->id_len, row->id, v);
		if (v == floor(v))
			snprintf(text, sizeof(text), "%.0f", v + 0.0);
		else
			num_format_double(v, text);
		buf_adds(out, text);
	}
	if (out->len)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "row '%.*s' has no value in its first column, which holds the ids "
	    "with repeated_id_process",
	    (int)row->id_len, row->id);
}

/* The row without that column; `columns` is scratch for a sparse one. */
static struct table_row
without_first(
    enum table_kind kind, const struct table_row *row, uint32_t *columns)
{
	struct table_row out = *row;
	size_t len;

	if (kind == TABLE_RAW) {
		len = first_len(row);
		len += len < row->text_len; /* the comma */
		out.text += len;
		out.text_len -= len;
		return out;
	}
	if (kind == TABLE_DENSE || (row->n && row->columns[0] == 0)) {
		out.values++;
		out.n--;
	}
	for (size_t i = 0; kind == TABLE_SPARSE && i < out.n; i++)
		columns[i] = row->columns[i + (row->n - out.n)] - 1;
	out.columns = kind == TABLE_SPARSE ? columns : NULL;
	return out;
}

void
repeat_schema(
    const struct table_schema *from, bool is_owner, struct table_schema *out)
{
	table_schema_copy(out, from);
	if (!is_owner || !out->n_header)
		return;
	free(out->header[0]);
	out->n_header--;
	memmove(
	    out->header, out->header + 1, out->n_header * sizeof(*out->header));
}

enum err
repeat_write_own(
    struct intersection *x, struct table_writer *out, struct buf *err)
{
	const struct table_schema *schema = table_reader_schema(x->reader);
	uint32_t *columns =
	    xreallocarray(NULL, schema->n_header + 1, sizeof(*columns));
	struct table_row row, bare;
	int64_t i = 0;
	enum err rc;

	table_reader_rewind(x->reader);
	while (!(rc = table_reader_next(x->reader, &row, err))) {
		if (!x->set.common[i++])
			continue;
		bare = without_first(schema->kind, &row, columns);
		rc = intersection_put(x, out, &bare, err);
		if (rc)
			break;
	}
	free(columns);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* ---- the guest tells ---- */

static enum err
flush(struct intersection *x, const struct mailbox_party *host,
    struct buf *chunk, int64_t *n, struct buf *err)
{
	enum err rc = ERR_OK;

	if (*n)
		rc = mailbox_send(x->task->mail, host, TAG, MESSAGE_IDS, *n,
		    chunk->ptr, chunk->len, err);
	buf_reset(chunk);
	*n = 0;
	return rc;
}

static enum err
tell(struct intersection *x, const struct mailbox_party *host, struct buf *err)
{
	struct item_stream announce = {.mail = x->task->mail, .peer = host};
	struct buf key = BUF_INIT, chunk = BUF_INIT;
	struct table_row row;
	int64_t i = 0, n = 0;
	enum err rc = stream_announce(&announce, idset_count(&x->set), err);

	table_reader_rewind(x->reader);
	while (!rc && !(rc = table_reader_next(x->reader, &row, err))) {
		if (!x->set.common[i++])
			continue;
		rc = repeat_key(x, &row, &key, err);
		if (rc)
			break;
		buf_addf(&chunk, "%s\n", key.ptr);
		buf_add(&chunk, row.id, row.id_len);
		buf_addc(&chunk, '\n');
		if (++n == INTERSECT_CHUNK)
			rc = flush(x, host, &chunk, &n, err);
	}
	if (rc == ERR_NOTFOUND)
		rc = flush(x, host, &chunk, &n, err);
	buf_release(&key);
	buf_release(&chunk);
	return rc;
}

enum err
repeat_tell(struct intersection *x, struct buf *err)
{
	size_t n = task_n_peers(x->task, "host");
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < n; i++)
		rc = tell(x, task_peer(x->task, "host", i), err);
	return rc;
}

/* ---- a host repeats ---- */

/* The text up to the newline; *at is behind it then, NULL when there is none.
 */
static size_t
take_line(const char **at, const char *end, const char **line)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));

	*line = *at;
	*at = newline ? newline + 1 : NULL;
	return newline ? (size_t)(newline - *line) : 0;
}

static enum err
write_under(struct intersection *x, struct table_writer *out, const char *id,
    size_t id_len, const char *key, size_t key_len, struct buf *err)
{
	struct table_row row;
	enum err rc = table_reader_find(x->reader, id, id_len, &row, err);

	if (rc == ERR_NOTFOUND)
		return err_set(err, ERR_INVALID,
		    "the guest names an id that is none of ours");
	if (rc)
		return rc;
	row.id = key;
	row.id_len = key_len;
	x->n_repeated++;
	return intersection_put(x, out, &row, err);
}

static enum err
write_chunk(struct intersection *x, struct table_writer *out,
    const struct buf *chunk, int64_t n, struct buf *err)
{
	const char *at = chunk->ptr, *end = at + chunk->len, *id, *key;
	size_t id_len, key_len;
	enum err rc = ERR_OK;

	while (!rc && n > 0 && at) {
		id_len = take_line(&at, end, &id);
		key_len = at ? take_line(&at, end, &key) : 0;
		if (!at || !id_len || !key_len)
			break;
		rc = write_under(x, out, id, id_len, key, key_len, err);
		n--;
	}
	if (!rc && (n || at != end))
		rc = err_set(err, ERR_INVALID,
		    "a chunk of repeated ids does not hold as many as it says");
	return rc;
}

enum err
repeat_write_host(
    struct intersection *x, struct table_writer *out, struct buf *err)
{
	const struct mailbox_party *guest = task_peer(x->task, "guest", 0);
	struct item_stream announced = {.mail = x->task->mail, .peer = guest};
	struct buf chunk = BUF_INIT;
	enum err rc = stream_expect(&announced, err);

	while (!rc && announced.left > 0) {
		int64_t n = 0;

		buf_reset(&chunk);
		rc = mailbox_receive(
		    x->task->mail, guest, TAG, MESSAGE_IDS, &chunk, &n, err);
		if (!rc && (n < 1 || n > announced.left))
			rc = err_set(err, ERR_INVALID,
			    "the guest sent %lld repeated ids where %lld were "
			    "left",
			    (long long)n, (long long)announced.left);
		if (!rc)
			rc = write_chunk(x, out, &chunk, n, err);
		announced.left -= n;
	}
	buf_release(&chunk);
	return rc;
}
