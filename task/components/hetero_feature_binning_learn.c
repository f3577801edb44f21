/*
 * Split points of a party's own columns: one pass feeds a quantile summary,
 * a range or a list of values for each. The guest counts its labels on the
 * way and takes the digest of its ids.
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "task/components/feature_binning.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values of a category column, now and then made distinct. */
struct values {
	double *v;
	size_t n;
	size_t room;
};

struct seen {
	struct sketch *sketch; /* by quantile */
	struct values values;  /* categories */
	double min, max;
	int64_t n; /* values that are not missing */
};

struct learning {
	struct binning *b;
	struct seen *seen; /* by column */
	double labels[2];
	size_t n_labels;
};

enum err
binning_each_row(
    struct binning *b, binning_meet *meet, void *arg, struct buf *err)
{
	double *values = xcalloc(b->schema.n_header, sizeof(*values));
	struct table_row row;
	enum err rc;

	table_reader_rewind(b->in);
	while (!(rc = table_reader_next(b->in, &row, err))) {
		instances_expand(&b->schema, &row, values);
		rc = meet(arg, &row, values, err);
		if (rc)
			break;
	}
	free(values);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* ---- rows ---- */

static void
keep_value(struct values *k, double v)
{
	if (k->n == k->room) {
		k->n = binning_distinct(k->v, k->n);
		if (k->n >= k->room / 2) {
			k->room = k->room ? 2 * k->room : 1024;
			k->v = xreallocarray(k->v, k->room, sizeof(*k->v));
		}
	}
	k->v[k->n++] = v;
}

static void
meet_value(struct seen *s, bool is_category, double v)
{
	if (!s->n++ || v > s->max)
		s->max = v;
	if (s->n == 1 || v < s->min)
		s->min = v;
	if (is_category)
		keep_value(&s->values, v);
	if (s->sketch)
		sketch_add(s->sketch, v);
}

static enum err
meet_label(struct learning *l, const struct table_row *row, struct buf *err)
{
	const struct table_label *label = &row->label;
	double v = label->type == TABLE_LABEL_INT ? (double)label->i : label->r;
	size_t k = 0;

	if ((label->type != TABLE_LABEL_INT &&
		label->type != TABLE_LABEL_REAL) ||
	    isnan(v))
		return err_set(err, ERR_INVALID,
		    "row \"%s\" has no numeric label, which information "
		    "values are made of",
		    row->id);
	while (k < l->n_labels && l->labels[k] != v)
		k++;
	if (k == ARRAY_LEN(l->labels))
		return err_set(err, ERR_INVALID,
		    "Iv calculation support binary-data only in this version: "
		    "the labels are %.15g, %.15g and %.15g at least",
		    l->labels[0], l->labels[1], v);
	l->labels[k] = v;
	l->n_labels += k == l->n_labels;
	l->b->n_events += v == 1;
	return ERR_OK;
}

static enum err
meet_row(void *arg, const struct table_row *row, const double *values,
    struct buf *err)
{
	struct learning *l = arg;
	struct binning *b = l->b;

	b->n_rows++;
	for (size_t i = 0; i < b->schema.n_header; i++)
		if (b->columns[i].has_bins && !isnan(values[i]))
			meet_value(
			    &l->seen[i], b->columns[i].is_category, values[i]);
	if (!b->is_guest)
		return ERR_OK;
	exchange_rows_add(&b->rows, row->id, row->id_len);
	return meet_label(l, row, err);
}

/* ---- split points ---- */

static bool
by_quantile(const struct binning *b)
{
	return b->p.method == BINNING_QUANTILE ||
	       (b->p.method == BINNING_OPTIMAL &&
		   (!b->is_guest || !b->p.starts_by_bucket));
}

static size_t
bins_wanted(const struct binning *b)
{
	return b->p.method == BINNING_OPTIMAL ? b->p.start_bins : b->p.bin_num;
}

static enum err
split_categories(struct binning_column *c, struct values *k, const char *name,
    struct buf *err)
{
	c->n = binning_distinct(k->v, k->n);
	if (c->n > BINNING_MAX)
		return err_set(err, ERR_INVALID,
		    "column '%s' has %zu values, too many for a category; at "
		    "most %zu are taken",
		    name, c->n, BINNING_MAX);
	c->splits = k->v;
	k->v = NULL;
	return ERR_OK;
}

static enum err
split(struct binning *b, struct seen *s, size_t i, struct buf *err)
{
	struct binning_column *c = &b->columns[i];
	const char *name = b->schema.header[i];

	if (!s->n)
		return err_set(err, ERR_INVALID,
		    "column '%s' has no values; fill them in DataIO, or leave "
		    "it out of bin_indexes",
		    name);
	if (!isfinite(s->min) || !isfinite(s->max))
		return err_set(
		    err, ERR_INVALID, "column '%s' has infinite values", name);
	if (c->is_category)
		return split_categories(c, &s->values, name, err);
	if (!s->sketch && !isfinite(s->max - s->min))
		return err_set(err, ERR_INVALID,
		    "column '%s' has values too far apart for buckets", name);
	c->n = bins_wanted(b);
	c->splits = xcalloc(c->n, sizeof(*c->splits));
	if (s->sketch)
		c->n = binning_quantiles(s->sketch, c->n, c->splits);
	else
		binning_buckets(s->min, s->max, c->n, c->splits);
	/* buckets of a constant column are one: merging needs them distinct */
	if (c->is_merged)
		c->n = binning_distinct(c->splits, c->n);
	return ERR_OK;
}

static void
begin(struct learning *l)
{
	struct binning *b = l->b;
	struct sketch_param sketch = b->p.sketch;
	size_t most = (size_t)table_reader_count(b->in) + 1;

	/* no more than can ever be used; one more changes no result */
	if (sketch.head_size > most)
		sketch.head_size = most;
	l->seen = xcalloc(b->schema.n_header, sizeof(*l->seen));
	for (size_t i = 0; i < b->schema.n_header; i++)
		if (b->columns[i].has_bins && !b->columns[i].is_category &&
		    by_quantile(b))
			l->seen[i].sketch = sketch_new(&sketch);
	if (b->is_guest)
		exchange_rows_begin(&b->rows);
}

static void
end(struct learning *l)
{
	for (size_t i = 0; i < l->b->schema.n_header; i++) {
		sketch_free(l->seen[i].sketch);
		free(l->seen[i].values.v);
	}
	free(l->seen);
}

enum err
binning_learn(struct binning *b, struct buf *err)
{
	struct learning l = {.b = b};
	enum err rc;

	begin(&l);
	rc = binning_each_row(b, meet_row, &l, err);
	for (size_t i = 0; !rc && i < b->schema.n_header; i++)
		if (b->columns[i].has_bins)
			rc = split(b, &l.seen[i], i, err);
	end(&l);
	return rc;
}

void
binning_join(struct binning_column *c, const size_t *last, size_t n)
{
	if (c->counts)
		binning_merge_counts(c->counts, last, n);
	for (size_t k = 0; c->splits && k < n; k++)
		c->splits[k] = c->splits[last[k]];
	c->n = n;
}
