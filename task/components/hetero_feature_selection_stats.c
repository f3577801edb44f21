/*
 * One pass for ranges, means and quantiles. The share of the most frequent
 * value takes the column's values sorted, so that costs a pass a column.
 */
#include "lib/base/mem.h"
#include "lib/math/sketch.h"
#include "task/components/feature_selection.h"

#include <math.h>
#include <stdlib.h>

static void
meet(struct selection_stats *c, double v)
{
	double off = v - c->mean;

	c->mean += off / (double)++c->n;
	c->squares += off * (v - c->mean);
	if (c->n == 1 || v < c->min)
		c->min = v;
	if (c->n == 1 || v > c->max)
		c->max = v;
}

static enum err
meet_rows(struct selection *s, struct sketch **sketches, struct buf *err)
{
	double *values = xcalloc(s->schema.n_header, sizeof(*values));
	struct table_row row;
	enum err rc;

	table_reader_rewind(s->in);
	while (!(rc = table_reader_next(s->in, &row, err))) {
		instances_expand(&s->schema, &row, values);
		for (size_t i = 0; i < s->schema.n_header; i++) {
			if (!s->is_selected[i] || isnan(values[i]))
				continue;
			meet(&s->stats[i], values[i]);
			if (sketches[i])
				sketch_add(sketches[i], values[i]);
		}
	}
	free(values);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int64_t
longest_run(const double *sorted, int64_t n)
{
	int64_t best = 0, run = 0;

	for (int64_t i = 0; i < n; i++) {
		run = i && sorted[i] == sorted[i - 1] ? run + 1 : 1;
		best = run > best ? run : best;
	}
	return best;
}

static enum err
learn_share(struct selection *s, size_t column, double *values, double *sorted,
    struct buf *err)
{
	int64_t n = 0, rows = table_reader_count(s->in);
	struct table_row row;
	enum err rc;

	table_reader_rewind(s->in);
	while (!(rc = table_reader_next(s->in, &row, err))) {
		instances_expand(&s->schema, &row, values);
		if (!isnan(values[column]))
			sorted[n++] = values[column];
	}
	if (rc != ERR_NOTFOUND)
		return rc;
	qsort(sorted, (size_t)n, sizeof(*sorted), compare);
	s->stats[column].top_share =
	    (double)longest_run(sorted, n) / (double)rows;
	return ERR_OK;
}

static enum err
learn_shares(struct selection *s, struct buf *err)
{
	size_t d = s->schema.n_header;
	double *values = xcalloc(d, sizeof(*values));
	double *sorted =
	    xcalloc((size_t)table_reader_count(s->in), sizeof(*sorted));
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < d; i++)
		if (s->is_selected[i])
			rc = learn_share(s, i, values, sorted, err);
	free(values);
	free(sorted);
	return rc;
}

enum err
selection_learn(struct selection *s, struct buf *err)
{
	size_t d = s->schema.n_header;
	bool needs_quantile = selection_uses(s, "outlier_cols");
	const cJSON *outlier = json_get(s->param, "outlier_param");
	struct sketch **sketches = xcalloc(d, sizeof(*sketches));
	enum err rc;

	s->stats = xcalloc(d, sizeof(*s->stats));
	for (size_t i = 0; needs_quantile && i < d; i++)
		if (s->is_selected[i])
			sketches[i] = sketch_new(&sketch_default);
	rc = meet_rows(s, sketches, err);
	for (size_t i = 0; i < d; i++) {
		if (sketches[i])
			s->stats[i].quantile = sketch_query(
			    sketches[i], json_double(outlier, "percentile", 1));
		sketch_free(sketches[i]);
	}
	free(sketches);
	if (!rc && selection_uses(s, "percentage_value"))
		rc = learn_shares(s, err);
	return rc;
}
