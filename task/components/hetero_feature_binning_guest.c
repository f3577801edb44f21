/*
 * The guest counts its own columns and encrypts its labels in one pass; then
 * it decrypts the hosts' counts. Columns to be merged are merged here, its
 * own and theirs alike.
 */
#include "lib/base/mem.h"
#include "task/components/feature_binning.h"

#include <math.h>
#include <stdlib.h>

#define COLUMNS_MAX   1000000
#define HOST_BINS_MAX ((size_t)10000000)

static const struct mailbox_party *
host(const struct binning *b, size_t h)
{
	return task_peer(b->t, "host", h);
}

static enum err
send_json(
    struct binning *b, const char *tag, const cJSON *value, struct buf *err)
{
	size_t n = task_n_peers(b->t, "host");
	enum err rc = ERR_OK;

	for (size_t h = 0; !rc && h < n; h++)
		rc = mailbox_send_json(
		    b->t->mail, host(b, h), tag, MESSAGE_AGGREGATE, value, err);
	return rc;
}

/* ---- labels out ---- */

static enum err
start(struct binning *b, struct buf *err)
{
	cJSON *o = cJSON_CreateObject(), *proof = NULL;
	enum err rc;

	json_add_bool(o, "federated", b->n_hosts > 0);
	rc = send_json(b, "binning_start", o, err);
	cJSON_Delete(o);
	if (rc || !b->n_hosts)
		return rc;
	rc = exchange_make_key(b->t, PAILLIER_BITS_MIN, &b->secret, err);
	for (size_t h = 0; !rc && h < b->n_hosts; h++)
		rc = exchange_send_key(
		    b->t, host(b, h), "binning_public_key", b->secret, err);
	if (!rc) {
		proof = exchange_rows_proof(&b->rows);
		rc = send_json(b, "binning_align", proof, err);
	}
	cJSON_Delete(proof);
	return rc;
}

struct counting {
	struct binning *b;
	size_t n; /* labels that wait in b->c */
};

static enum err
send_labels(struct counting *k, struct buf *err)
{
	struct binning *b = k->b;
	struct exchange_ciphers c = {
	    .tag = "binning_label", .v = &b->c, .n = k->n};
	enum err rc;

	if (!k->n)
		return ERR_OK;
	c.pub = paillier_public_of(b->secret);
	rc = paillier_encrypt_many(c.pub, b->c.v, k->n, err);
	for (size_t h = 0; !rc && h < b->n_hosts; h++)
		rc = exchange_send_ciphers(b->t, host(b, h), &c, err);
	k->n = 0;
	return rc;
}

static bool
is_event(const struct table_label *label)
{
	return label->type == TABLE_LABEL_INT ? label->i == 1 : label->r == 1;
}

static enum err
count_row(void *arg, const struct table_row *row, const double *values,
    struct buf *err)
{
	struct counting *k = arg;
	struct binning *b = k->b;
	bool event = is_event(&row->label);

	for (size_t i = 0; i < b->schema.n_header; i++) {
		struct binning_column *c = &b->columns[i];
		struct binning_count *count;

		if (!c->has_bins)
			continue;
		count = &c->counts[binning_place(c->splits, c->n, values[i])];
		count->event += event;
		count->non_event += !event;
	}
	if (!b->n_hosts)
		return ERR_OK;
	mpz_set_ui(b->c.v[k->n++], event);
	return k->n == BINNING_CHUNK ? send_labels(k, err) : ERR_OK;
}

static enum err
count(struct binning *b, struct buf *err)
{
	struct counting k = {.b = b};
	enum err rc;

	for (size_t i = 0; i < b->schema.n_header; i++)
		if (b->columns[i].has_bins)
			b->columns[i].counts = xcalloc(
			    b->columns[i].n, sizeof(*b->columns[i].counts));
	if (b->n_hosts)
		exchange_vector_reserve(&b->c, BINNING_CHUNK);
	rc = binning_each_row(b, count_row, &k, err);
	return rc ? rc : send_labels(&k, err);
}

/* Appends which bins a column's were merged into to `lists`, unless NULL. */
static void
conclude(const struct binning *b, struct binning_column *c,
    const struct binning_merge *merge, cJSON *lists)
{
	size_t *last, n;
	cJSON *list;

	if (c->is_merged) {
		last = xcalloc(c->n, sizeof(*last));
		n = binning_merge(merge, c->counts, c->n, last);
		list = cJSON_CreateArray();
		for (size_t k = 0; k < n; k++)
			cJSON_AddItemToArray(
			    list, cJSON_CreateNumber((double)last[k]));
		if (lists)
			cJSON_AddItemToArray(lists, list);
		else
			cJSON_Delete(list);
		binning_join(c, last, n);
		free(last);
	}
	binning_stats_init(&c->stats, c->counts, c->n, b->p.adjustment);
}

/* ---- counts in ---- */

/* One column of a host: its number, bins, whether they are to be merged. */
static enum err
take_column(struct binning_host *h, const cJSON *number, const cJSON *bins,
    const cJSON *merge, struct buf *err)
{
	double at = cJSON_IsNumber(number) ? number->valuedouble : -1;
	double n = cJSON_IsNumber(bins) ? bins->valuedouble : 0;
	struct binning_column *c;

	if (at < (double)h->n_columns || at >= COLUMNS_MAX || at != floor(at))
		return err_set(
		    err, ERR_INVALID, "a host's columns are not in order");
	if (n < 1 || n > (double)BINNING_MAX || n != floor(n) ||
	    h->n_bins + (size_t)n > HOST_BINS_MAX)
		return err_set(
		    err, ERR_INVALID, "a host's column has %.15g bins", n);
	h->columns =
	    xreallocarray(h->columns, (size_t)at + 1, sizeof(*h->columns));
	while (h->n_columns <= (size_t)at)
		h->columns[h->n_columns++] = (struct binning_column){0};
	c = &h->columns[(size_t)at];
	c->has_bins = true;
	c->is_merged = cJSON_IsTrue(merge);
	c->n = (size_t)n;
	c->counts = xcalloc(c->n, sizeof(*c->counts));
	h->n_bins += c->n;
	return ERR_OK;
}

static bool
is_share(double v)
{
	return v >= 0 && v <= 1;
}

static enum err
take_merge(
    struct binning *b, struct binning_host *h, const cJSON *o, struct buf *err)
{
	int64_t bins = json_int(o, "bin_num", 0);

	h->merge.max_bins = (size_t)bins;
	h->merge.min_pct = json_double(o, "min_bin_pct", 0);
	h->merge.max_pct = json_double(o, "max_bin_pct", 1);
	h->merge.mixture = json_bool(o, "mixture", false);
	h->merge.adjustment = b->p.adjustment;
	if (!binning_metric_parse(
		json_str(o, "metric", ""), &h->merge.metric) ||
	    bins < 1 || bins > (int64_t)BINNING_MAX ||
	    !is_share(h->merge.min_pct) || !is_share(h->merge.max_pct))
		return err_set(err, ERR_INVALID,
		    "a host's bins are to be merged in a way that is unknown");
	return ERR_OK;
}

static enum err
meet_host(struct binning *b, size_t at, struct buf *err)
{
	struct binning_host *h = &b->hosts[at];
	cJSON *o = NULL;
	const cJSON *columns, *bins, *merge;
	int n;
	enum err rc = mailbox_receive_json(b->t->mail, host(b, at),
	    "binning_columns", MESSAGE_AGGREGATE, &o, err);

	if (rc)
		return rc;
	columns = json_get(o, "columns");
	bins = json_get(o, "bins");
	merge = json_get(o, "merge");
	n = cJSON_GetArraySize(columns);
	if (cJSON_GetArraySize(bins) != n || cJSON_GetArraySize(merge) != n)
		rc = err_set(err, ERR_INVALID,
		    "a host's columns and their bins differ in number");
	columns = columns ? columns->child : NULL;
	bins = bins ? bins->child : NULL;
	merge = merge ? merge->child : NULL;
	for (; !rc && columns;
	     columns = columns->next, bins = bins->next, merge = merge->next)
		rc = take_column(h, columns, bins, merge, err);
	if (!rc)
		rc = take_merge(b, h, o, err);
	cJSON_Delete(o);
	return rc;
}

static int64_t
take_bits(mpz_t x, unsigned width)
{
	mpz_t low;
	int64_t v;

	mpz_init(low);
	mpz_tdiv_r_2exp(low, x, width);
	mpz_tdiv_q_2exp(x, x, width);
	v = (int64_t)mpz_get_ui(low);
	mpz_clear(low);
	return v;
}

/* Slots in order: each packed number loses its lowest with every round. */
static enum err
unpack(struct binning *b, struct binning_host *h,
    const struct binning_layout *l, struct buf *err)
{
	size_t bin = 0;

	for (size_t i = 0; i < h->n_columns; i++) {
		struct binning_column *c = &h->columns[i];
		int64_t rows = 0, events = 0;

		for (size_t k = 0; k < c->n; k++, bin++) {
			mpz_t *x = &b->c.v[paillier_bins_place(bin, l->n_packed)
					       .packed];

			c->counts[k].event = take_bits(*x, l->width);
			c->counts[k].non_event =
			    take_bits(*x, l->width) - c->counts[k].event;
			rows += c->counts[k].event + c->counts[k].non_event;
			events += c->counts[k].event;
			if (c->counts[k].non_event < 0)
				rows = -1;
		}
		if (c->n &&
		    (rows != (int64_t)b->n_rows || events != b->n_events))
			return err_set(err, ERR_INVALID,
			    "the counts of a host's column %zu do not add up "
			    "to the guest's rows",
			    i);
	}
	return ERR_OK;
}

static enum err
receive_counts(struct binning *b, size_t at, struct buf *err)
{
	struct binning_host *h = &b->hosts[at];
	const struct paillier_public *pub = paillier_public_of(b->secret);
	struct binning_layout l = binning_layout(pub, b->n_rows, h->n_bins);
	struct exchange_ciphers c = {
	    .tag = "binning_sums", .pub = pub, .v = &b->c, .n = l.n_packed};
	enum err rc;

	if (!l.n_packed)
		return ERR_OK;
	rc = exchange_receive_ciphers(b->t, host(b, at), &c, err);
	if (!rc)
		rc = paillier_decrypt_many(b->secret, b->c.v, l.n_packed, err);
	return rc ? rc : unpack(b, h, &l, err);
}

static enum err
serve_host(struct binning *b, size_t at, struct buf *err)
{
	struct binning_host *h = &b->hosts[at];
	cJSON *o = cJSON_CreateObject(), *lists = cJSON_CreateArray();
	enum err rc = meet_host(b, at, err);

	json_add(o, "last", lists);
	if (!rc)
		rc = receive_counts(b, at, err);
	for (size_t i = 0; !rc && i < h->n_columns; i++)
		if (h->columns[i].has_bins)
			conclude(b, &h->columns[i], &h->merge, lists);
	if (!rc && cJSON_GetArraySize(lists))
		rc = mailbox_send_json(b->t->mail, host(b, at),
		    "binning_merged", MESSAGE_AGGREGATE, o, err);
	cJSON_Delete(o);
	return rc;
}

enum err
binning_fit_guest(struct binning *b, struct buf *err)
{
	enum err rc = ERR_OK;

	b->n_hosts = b->p.local_only ? 0 : task_n_peers(b->t, "host");
	b->hosts = xcalloc(b->n_hosts + 1, sizeof(*b->hosts));
	rc = start(b, err);
	if (!rc)
		rc = count(b, err);
	for (size_t i = 0; !rc && i < b->schema.n_header; i++)
		if (b->columns[i].has_bins)
			conclude(b, &b->columns[i], &b->p.merge, NULL);
	for (size_t h = 0; !rc && h < b->n_hosts; h++)
		rc = serve_host(b, h, err);
	return rc;
}
