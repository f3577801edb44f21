/*
 * A host sums the guest's encrypted labels by bin, a message of rows at a
 * time, puts its own row counts beside them under the encryption, and packs
 * and randomises the result.
 */
#include "lib/base/mem.h"
#include "task/components/feature_binning.h"

#include <stdlib.h>
#include <string.h>

struct summing {
	struct binning *b;
	const struct mailbox_party *guest;
	size_t n_bins;
	size_t n_columns; /* with bins */
	size_t done;	  /* rows of messages before */
	size_t n;	  /* rows that wait */
	uint32_t *bins;	  /* n_columns of each row that waits */
	uint32_t *rows;	  /* sorted by bin */
	size_t *start;	  /* n_bins + 1 */
	size_t *total;	  /* n_bins: rows in all */
	struct paillier_bins *sums;
};

struct binning_layout
binning_layout(const struct paillier_public *pub, size_t n_rows, size_t n_bins)
{
	struct binning_layout l = {.width = 1};

	while (n_rows >> l.width)
		l.width++;
	l.slots = paillier_headroom(pub) / (2 * l.width);
	l.n_packed = paillier_bins_packed(n_bins, l.slots);
	return l;
}

static enum err
send_columns(struct summing *s, struct buf *err)
{
	const struct binning *b = s->b;
	const struct binning_merge *m = &b->p.merge;
	cJSON *o = cJSON_CreateObject(), *columns = cJSON_CreateArray(),
	      *bins = cJSON_CreateArray(), *merge = cJSON_CreateArray();
	enum err rc;

	json_add(o, "columns", columns);
	json_add(o, "bins", bins);
	json_add(o, "merge", merge);
	for (size_t i = 0; i < b->schema.n_header; i++) {
		const struct binning_column *c = &b->columns[i];

		if (!c->has_bins)
			continue;
		cJSON_AddItemToArray(columns, cJSON_CreateNumber((double)i));
		cJSON_AddItemToArray(bins, cJSON_CreateNumber((double)c->n));
		cJSON_AddItemToArray(merge, cJSON_CreateBool(c->is_merged));
	}
	json_add_str(o, "metric", binning_metric_name(m->metric));
	json_add_int(o, "bin_num", (int64_t)m->max_bins);
	json_add_double(o, "min_bin_pct", m->min_pct);
	json_add_double(o, "max_bin_pct", m->max_pct);
	json_add_bool(o, "mixture", m->mixture);
	rc = mailbox_send_json(
	    b->t->mail, s->guest, "binning_columns", MESSAGE_AGGREGATE, o, err);
	cJSON_Delete(o);
	return rc;
}

/* ---- sums ---- */

/* Counting sort: after it, start[k] is where bin k begins. */
static void
sort_rows(struct summing *s)
{
	size_t n = s->n * s->n_columns;

	memset(s->start, 0, (s->n_bins + 1) * sizeof(*s->start));
	for (size_t i = 0; i < n; i++)
		s->start[s->bins[i]]++;
	for (size_t k = 0, at = 0; k <= s->n_bins; k++) {
		at += s->start[k];
		s->start[k] = at;
	}
	for (size_t i = n; i-- > 0;) {
		s->rows[--s->start[s->bins[i]]] = (uint32_t)(i / s->n_columns);
		s->total[s->bins[i]]++;
	}
}

static enum err
add_rows(struct summing *s, struct buf *err)
{
	struct binning *b = s->b;
	struct exchange_ciphers c = {
	    .tag = "binning_label", .pub = b->pub, .v = &b->c, .n = s->n};
	enum err rc;

	if (!s->n)
		return ERR_OK;
	rc = exchange_receive_ciphers(b->t, s->guest, &c, err);
	if (rc)
		return rc;
	sort_rows(s);
	paillier_bins_add(s->sums, b->c.v, s->n, s->rows, s->start);
	s->done += s->n;
	s->n = 0;
	task_progress(b->t, (int)(90 * s->done / b->n_rows), "%zu of %zu rows",
	    s->done, b->n_rows);
	return ERR_OK;
}

static enum err
meet_row(void *arg, const struct table_row *row, const double *values,
    struct buf *err)
{
	struct summing *s = arg;
	struct binning *b = s->b;
	uint32_t *out = s->bins + s->n * s->n_columns;
	size_t before = 0;

	exchange_rows_add(&b->rows, row->id, row->id_len);
	for (size_t i = 0; i < b->schema.n_header; i++) {
		const struct binning_column *c = &b->columns[i];

		if (!c->has_bins)
			continue;
		*out++ = (uint32_t)(before +
				    binning_place(c->splits, c->n, values[i]));
		before += c->n;
	}
	return ++s->n == BINNING_CHUNK ? add_rows(s, err) : ERR_OK;
}

/* The rows of each bin, as plaintexts that lie above the events. */
static void
make_totals(const struct summing *s, const struct binning_layout *l,
    struct exchange_vector *out)
{
	mpz_t count;

	mpz_init(count);
	exchange_vector_reserve(out, l->n_packed);
	for (size_t i = 0; i < l->n_packed; i++)
		mpz_set_ui(out->v[i], 0);
	for (size_t k = 0; k < s->n_bins; k++) {
		struct paillier_bins_place at =
		    paillier_bins_place(k, l->n_packed);

		mpz_set_ui(count, s->total[k]);
		mpz_mul_2exp(count, count, l->width * (2 * at.slot + 1));
		mpz_add(out->v[at.packed], out->v[at.packed], count);
	}
	mpz_clear(count);
}

static enum err
send_sums(struct summing *s, struct buf *err)
{
	struct binning *b = s->b;
	struct binning_layout l = binning_layout(b->pub, b->n_rows, s->n_bins);
	struct exchange_vector totals = {NULL, 0};
	struct exchange_ciphers c = {
	    .tag = "binning_sums", .pub = b->pub, .v = &b->c, .n = l.n_packed};
	enum err rc;

	if (!l.n_packed)
		return ERR_OK;
	exchange_vector_reserve(&b->c, l.n_packed);
	paillier_bins_pack(s->sums, 2 * l.width, l.slots, b->c.v);
	make_totals(s, &l, &totals);
	rc = paillier_add_blind_many(b->pub, b->c.v, totals.v, l.n_packed, err);
	if (!rc)
		rc = exchange_send_ciphers(b->t, s->guest, &c, err);
	exchange_vector_release(&totals);
	return rc;
}

static enum err
sum_up(struct summing *s, const cJSON *proof, struct buf *err)
{
	struct binning *b = s->b;
	size_t cells;
	enum err rc;

	for (size_t i = 0; i < b->schema.n_header; i++) {
		s->n_columns += b->columns[i].has_bins;
		s->n_bins += b->columns[i].n;
	}
	cells = BINNING_CHUNK * s->n_columns;
	s->bins = xcalloc(cells + 1, sizeof(*s->bins));
	s->rows = xcalloc(cells + 1, sizeof(*s->rows));
	s->start = xcalloc(s->n_bins + 1, sizeof(*s->start));
	s->total = xcalloc(s->n_bins + 1, sizeof(*s->total));
	s->sums = paillier_bins_new(b->pub, s->n_bins, BINNING_CHUNK);
	rc = send_columns(s, err);
	if (!rc)
		rc = exchange_rows_follow(
		    &b->rows, b->t, proof, (int64_t)b->n_rows, err);
	if (!rc)
		rc = binning_each_row(b, meet_row, s, err);
	if (!rc)
		rc = add_rows(s, err);
	if (!rc)
		rc = exchange_rows_check(&b->rows, b->t, proof, err);
	if (!rc)
		rc = send_sums(s, err);
	paillier_bins_free(s->sums);
	free(s->bins);
	free(s->rows);
	free(s->start);
	free(s->total);
	return rc;
}

/* ---- merged bins ---- */

static enum err
take_merged(struct binning_column *c, const cJSON *list, struct buf *err)
{
	size_t *last = xcalloc(c->n, sizeof(*last)), n = 0;
	double before = -1;
	const cJSON *it;

	cJSON_ArrayForEach(it, list)
	{
		double v = cJSON_IsNumber(it) ? it->valuedouble : -1;

		if (v <= before || v >= (double)c->n)
			break;
		last[n++] = (size_t)v;
		before = v;
	}
	if (it || before != (double)c->n - 1) {
		free(last);
		return err_set(err, ERR_INVALID,
		    "the guest's merged bins are not those of the column");
	}
	binning_join(c, last, n);
	free(last);
	return ERR_OK;
}

static enum err
receive_merged(struct binning *b, struct buf *err)
{
	const struct mailbox_party *guest = task_peer(b->t, "guest", 0);
	cJSON *o = NULL;
	const cJSON *list;
	size_t n = 0;
	enum err rc;

	for (size_t i = 0; i < b->schema.n_header; i++)
		n += b->columns[i].is_merged;
	if (!n)
		return ERR_OK;
	rc = mailbox_receive_json(
	    b->t->mail, guest, "binning_merged", MESSAGE_AGGREGATE, &o, err);
	if (rc)
		return rc;
	list = json_get(o, "last");
	if ((size_t)cJSON_GetArraySize(list) != n)
		rc = err_set(err, ERR_INVALID,
		    "the guest merged another number of columns");
	list = list ? list->child : NULL;
	for (size_t i = 0; !rc && i < b->schema.n_header; i++)
		if (b->columns[i].is_merged) {
			rc = take_merged(&b->columns[i], list, err);
			list = list->next;
		}
	cJSON_Delete(o);
	return rc;
}

static enum err
take_part(struct binning *b, const struct mailbox_party *guest, struct buf *err)
{
	struct summing s = {.b = b, .guest = guest};
	cJSON *proof = NULL;
	enum err rc = exchange_receive_key(
	    b->t, guest, "binning_public_key", &b->pub, err);

	if (!rc)
		rc = mailbox_receive_json(b->t->mail, guest, "binning_align",
		    MESSAGE_AGGREGATE, &proof, err);
	if (!rc)
		rc = sum_up(&s, proof, err);
	cJSON_Delete(proof);
	return rc ? rc : receive_merged(b, err);
}

enum err
binning_fit_host(struct binning *b, struct buf *err)
{
	const struct mailbox_party *guest = task_peer(b->t, "guest", 0);
	cJSON *o = NULL;
	bool federated;
	enum err rc;

	if (!guest)
		return ERR_OK;
	rc = mailbox_receive_json(
	    b->t->mail, guest, "binning_start", MESSAGE_AGGREGATE, &o, err);
	if (rc)
		return rc;
	federated = json_bool(o, "federated", false);
	cJSON_Delete(o);
	return federated ? take_part(b, guest, err) : ERR_OK;
}
