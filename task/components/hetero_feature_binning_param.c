/* Parameters, and which columns they mean. */
#include "lib/base/mem.h"
#include "task/components/feature_binning.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STARTS_MAX  ((size_t)10000)   /* bins that optimal begins with */
#define SUMMARY_MAX ((size_t)1000000) /* values of a summary */

static const char *const methods[BINNING_METHOD__MAX] = {
    [BINNING_QUANTILE] = "quantile",
    [BINNING_BUCKET] = "bucket",
    [BINNING_OPTIMAL] = "optimal",
};

static const char *const transforms[BINNING_TRANSFORM__MAX] = {
    [BINNING_KEEP] = "",
    [BINNING_NUMBER] = "bin_num",
    [BINNING_WOE] = "woe",
};

const char *
binning_method_name(enum binning_method method)
{
	return methods[method];
}

const char *
binning_transform_name(enum binning_transform transform)
{
	return transforms[transform];
}

bool
binning_transform_parse(const char *name, enum binning_transform *out)
{
	for (int i = 0; i < BINNING_TRANSFORM__MAX; i++)
		if (!strcmp(transforms[i], name)) {
			*out = (enum binning_transform)i;
			return true;
		}
	return false;
}

static enum err
unknown(const char *name, const char *value, const char *legal, struct buf *err)
{
	return err_set(err, ERR_INVALID, "%s is \"%.64s\", expected %s", name,
	    value, legal);
}

static enum err
read_optimal_names(struct binning *b, struct buf *err)
{
	const cJSON *optimal = json_get(b->param, "optimal_binning_param");
	const char *metric = json_str(optimal, "metric_method", "iv"),
		   *start = json_str(optimal, "init_bucket_method", "quantile");

	if (!binning_metric_parse(metric, &b->p.merge.metric))
		return unknown("optimal_binning_param.metric_method", metric,
		    "\"iv\", \"gini\", \"chi_square\" or \"ks\"", err);
	b->p.starts_by_bucket = !strcasecmp(start, "bucket");
	if (!b->p.starts_by_bucket && strcasecmp(start, "quantile") != 0)
		return unknown("optimal_binning_param.init_bucket_method",
		    start, "\"quantile\" or \"bucket\"", err);
	return ERR_OK;
}

static enum err
read_names(struct binning *b, struct buf *err)
{
	const char *method = json_str(b->param, "method", "quantile"),
		   *transform = json_str(json_get(b->param, "transform_param"),
		       "transform_type", "");
	int m = 0;

	while (m < BINNING_METHOD__MAX && strcasecmp(methods[m], method) != 0)
		m++;
	if (m == BINNING_METHOD__MAX)
		return unknown("method", method,
		    "\"quantile\", \"bucket\" or \"optimal\"", err);
	b->p.method = (enum binning_method)m;
	if (!binning_transform_parse(transform, &b->p.transform))
		return unknown("transform_param.transform_type", transform,
		    "\"bin_num\", \"woe\" or null", err);
	return read_optimal_names(b, err);
}

/* Numbers that the submit has checked; a task may come another way. */
static enum err
read_count(const cJSON *obj, const char *name, size_t fallback, size_t most,
    size_t *out, struct buf *err)
{
	int64_t v = json_int(obj, name, (int64_t)fallback);

	if (v < 1 || (uint64_t)v > most)
		return err_set(err, ERR_INVALID,
		    "%s is %lld, expected an integer from 1 to %zu", name,
		    (long long)v, most);
	*out = (size_t)v;
	return ERR_OK;
}

static enum err
read_share(const cJSON *obj, const char *name, double fallback, double *out,
    struct buf *err)
{
	*out = json_double(obj, name, fallback);
	if (*out >= 0 && *out <= 1)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "%s is %.15g, expected a number from 0 to 1", name, *out);
}

static enum err
read_merge(struct binning *b, struct buf *err)
{
	const cJSON *optimal = json_get(b->param, "optimal_binning_param");
	struct binning_merge *m = &b->p.merge;
	enum err rc;

	m->max_bins = b->p.bin_num;
	m->mixture = json_bool(optimal, "mixture", true);
	m->adjustment = b->p.adjustment;
	rc = read_count(
	    optimal, "init_bin_nums", 1000, STARTS_MAX, &b->p.start_bins, err);
	if (!rc)
		rc = read_share(optimal, "min_bin_pct", 0.05, &m->min_pct, err);
	if (!rc)
		rc = read_share(optimal, "max_bin_pct", 1, &m->max_pct, err);
	return rc;
}

static enum err
read_numbers(struct binning *b, struct buf *err)
{
	const cJSON *p = b->param;
	struct binning_param *o = &b->p;
	enum err rc;

	o->local_only = json_bool(p, "local_only", false);
	o->adjustment = json_double(p, "adjustment_factor", 0.5);
	if (o->adjustment <= 0 || o->adjustment >= 1)
		return err_set(err, ERR_INVALID,
		    "adjustment_factor is %.15g, expected a number above 0 "
		    "and below 1",
		    o->adjustment);
	rc = read_share(p, "error", 0.001, &o->sketch.error, err);
	if (!rc)
		rc =
		    read_count(p, "bin_num", 10, BINNING_MAX, &o->bin_num, err);
	if (!rc)
		rc = read_count(p, "head_size", 10000, SUMMARY_MAX,
		    &o->sketch.head_size, err);
	if (!rc)
		rc = read_count(p, "compress_thres", 10000, SUMMARY_MAX,
		    &o->sketch.compress_n, err);
	return rc ? rc : read_merge(b, err);
}

static bool
is_all(const cJSON *indexes)
{
	return cJSON_IsNumber(indexes) && indexes->valuedouble == -1;
}

static enum err
mark_columns(struct binning *b, const bool *binned, const bool *category,
    const bool *transformed, struct buf *err)
{
	const cJSON *cols =
	    json_get(json_get(b->param, "transform_param"), "transform_cols");
	bool all = is_all(cols);

	for (size_t i = 0; i < b->schema.n_header; i++) {
		struct binning_column *c = &b->columns[i];

		c->is_category = category[i];
		c->has_bins = binned[i] || category[i];
		c->is_merged =
		    binned[i] && !category[i] && b->p.method == BINNING_OPTIMAL;
		c->is_transformed = transformed[i] && c->has_bins;
		if (transformed[i] && !c->has_bins && !all)
			return err_set(err, ERR_INVALID,
			    "transform_param names column '%s', which gets no "
			    "bins; add it to bin_indexes or bin_names",
			    b->schema.header[i]);
	}
	return ERR_OK;
}

static enum err
read_columns(struct binning *b, struct buf *err)
{
	const struct instances_choice bins = {b->param, "bin_indexes",
					  "bin_names"},
				      categories = {b->param,
					  "category_indexes", "category_names"},
				      transform = {
					  json_get(b->param, "transform_param"),
					  "transform_cols", "transform_names"};
	bool *binned = NULL, *category = NULL, *transformed = NULL;
	enum err rc = instances_pick(&b->schema, &bins, &binned, err);

	if (!rc)
		rc = instances_pick(&b->schema, &categories, &category, err);
	if (!rc)
		rc = instances_pick(&b->schema, &transform, &transformed, err);
	if (!rc)
		rc = mark_columns(b, binned, category, transformed, err);
	free(binned);
	free(category);
	free(transformed);
	return rc;
}

enum err
binning_configure(struct binning *b, struct buf *err)
{
	enum err rc = read_names(b, err);

	if (!rc)
		rc = read_numbers(b, err);
	return rc ? rc : read_columns(b, err);
}
