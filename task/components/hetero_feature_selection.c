/*
 * HeteroFeatureSelection: which columns are worth keeping. Most filters look
 * at a party's own columns; those by information value are judged at the
 * guest for all (hetero_feature_selection_iv.c).
 */
#include "lib/base/mem.h"
#include "task/components/feature_selection.h"

#include <math.h>

#define MEAN_MIN 1e-6

void
selection_columns_init(struct selection_columns *c, size_t n)
{
	c->n = n;
	c->seen = xcalloc(n + 1, sizeof(*c->seen));
	c->left = xcalloc(n + 1, sizeof(*c->left));
	c->value = xcalloc(n + 1, sizeof(*c->value));
	c->passed = xcalloc(n + 1, sizeof(*c->passed));
}

static void
columns_release(struct selection_columns *c)
{
	free(c->seen);
	free(c->left);
	free(c->value);
	free(c->passed);
	*c = (struct selection_columns){0};
}

void
selection_keep_one(struct selection_columns *c, bool keeps_high)
{
	size_t best = c->n;

	for (size_t i = 0; i < c->n; i++) {
		if (c->left[i])
			return;
		if (c->seen[i] &&
		    (best == c->n ||
			(keeps_high ? c->value[i] > c->value[best]
				    : c->value[i] < c->value[best])))
			best = i;
	}
	if (best < c->n)
		c->left[best] = true;
}

/* ---- the local filters ---- */

static enum err
judge_unique(struct selection *s, struct selection_result *r, struct buf *err)
{
	double eps =
	    json_double(json_get(s->param, "unique_param"), "eps", 1e-5);

	(void)err;
	for (size_t i = 0; i < r->own.n; i++) {
		r->own.value[i] = s->stats[i].max - s->stats[i].min;
		r->own.left[i] = r->own.value[i] >= eps;
	}
	return ERR_OK;
}

static enum err
judge_variation(
    struct selection *s, struct selection_result *r, struct buf *err)
{
	double threshold = json_double(
	    json_get(s->param, "variance_coe_param"), "value_threshold", 1);

	(void)err;
	for (size_t i = 0; i < r->own.n; i++) {
		const struct selection_stats *c = &s->stats[i];
		double mean = fabs(c->mean) < MEAN_MIN ? MEAN_MIN : c->mean;
		double std = c->n ? sqrt(c->squares / (double)c->n) : 0;

		r->own.value[i] = fabs(std / mean);
		r->own.left[i] = r->own.value[i] >= threshold;
	}
	return ERR_OK;
}

static enum err
judge_outlier(struct selection *s, struct selection_result *r, struct buf *err)
{
	double upper = json_double(
	    json_get(s->param, "outlier_param"), "upper_threshold", 1);

	(void)err;
	for (size_t i = 0; i < r->own.n; i++) {
		r->own.value[i] =
		    isnan(s->stats[i].quantile) ? 0 : s->stats[i].quantile;
		r->own.left[i] = r->own.value[i] < upper;
	}
	return ERR_OK;
}

/* As counts: so many rows may have one value. */
static enum err
judge_percentage(
    struct selection *s, struct selection_result *r, struct buf *err)
{
	double rows = (double)table_reader_count(s->in);
	double most = ceil(
	    rows * json_double(json_get(s->param, "percentage_value_param"),
		       "upper_pct", 1));

	(void)err;
	for (size_t i = 0; i < r->own.n; i++) {
		r->own.value[i] = s->stats[i].top_share;
		r->own.left[i] = round(r->own.value[i] * rows) <= most;
	}
	return ERR_OK;
}

static bool
has_items(const cJSON *list)
{
	return cJSON_GetArraySize(list) > 0;
}

/* Columns to keep or columns to drop; false: both are named. */
static bool
manual_choice(const cJSON *p, struct instances_choice *out, bool *keeps_out)
{
	static const char *const keys[2][2] = {
	    {"filter_out_indexes", "filter_out_names"},
	    {"left_col_indexes", "left_col_names"}};
	bool given[2];

	for (int k = 0; k < 2; k++)
		given[k] = has_items(json_get(p, keys[k][0])) ||
			   has_items(json_get(p, keys[k][1]));
	*keeps_out = given[1];
	*out =
	    (struct instances_choice){p, keys[given[1]][0], keys[given[1]][1]};
	return !given[0] || !given[1];
}

/* Columns that no filter looks at stay, so they count too. */
static enum err
judge_manually(struct selection *s, struct selection_result *r, struct buf *err)
{
	struct instances_choice choice;
	bool *picked = NULL, keeps, any = false;
	enum err rc;

	if (!manual_choice(
		json_get(s->param, "manually_param"), &choice, &keeps))
		return err_set(err, ERR_INVALID,
		    "manually_param names columns to keep and columns to "
		    "drop; give one of both");
	rc = instances_pick(&s->schema, &choice, &picked, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < r->own.n; i++) {
		r->own.left[i] = picked[i] == keeps;
		any |= !s->is_selected[i] || (r->own.seen[i] && r->own.left[i]);
	}
	free(picked);
	return any ? ERR_OK
		   : err_set(err, ERR_INVALID,
			 "manually_param would leave no column");
}

struct selection_filter {
	const char *name;
	bool has_values;
	bool keeps_high; /* of all that fail, the one with the highest value */
	bool is_iv;
	/* Judges r->own (value, left), and r->hosts. */
	enum err (*judge)(
	    struct selection *s, struct selection_result *r, struct buf *err);
};

static const struct selection_filter filters[] = {
    {.name = "unique_value",
	.has_values = true,
	.keeps_high = true,
	.judge = judge_unique},
    {.name = "iv_value_thres",
	.has_values = true,
	.keeps_high = true,
	.is_iv = true,
	.judge = selection_iv_value},
    {.name = "iv_percentile",
	.has_values = true,
	.keeps_high = true,
	.is_iv = true,
	.judge = selection_iv_percentile},
    {.name = "iv_top_k",
	.has_values = true,
	.keeps_high = true,
	.is_iv = true,
	.judge = selection_iv_top_k},
    {.name = "coefficient_of_variation_value_thres",
	.has_values = true,
	.keeps_high = true,
	.judge = judge_variation},
    {.name = "outlier_cols", .has_values = true, .judge = judge_outlier},
    {.name = "manually", .judge = judge_manually},
    {.name = "percentage_value", .has_values = true, .judge = judge_percentage},
};

static const struct selection_filter *
find_filter(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (!strcmp(filters[i].name, name))
			return &filters[i];
	return NULL;
}

bool
selection_uses(const struct selection *s, const char *filter)
{
	const cJSON *it;

	cJSON_ArrayForEach(it,
	    json_get(s->param, "filter_methods")) if (cJSON_IsString(it) &&
						      !strcmp(it->valuestring,
							  filter)) return true;
	return false;
}

/* ---- one filter after the other ---- */

static enum err
judge(struct selection *s, const struct selection_filter *f,
    struct selection_result *r, struct buf *err)
{
	enum err rc = ERR_OK;

	if (f->is_iv)
		rc = selection_iv_begin(s, r, err);
	if (!rc && (!f->is_iv || s->is_guest))
		rc = f->judge(s, r, err);
	if (!rc && !f->is_iv) {
		for (size_t i = 0; i < r->own.n; i++)
			r->own.left[i] &= r->own.seen[i];
		if (f->has_values)
			selection_keep_one(&r->own, f->keeps_high);
	}
	return !rc && f->is_iv ? selection_iv_end(s, r, err) : rc;
}

static enum err
run_filter(struct selection *s, const char *name, struct buf *err)
{
	const struct selection_filter *f = find_filter(name);
	struct selection_result *r = &s->results[s->n_results++];
	size_t d = s->schema.n_header;
	enum err rc;

	if (!f)
		return err_set(err, ERR_INVALID,
		    "filter_methods has '%.64s', which is no filter", name);
	r->name = f->name;
	r->has_values = f->has_values && (!f->is_iv || s->is_guest);
	selection_columns_init(&r->own, d);
	for (size_t i = 0; i < d; i++)
		r->own.seen[i] = s->is_selected[i] && s->own.left[i];
	rc = judge(s, f, r, err);
	for (size_t i = 0; !rc && i < d; i++) {
		if (!s->is_selected[i])
			continue;
		s->own.left[i] = r->own.left[i];
		s->own.passed[i] += r->own.left[i];
	}
	return rc;
}

static bool
uses_iv(const struct selection *s)
{
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (filters[i].is_iv && selection_uses(s, filters[i].name))
			return true;
	return false;
}

static enum err
prepare(struct selection *s, struct buf *err)
{
	struct instances_choice choice = {
	    s->param, "select_col_indexes", "select_names"};
	enum err rc = instances_pick(&s->schema, &choice, &s->is_selected, err);

	if (rc || !uses_iv(s))
		return rc;
	if (!s->is_guest && !task_peer(s->t, "guest", 0))
		return err_set(err, ERR_INVALID, "the iv filters need a guest");
	if (!s->is_guest)
		return ERR_OK;
	s->n_hosts = task_n_peers(s->t, "host");
	s->hosts = xcalloc(s->n_hosts + 1, sizeof(*s->hosts));
	return selection_load_binning(s, err);
}

static enum err
fit(struct selection *s, struct buf *err)
{
	const cJSON *methods = json_get(s->param, "filter_methods"), *it;
	enum err rc = prepare(s, err);

	if (!rc)
		rc = selection_learn(s, err);
	for (size_t i = 0; i < s->schema.n_header; i++)
		s->own.left[i] = true;
	s->results = xcalloc(
	    (size_t)cJSON_GetArraySize(methods) + 1, sizeof(*s->results));
	cJSON_ArrayForEach(it, methods)
	{
		if (rc)
			return rc;
		rc = run_filter(
		    s, cJSON_IsString(it) ? it->valuestring : "?", err);
	}
	return rc ? rc : selection_save(s, err);
}

/* ---- the output ---- */

static enum err
change(void *arg, const struct instances_row *row, struct buf *err)
{
	const struct selection *s = arg;
	size_t k = 0;

	(void)err;
	for (size_t i = 0; i < s->schema.n_header; i++)
		if (s->own.left[i])
			row->out[k++] = row->values[i];
	return ERR_OK;
}

static enum err
write_output(struct selection *s, struct buf *err)
{
	struct table_schema out;
	enum err rc;

	table_schema_init(&out, s->schema.kind);
	out.sid_name = xstrdup_null(s->schema.sid_name);
	out.label_name = xstrdup_null(s->schema.label_name);
	for (size_t i = 0; i < s->schema.n_header; i++)
		if (s->own.left[i])
			table_schema_add(&out, s->schema.header[i]);
	rc = instances_write(s->t, s->in, &out, change, s, err);
	table_schema_release(&out);
	return rc;
}

static void
release(struct selection *s)
{
	for (size_t i = 0; i < s->n_results; i++) {
		for (size_t h = 0; h < s->results[i].n_hosts; h++)
			columns_release(&s->results[i].hosts[h]);
		free(s->results[i].hosts);
		columns_release(&s->results[i].own);
	}
	for (size_t h = 0; h < s->n_hosts; h++)
		columns_release(&s->hosts[h]);
	free(s->hosts);
	free(s->results);
	free(s->stats);
	free(s->is_selected);
	columns_release(&s->own);
	if (s->binning)
		protobuf_c_message_free_unpacked(&s->binning->base, NULL);
	table_schema_release(&s->schema);
	table_reader_close(&s->in);
}

enum err
hetero_feature_selection_run(struct task *t, struct buf *err)
{
	struct selection s = {
	    .t = t, .param = t->param, .is_guest = !strcmp(t->role, "guest")};
	enum err rc = instances_open(t, &s.in, err);

	if (!rc) {
		table_schema_copy(&s.schema, table_reader_schema(s.in));
		selection_columns_init(&s.own, s.schema.n_header);
		rc = instances_is_fit(t) ? fit(&s, err)
					 : selection_apply_model(&s, err);
	}
	if (!rc)
		rc = write_output(&s, err);
	release(&s);
	return rc;
}
