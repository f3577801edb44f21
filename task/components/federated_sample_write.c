/*
 * Rows of the sample go out in the order of the table, and so do their ids to
 * the hosts: a host walks its own table beside them. A message is
 * {"ids": [...], "keys": [[...], ...]}; keys, when upsampling, are the new
 * ids of the rows that one id becomes.
 */
#include "lib/base/mem.h"
#include "task/components/federated_sample.h"

#define ROWS_TAG "sample_rows"
#define IDS_TAG	 "sample_ids"
#define CHUNK	 4096

struct writing {
	struct sample *s;
	struct table_writer *out;
	bool tells_hosts;
	cJSON *ids, *keys; /* of the message in the making */
	int64_t n;	   /* ids in it */
};

static enum err
put(struct writing *w, const struct table_row *row, int64_t key,
    struct buf *err)
{
	struct table_row renamed = *row;
	char id[24];

	if (!w->s->is_up)
		return table_writer_add(w->out, row, err);
	renamed.id = id;
	renamed.id_len =
	    (size_t)snprintf(id, sizeof(id), "%lld", (long long)key);
	return table_writer_add(w->out, &renamed, err);
}

static enum err
open_output(struct writing *w, struct buf *err)
{
	struct sample *s = w->s;

	return table_writer_open(task_output_path(s->t),
	    table_reader_schema(s->in),
	    s->is_up ? TABLE_UNSORTED : TABLE_SORTED, &w->out, err);
}

static enum err
close_output(struct writing *w, struct buf *err)
{
	struct task *t = w->s->t;
	struct table_stats stats;
	enum err rc = table_writer_finish(&w->out, &stats, err);

	if (!rc)
		task_output_table(t, &stats, table_reader_schema(w->s->in),
		    task_any_input(t)->partitions);
	return rc;
}

/* ---- the guest ---- */

static enum err
to_hosts(struct writing *w, const char *tag, enum message_kind kind,
    const cJSON *value, struct buf *err)
{
	struct task *t = w->s->t;
	size_t n = task_n_peers(t, "host");
	struct buf text = BUF_INIT;
	enum err rc = ERR_OK;

	json_print(value, JSON_COMPACT, &text);
	for (size_t i = 0; !rc && i < n; i++)
		rc = mailbox_send(t->mail, task_peer(t, "host", i), tag, kind,
		    w->n ? w->n : 1, text.ptr, text.len, err);
	buf_release(&text);
	return rc;
}

static enum err
announce(struct writing *w, struct buf *err)
{
	const struct sample *s = w->s;
	cJSON *o = cJSON_CreateObject();
	int64_t n = 0;
	enum err rc;

	for (int64_t i = 0; i < s->n_picks; i++)
		n += i == 0 || s->picks[i].row != s->picks[i - 1].row;
	json_add_int(o, "rows", n);
	rc = to_hosts(w, ROWS_TAG, MESSAGE_AGGREGATE, o, err);
	cJSON_Delete(o);
	return rc;
}

static enum err
flush_ids(struct writing *w, struct buf *err)
{
	cJSON *o = cJSON_CreateObject();
	enum err rc;

	json_add(o, "ids", w->ids);
	if (w->keys)
		json_add(o, "keys", w->keys);
	rc = to_hosts(w, IDS_TAG, MESSAGE_IDS, o, err);
	cJSON_Delete(o);
	w->ids = w->keys = NULL;
	w->n = 0;
	return rc;
}

static enum err
tell(struct writing *w, const struct table_row *row,
    const struct sample_pick *picks, int64_t n, struct buf *err)
{
	cJSON *keys;
	char *id;

	if (!w->ids) {
		w->ids = cJSON_CreateArray();
		w->keys = w->s->is_up ? cJSON_CreateArray() : NULL;
	}
	id = xstrndup(row->id, row->id_len);
	cJSON_AddItemToArray(w->ids, cJSON_CreateString(id));
	free(id);
	if (w->keys) {
		keys = cJSON_CreateArray();
		for (int64_t i = 0; i < n; i++)
			cJSON_AddItemToArray(
			    keys, cJSON_CreateNumber((double)picks[i].key));
		cJSON_AddItemToArray(w->keys, keys);
	}
	return ++w->n == CHUNK ? flush_ids(w, err) : ERR_OK;
}

static enum err
write_rows(struct writing *w, struct buf *err)
{
	const struct sample *s = w->s;
	struct table_row row;
	int64_t at = 0, n;
	enum err rc = ERR_OK;

	table_reader_rewind(s->in);
	for (int64_t i = 0; !rc && at < s->n_picks; i++) {
		rc = table_reader_next(s->in, &row, err);
		for (n = 0;
		     !rc && at + n < s->n_picks && s->picks[at + n].row == i;
		     n++)
			rc = put(w, &row, s->picks[at + n].key, err);
		if (!rc && n && w->tells_hosts)
			rc = tell(w, &row, s->picks + at, n, err);
		at += n;
	}
	return rc;
}

enum err
sample_write_picks(struct sample *s, bool tells_hosts, struct buf *err)
{
	struct writing w = {.s = s, .tells_hosts = tells_hosts};
	enum err rc = open_output(&w, err);

	if (!rc && tells_hosts)
		rc = announce(&w, err);
	if (!rc)
		rc = write_rows(&w, err);
	if (!rc && w.n)
		rc = flush_ids(&w, err);
	if (!rc)
		rc = close_output(&w, err);
	cJSON_Delete(w.ids);
	cJSON_Delete(w.keys);
	table_writer_abort(&w.out);
	return rc;
}

/* ---- the host ---- */

struct told {
	struct writing w;
	const struct mailbox_party *guest;
	int64_t left; /* ids to come */
	int64_t missing;
	struct table_row row; /* where the walk through our rows stands */
	bool has_row, is_over;
};

/* Is it our row that the walk now stands at? */
static enum err
walk_to(struct told *h, const char *id, bool *found_out, struct buf *err)
{
	size_t len = strlen(id);
	int order = -1;
	enum err rc;

	while (!h->is_over) {
		if (h->has_row)
			order = table_compare_ids(
			    h->row.id, h->row.id_len, id, len);
		if (h->has_row && order >= 0)
			break;
		rc = table_reader_next(h->w.s->in, &h->row, err);
		h->has_row = rc == ERR_OK;
		h->is_over = rc == ERR_NOTFOUND;
		if (rc && !h->is_over)
			return rc;
	}
	*found_out = !h->is_over && order == 0;
	return ERR_OK;
}

static enum err
put_told(struct told *h, const cJSON *keys, struct buf *err)
{
	const cJSON *key;
	enum err rc = ERR_OK;

	if (!h->w.s->is_up) {
		h->w.s->n_picks++;
		return put(&h->w, &h->row, 0, err);
	}
	cJSON_ArrayForEach(key, keys)
	{
		if (!cJSON_IsNumber(key) || key->valuedouble < 0 ||
		    key->valuedouble > 1e15)
			return err_set(err, ERR_INVALID,
			    "the guest's new ids are no numbers");
		h->w.s->n_picks++;
		rc = put(&h->w, &h->row, (int64_t)key->valuedouble, err);
		if (rc)
			return rc;
	}
	return rc;
}

static enum err
take_chunk(struct told *h, const cJSON *chunk, int64_t n, struct buf *err)
{
	const cJSON *ids = json_get(chunk, "ids");
	const cJSON *keys = json_get(chunk, "keys"), *id, *key;
	enum err rc = ERR_OK;

	if (n < 1 || n > h->left || cJSON_GetArraySize(ids) != n ||
	    cJSON_GetArraySize(keys) != (h->w.s->is_up ? n : 0))
		return err_set(err, ERR_INVALID,
		    "the guest sent %d ids and %d lists of new ids; method "
		    "must be the same for both parties",
		    cJSON_GetArraySize(ids), cJSON_GetArraySize(keys));
	h->left -= n;
	key = keys ? keys->child : NULL;
	for (id = ids->child; !rc && id; id = id->next) {
		bool found = false;

		if (!cJSON_IsString(id))
			return err_set(
			    err, ERR_INVALID, "the guest sent no ids");
		rc = walk_to(h, id->valuestring, &found, err);
		if (!rc && found)
			rc = put_told(h, key, err);
		h->missing += !found;
		key = key ? key->next : NULL;
	}
	return rc;
}

static enum err
receive_chunk(struct told *h, struct buf *err)
{
	struct task *t = h->w.s->t;
	struct buf text = BUF_INIT;
	cJSON *chunk = NULL;
	int64_t n = 0;
	enum err rc = mailbox_receive(
	    t->mail, h->guest, IDS_TAG, MESSAGE_IDS, &text, &n, err);

	if (!rc)
		rc = json_parse(text.ptr, text.len, IDS_TAG, &chunk, err);
	if (!rc)
		rc = take_chunk(h, chunk, n, err);
	cJSON_Delete(chunk);
	buf_release(&text);
	return rc;
}

static enum err
receive_rows(struct told *h, struct buf *err)
{
	cJSON *o = NULL;
	enum err rc = mailbox_receive_json(
	    h->w.s->t->mail, h->guest, ROWS_TAG, MESSAGE_AGGREGATE, &o, err);

	if (!rc)
		h->left = json_int(o, "rows", 0);
	cJSON_Delete(o);
	while (!rc && h->left > 0)
		rc = receive_chunk(h, err);
	if (!rc && h->missing)
		rc = err_set(err, ERR_INVALID,
		    "%lld of the ids that the guest sampled are not here; put "
		    "Intersection before FederatedSample",
		    (long long)h->missing);
	return rc;
}

enum err
sample_write_told(struct sample *s, struct buf *err)
{
	struct told h = {.w = {.s = s}, .guest = task_peer(s->t, "guest", 0)};
	enum err rc;

	if (!h.guest)
		return err_set(err, ERR_INVALID,
		    "FederatedSample at a host needs a guest, or task_type "
		    "homo");
	rc = open_output(&h.w, err);
	if (!rc)
		rc = receive_rows(&h, err);
	if (!rc)
		rc = close_output(&h.w, err);
	table_writer_abort(&h.w.out);
	return rc;
}
