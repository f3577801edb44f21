/*
 * FeatureScale: columns to [0, 1] by their least and greatest value, or to
 * mean 0 and deviation 1. Bounds, as values or (mode cap) as quantiles, clip
 * a column first; rows that a model is applied to are clipped to the range of
 * those that it was fit on, as FATE and FATE-Serving do.
 *
 * A fit reads the rows once for least, greatest and quantiles, a standard one
 * again for mean and deviation of what is left after clipping. Missing values
 * count in neither and stay missing.
 */
#include "task/components/feature_scale.h"
#include "lib/base/mem.h"
#include "lib/math/sketch.h"

#include <math.h>

#define VARIANCE_MIN 1e-6

static const struct {
	const char *name;
	enum scale_method method;
} methods[] = {
    {"min_max_scale", SCALE_MIN_MAX},
    {"standard_scale", SCALE_STANDARD},
};

enum err
scale_method_parse(const char *name, enum scale_method *out, struct buf *err)
{
	*out = SCALE_NONE;
	if (!name)
		return ERR_OK;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (!strcmp(methods[i].name, name)) {
			*out = methods[i].method;
			return ERR_OK;
		}
	return err_set(err, ERR_INVALID,
	    "method is \"%.64s\", expected \"min_max_scale\", "
	    "\"standard_scale\" or null",
	    name);
}

const char *
scale_method_name(enum scale_method method)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (methods[i].method == method)
			return methods[i].name;
	return "";
}

/* ---- parameters ---- */

/*
 * A bound is one number for all scaled columns, or a list with one for each
 * of them, or for each column of the table.
 */
static enum err
take_bound(struct scale *s, const cJSON *given, const char *what, bool is_upper,
    struct buf *err)
{
	int n = cJSON_IsArray(given) ? cJSON_GetArraySize(given) : -1;
	int n_all = (int)s->schema.n_header, n_scaled = 0, k = 0;

	for (int i = 0; i < n_all; i++)
		n_scaled += s->columns[i].is_scaled;
	if (n >= 0 && n != n_scaled && n != n_all)
		return err_set(err, ERR_INVALID,
		    "%s has %d values, expected a number or one for each of "
		    "%d columns",
		    what, n, n_scaled);
	for (int i = 0; i < n_all; i++) {
		struct scale_column *c = &s->columns[i];
		const cJSON *v = given;

		if (!c->is_scaled)
			continue;
		if (n >= 0)
			v = cJSON_GetArrayItem(given, n == n_scaled ? k++ : i);
		if (!cJSON_IsNumber(v))
			continue;
		*(is_upper ? &c->has_upper : &c->has_lower) = true;
		*(is_upper ? &c->bound_upper : &c->bound_lower) =
		    v->valuedouble;
	}
	return ERR_OK;
}

/* cap without a bound keeps the whole range. */
static enum err
check_bounds(struct scale *s, struct buf *err)
{
	for (size_t i = 0; i < s->schema.n_header; i++) {
		struct scale_column *c = &s->columns[i];

		if (s->is_cap && !c->has_upper)
			c->bound_upper = 1;
		if (s->is_cap)
			c->has_upper = c->has_lower = c->is_scaled;
		if (s->is_cap && (c->bound_upper > 1 || c->bound_lower < 0))
			return err_set(err, ERR_INVALID,
			    "feat_upper and feat_lower are %.15g and %.15g "
			    "for column '%s', expected quantiles from 0 to 1 "
			    "in mode cap",
			    c->bound_upper, c->bound_lower,
			    s->schema.header[i]);
		if (c->has_upper && c->has_lower &&
		    c->bound_lower > c->bound_upper)
			return err_set(err, ERR_INVALID,
			    "feat_lower %.15g is above feat_upper %.15g for "
			    "column '%s'",
			    c->bound_lower, c->bound_upper,
			    s->schema.header[i]);
	}
	return ERR_OK;
}

static enum err
configure(struct scale *s, const cJSON *param, struct buf *err)
{
	struct instances_choice choice = {
	    param, "scale_col_indexes", "scale_names"};
	bool *picked = NULL;
	enum err rc;

	rc = scale_method_parse(
	    json_str(param, "method", NULL), &s->method, err);
	s->is_cap = !strcmp(json_str(param, "mode", "normal"), "cap");
	s->with_mean = json_bool(param, "with_mean", true);
	s->with_std = json_bool(param, "with_std", true);
	if (!rc)
		rc = instances_pick(&s->schema, &choice, &picked, err);
	for (size_t i = 0; !rc && i < s->schema.n_header; i++)
		s->columns[i].is_scaled = picked[i];
	free(picked);
	if (!rc)
		rc = take_bound(
		    s, json_get(param, "feat_upper"), "feat_upper", true, err);
	if (!rc)
		rc = take_bound(
		    s, json_get(param, "feat_lower"), "feat_lower", false, err);
	return rc ? rc : check_bounds(s, err);
}

/* ---- fit ---- */

struct learning {
	struct scale *s;
	struct sketch **sketches; /* by column, in mode cap */
	int64_t *n;		  /* by column: values met */
	double *squares;	  /* by column: sum of (x - mean)^2 */
};

static double
clip(const struct scale_column *c, double v)
{
	return v > c->upper ? c->upper : v < c->lower ? c->lower : v;
}

static void
meet_range(struct learning *l, size_t i, double v)
{
	struct scale_column *c = &l->s->columns[i];

	if (!l->n[i]++ || v > c->upper)
		c->upper = v;
	if (l->n[i] == 1 || v < c->lower)
		c->lower = v;
	if (l->sketches[i])
		sketch_add(l->sketches[i], v);
}

/* Welford's update. */
static void
meet_moments(struct learning *l, size_t i, double v)
{
	struct scale_column *c = &l->s->columns[i];
	double x = clip(c, v), off = x - c->mean;

	c->mean += off / (double)++l->n[i];
	l->squares[i] += off * (x - c->mean);
}

static enum err
meet_rows(struct learning *l, struct table_reader *in,
    void (*meet)(struct learning *l, size_t i, double v), struct buf *err)
{
	size_t d = l->s->schema.n_header;
	double *values = xcalloc(d, sizeof(*values));
	struct table_row row;
	enum err rc;

	memset(l->n, 0, d * sizeof(*l->n));
	table_reader_rewind(in);
	while (!(rc = table_reader_next(in, &row, err))) {
		instances_expand(&l->s->schema, &row, values);
		for (size_t i = 0; i < d; i++)
			if (l->s->columns[i].is_scaled && !isnan(values[i]))
				meet(l, i, values[i]);
	}
	free(values);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* Of the data's range what the bounds leave. */
static void
apply_bounds(struct learning *l)
{
	for (size_t i = 0; i < l->s->schema.n_header; i++) {
		struct scale_column *c = &l->s->columns[i];

		if (!c->is_scaled || !l->n[i])
			continue;
		if (l->s->is_cap) {
			c->upper = sketch_query(l->sketches[i], c->bound_upper);
			c->lower = sketch_query(l->sketches[i], c->bound_lower);
			continue;
		}
		if (c->has_upper && c->bound_upper < c->upper)
			c->upper = c->bound_upper;
		if (c->has_lower && c->bound_lower > c->lower)
			c->lower = c->bound_lower;
		/* All rows lie beyond one bound: they become that bound. */
		if (c->lower > c->upper && c->has_upper &&
		    c->upper == c->bound_upper)
			c->lower = c->upper;
		else if (c->lower > c->upper)
			c->upper = c->lower;
	}
}

static void
finish_moments(struct learning *l)
{
	for (size_t i = 0; i < l->s->schema.n_header; i++) {
		struct scale_column *c = &l->s->columns[i];
		double variance = l->n[i] ? l->squares[i] / (double)l->n[i] : 0;

		c->std = 1;
		if (l->s->with_std && variance >= VARIANCE_MIN)
			c->std = sqrt(variance);
		if (!l->s->with_mean)
			c->mean = 0;
	}
}

static enum err
check_learnt(const struct scale *s, struct buf *err)
{
	for (size_t i = 0; i < s->schema.n_header; i++) {
		const struct scale_column *c = &s->columns[i];

		if (!isfinite(c->upper - c->lower) || !isfinite(c->mean) ||
		    !isfinite(c->std))
			return err_set(err, ERR_INVALID,
			    "column '%s' has values too far apart to be scaled",
			    s->schema.header[i]);
	}
	return ERR_OK;
}

static enum err
learn(struct scale *s, struct table_reader *in, struct buf *err)
{
	size_t d = s->schema.n_header;
	struct learning l = {.s = s};
	enum err rc;

	l.n = xcalloc(d, sizeof(*l.n));
	l.squares = xcalloc(d, sizeof(*l.squares));
	l.sketches = xcalloc(d, sizeof(*l.sketches));
	for (size_t i = 0; s->is_cap && i < d; i++)
		if (s->columns[i].is_scaled)
			l.sketches[i] = sketch_new(&sketch_default);
	rc = meet_rows(&l, in, meet_range, err);
	if (!rc)
		apply_bounds(&l);
	if (!rc && s->method == SCALE_STANDARD) {
		rc = meet_rows(&l, in, meet_moments, err);
		finish_moments(&l);
	}
	for (size_t i = 0; i < d; i++)
		sketch_free(l.sketches[i]);
	free(l.sketches);
	free(l.squares);
	free(l.n);
	return rc ? rc : check_learnt(s, err);
}

/* ---- transform ---- */

static double
scaled(const struct scale *s, const struct scale_column *c, double v)
{
	double range = c->upper - c->lower, x = clip(c, v);

	if (s->method == SCALE_MIN_MAX)
		return (x - c->lower) / (range == 0 ? 1 : range);
	return (x - c->mean) / c->std;
}

static enum err
change(void *arg, const struct instances_row *row, struct buf *err)
{
	const struct scale *s = arg;

	(void)err;
	for (size_t i = 0; i < s->schema.n_header; i++) {
		const struct scale_column *c = &s->columns[i];

		row->out[i] = c->is_scaled && !isnan(row->values[i])
				  ? scaled(s, c, row->values[i])
				  : row->values[i];
	}
	return ERR_OK;
}

static void
report(struct task *t, const struct scale *s)
{
	cJSON *extras = cJSON_CreateObject();
	const char *name = scale_method_name(s->method);

	json_add_str(extras, "curve_name", "scale");
	json_add_str(extras, "method", name[0] ? name : NULL);
	task_metric_meta(t, "train", "scale", "scale", "SCALE", extras);
}

enum err
feature_scale_run(struct task *t, struct buf *err)
{
	bool is_fit = instances_is_fit(t);
	struct table_reader *in = NULL;
	struct scale s = {0};
	enum err rc = instances_open(t, &in, err);

	if (rc)
		goto out;
	table_schema_copy(&s.schema, table_reader_schema(in));
	s.columns = xcalloc(s.schema.n_header, sizeof(*s.columns));
	rc = is_fit ? configure(&s, t->param, err) : scale_load(t, &s, err);
	if (!rc && is_fit && s.method != SCALE_NONE)
		rc = learn(&s, in, err);
	for (size_t i = 0; s.method == SCALE_NONE && i < s.schema.n_header; i++)
		s.columns[i].is_scaled = false;
	if (!rc && s.method == SCALE_NONE)
		task_output_pass(t, task_any_input(t));
	else if (!rc)
		rc = instances_write(t, in, &s.schema, change, &s, err);
	if (!rc)
		rc = scale_save(t, &s, err);
	if (!rc)
		report(t, &s);
out:
	free(s.columns);
	table_schema_release(&s.schema);
	table_reader_close(&in);
	return rc;
}
