/*
 * Replacing missing values and outliers. Both are texts from a list; what
 * replaces them in a column is a text too: "0", a designated value, or the
 * column's minimum, maximum or mean over the other values, rounded to six
 * digits. Those need one pass over the table each; memory is that of the
 * columns.
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "task/components/dataio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct column_stats {
	double min, max, sum;
	int64_t n;
};

void
dataio_fill_release(struct dataio_fill *f)
{
	for (size_t i = 0; i < f->n_texts; i++)
		free(f->texts[i]);
	for (size_t i = 0; i < f->n_columns; i++)
		free(f->replacement[i]);
	free(f->texts);
	free(f->replacement);
	free(f->ratio);
	free(f->strategy);
	free(f->value);
	memset(f, 0, sizeof(*f));
}

bool
dataio_fill_has(const struct dataio_fill *f, const char *text)
{
	for (size_t i = 0; f->is_on && i < f->n_texts; i++)
		if (!strcmp(f->texts[i], text))
			return true;
	return false;
}

void
dataio_fill_apply(
    const struct dataio_fill *f, struct dataio_cells *c, int64_t *counts)
{
	for (size_t i = 0; f->is_on && i < c->n; i++) {
		if (!c->cell[i] || !dataio_fill_has(f, c->cell[i]))
			continue;
		c->cell[i] = f->replacement[i];
		if (counts)
			counts[i]++;
	}
}

/* ---- statistics ---- */

static double
stat_min(const struct column_stats *s)
{
	return s->min;
}

static double
stat_max(const struct column_stats *s)
{
	return s->max;
}

static double
stat_mean(const struct column_stats *s)
{
	return s->sum / (double)s->n;
}

typedef double stat_of(const struct column_stats *);

/* NULL for the strategies that need no statistics. */
static stat_of *
find_stat(const char *strategy)
{
	static const struct {
		const char *name;
		stat_of *get;
	} known[] = {{"min", stat_min}, {"max", stat_max}, {"mean", stat_mean}};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i].name, strategy))
			return known[i].get;
	return NULL;
}

static enum err
add_row(const struct dataio *d, const struct dataio_fill *f,
    const struct dataio_cells *c, struct column_stats *stats, struct buf *err)
{
	for (size_t i = 0; i < c->n; i++) {
		struct column_stats *s = &stats[i];
		double v;
		enum err rc;

		if (!c->cell[i] || dataio_fill_has(f, c->cell[i]))
			continue;
		rc = dataio_number(d, c, i, &v, err);
		if (rc)
			return rc;
		if (isnan(v))
			continue;
		s->min = s->n && s->min < v ? s->min : v;
		s->max = s->n && s->max > v ? s->max : v;
		s->sum += v;
		s->n++;
	}
	return ERR_OK;
}

/* Of the values that `before` leaves and `f` would not replace. */
static enum err
collect(struct dataio *d, struct table_reader *in,
    const struct dataio_fill *before, const struct dataio_fill *f,
    struct column_stats *stats, struct buf *err)
{
	struct dataio_cells c;
	struct table_row row;
	enum err rc;

	dataio_cells_init(&c);
	table_reader_rewind(in);
	rc = d->format->begin(d, &c, table_reader_schema(in), err);
	while (!rc && !(rc = table_reader_next(in, &row, err))) {
		rc = dataio_cells_read(d, &c, &row, err);
		if (rc)
			break;
		if (before)
			dataio_fill_apply(before, &c, NULL);
		rc = add_row(d, f, &c, stats, err);
	}
	dataio_cells_release(&c);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static char *
stat_text(double v, enum dataio_type type)
{
	char digits[400], text[32];

	if (type == DATAIO_INT) {
		snprintf(text, sizeof(text), "%lld", llrint(v));
		return xstrdup(text);
	}
	snprintf(digits, sizeof(digits), "%.6f", v);
	num_format_double(strtod(digits, NULL), text);
	return xstrdup(text);
}

static enum err
replace_by_stat(struct dataio *d, struct dataio_fill *f,
    const struct column_stats *stats, struct buf *err)
{
	stat_of *get = find_stat(f->strategy);

	for (size_t i = 0; i < f->n_columns; i++) {
		if (!stats[i].n)
			return err_set(err, ERR_INVALID,
			    "column '%s' has no value to take the %s of",
			    d->schema.header[i], f->strategy);
		f->replacement[i] = stat_text(get(&stats[i]), d->types[i]);
	}
	return ERR_OK;
}

static enum err
learn_one(struct dataio *d, struct table_reader *in,
    const struct dataio_fill *before, struct dataio_fill *f, struct buf *err)
{
	size_t n = d->schema.n_header;
	struct column_stats *stats;
	enum err rc;

	if (!f->is_on)
		return ERR_OK;
	f->n_columns = n;
	f->replacement = xcalloc(n, sizeof(*f->replacement));
	f->ratio = xcalloc(n, sizeof(*f->ratio));
	if (!find_stat(f->strategy)) {
		for (size_t i = 0; i < n; i++)
			f->replacement[i] =
			    xstrdup(*f->strategy ? f->value : "0");
		return ERR_OK;
	}
	stats = xcalloc(n, sizeof(*stats));
	rc = collect(d, in, before, f, stats, err);
	if (!rc)
		rc = replace_by_stat(d, f, stats, err);
	free(stats);
	return rc;
}

enum err
dataio_learn_fill(struct dataio *d, struct table_reader *in, struct buf *err)
{
	enum err rc = learn_one(d, in, NULL, &d->missing, err);

	if (!rc)
		rc = learn_one(d, in, &d->missing, &d->outlier, err);
	return rc;
}
