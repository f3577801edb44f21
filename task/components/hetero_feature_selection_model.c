/* The model: its two buffers, and what is read back of them. */
#include "lib/base/mem.h"
#include "feature_selection.pb-c.h"
#include "task/components/feature_selection.h"
#include "task/components/pool.h"

#define META  "FeatureSelectionMeta"
#define PARAM "FeatureSelectionParam"

/* Names of the columns: the header's, or "host.<number>". */
static char **
host_names(struct pool *p, size_t n)
{
	char **names = pool_new(p, n, sizeof(*names));
	char *texts = pool_new(p, n, 32);

	for (size_t i = 0; i < n; i++) {
		names[i] = texts + 32 * i;
		snprintf(names[i], 32, "host.%zu", i);
	}
	return names;
}

/* ---- columns as messages ---- */

struct named {
	const struct selection_columns *c;
	char **names;
};

static Model__LeftCols *
left_message(struct pool *p, const struct named *from)
{
	typedef Model__LeftCols__LeftColsEntry entry;
	size_t n = from->c->n;
	Model__LeftCols *m = pool_new(p, 1, sizeof(*m));
	entry *entries = pool_new(p, n, sizeof(*entries));

	model__left_cols__init(m);
	m->original_cols = pool_new(p, n, sizeof(char *));
	m->left_cols = pool_new(p, n, sizeof(entry *));
	for (size_t i = 0; i < n; i++) {
		entry *e = &entries[i];

		if (from->c->seen[i])
			m->original_cols[m->n_original_cols++] = from->names[i];
		if (!from->c->left[i])
			continue;
		model__left_cols__left_cols_entry__init(e);
		e->key = from->names[i];
		e->value = true;
		m->left_cols[m->n_left_cols++] = e;
	}
	return m;
}

static void
fill_own_values(struct pool *p, const struct named *from,
    Model__FeatureSelectionFilterParam *m)
{
	typedef Model__FeatureSelectionFilterParam__FeatureValuesEntry entry;
	entry *entries = pool_new(p, from->c->n, sizeof(*entries));

	m->feature_values = pool_new(p, from->c->n, sizeof(entry *));
	for (size_t i = 0; i < from->c->n; i++) {
		if (!from->c->seen[i])
			continue;
		model__feature_selection_filter_param__feature_values_entry__init(
		    &entries[i]);
		entries[i].key = from->names[i];
		entries[i].value = from->c->value[i];
		m->feature_values[m->n_feature_values++] = &entries[i];
	}
}

static Model__FeatureValue *
host_values(struct pool *p, const struct named *from)
{
	typedef Model__FeatureValue__FeatureValuesEntry entry;
	Model__FeatureValue *m = pool_new(p, 1, sizeof(*m));
	entry *entries = pool_new(p, from->c->n, sizeof(*entries));

	model__feature_value__init(m);
	m->feature_values = pool_new(p, from->c->n, sizeof(entry *));
	for (size_t i = 0; i < from->c->n; i++) {
		if (!from->c->seen[i])
			continue;
		model__feature_value__feature_values_entry__init(&entries[i]);
		entries[i].key = from->names[i];
		entries[i].value = from->c->value[i];
		m->feature_values[m->n_feature_values++] = &entries[i];
	}
	return m;
}

/* ---- Param ---- */

static Model__FeatureSelectionFilterParam *
result_message(
    struct pool *p, const struct selection *s, const struct selection_result *r)
{
	Model__FeatureSelectionFilterParam *m = pool_new(p, 1, sizeof(*m));
	struct named own = {&r->own, s->schema.header};

	model__feature_selection_filter_param__init(m);
	m->filter_name = (char *)(uintptr_t)r->name;
	m->left_cols = left_message(p, &own);
	if (r->has_values)
		fill_own_values(p, &own, m);
	m->host_feature_values = pool_new(p, r->n_hosts, sizeof(void *));
	m->host_left_cols = pool_new(p, r->n_hosts, sizeof(void *));
	for (size_t h = 0; h < r->n_hosts; h++) {
		struct named host = {
		    &r->hosts[h], host_names(p, r->hosts[h].n)};

		if (r->knows_hosts)
			m->host_feature_values[m->n_host_feature_values++] =
			    host_values(p, &host);
		m->host_left_cols[h] = left_message(p, &host);
	}
	m->n_host_left_cols = r->n_hosts;
	return m;
}

/* Those that passed more filters come first; then by place. */
static char **
sorted_names(struct pool *p, const struct named *from, size_t *n_out)
{
	char **out = pool_new(p, from->c->n, sizeof(*out));
	int most = 0;

	*n_out = 0;
	for (size_t i = 0; i < from->c->n; i++)
		if (from->c->passed[i] > most)
			most = from->c->passed[i];
	for (; most >= 0; most--)
		for (size_t i = 0; i < from->c->n; i++)
			if (from->c->seen[i] && from->c->passed[i] == most)
				out[(*n_out)++] = from->names[i];
	return out;
}

static void
fill_hosts(
    struct pool *p, const struct selection *s, Model__FeatureSelectionParam *m)
{
	Model__HostColNames *hosts = pool_new(p, s->n_hosts, sizeof(*hosts));

	m->host_col_names = pool_new(p, s->n_hosts, sizeof(void *));
	m->n_host_col_names = s->n_hosts;
	for (size_t h = 0; h < s->n_hosts; h++) {
		const struct selection_columns *c = &s->hosts[h];
		struct named host = {c, host_names(p, c->n)};

		model__host_col_names__init(&hosts[h]);
		hosts[h].col_names =
		    sorted_names(p, &host, &hosts[h].n_col_names);
		hosts[h].party_id =
		    (char *)(uintptr_t)task_peer(s->t, "host", h)->party_id;
		m->host_col_names[h] = &hosts[h];
	}
}

static enum err
save_param(struct selection *s, struct buf *err)
{
	Model__FeatureSelectionParam m = MODEL__FEATURE_SELECTION_PARAM__INIT;
	struct named own = {&s->own, s->schema.header};
	struct pool p = {0};
	enum err rc;

	memset(s->own.seen, true, s->own.n * sizeof(*s->own.seen));
	m.results = pool_new(&p, s->n_results, sizeof(void *));
	for (size_t i = 0; i < s->n_results; i++)
		m.results[m.n_results++] =
		    result_message(&p, s, &s->results[i]);
	m.final_left_cols = left_message(&p, &own);
	m.col_names = sorted_names(&p, &own, &m.n_col_names);
	fill_hosts(&p, s, &m);
	m.header = s->schema.header;
	m.n_header = s->schema.n_header;
	rc = instances_save(s->t, PARAM, PARAM, &m.base, err);
	pool_release(&p);
	return rc;
}

/* ---- Meta ---- */

static const cJSON *
group(const struct selection *s, const char *name)
{
	return json_get(s->param, name);
}

/* A host's iv filters have no settings: the guest judges. */
struct metas {
	Model__UniqueValueMeta unique;
	Model__IVValueSelectionMeta iv_value;
	Model__IVPercentileSelectionMeta iv_percentile;
	Model__IVTopKSelectionMeta iv_top_k;
	Model__VarianceOfCoeSelectionMeta variance;
	Model__OutlierColsSelectionMeta outlier;
	Model__ManuallyFilterMeta manually;
	Model__PercentageValueFilterMeta percentage;
};

static void
fill_iv(const struct selection *s, struct metas *all)
{
	const cJSON *value = group(s, "iv_value_param"),
		    *percentile = group(s, "iv_percentile_param"),
		    *top = group(s, "iv_top_k_param");

	model__ivvalue_selection_meta__init(&all->iv_value);
	model__ivpercentile_selection_meta__init(&all->iv_percentile);
	model__ivtop_kselection_meta__init(&all->iv_top_k);
	if (!s->is_guest)
		return;
	all->iv_value.value_threshold =
	    json_double(value, "value_threshold", 0);
	all->iv_value.local_only = json_bool(value, "local_only", false);
	all->iv_percentile.percentile_threshold =
	    json_double(percentile, "percentile_threshold", 1);
	all->iv_percentile.local_only =
	    json_bool(percentile, "local_only", false);
	all->iv_top_k.k = json_int(top, "k", 10);
	all->iv_top_k.local_only = json_bool(top, "local_only", false);
}

static void
fill_local(const struct selection *s, struct metas *all)
{
	const cJSON *outlier = group(s, "outlier_param");

	model__unique_value_meta__init(&all->unique);
	model__variance_of_coe_selection_meta__init(&all->variance);
	model__outlier_cols_selection_meta__init(&all->outlier);
	model__manually_filter_meta__init(&all->manually);
	model__percentage_value_filter_meta__init(&all->percentage);
	all->unique.eps = json_double(group(s, "unique_param"), "eps", 1e-5);
	all->variance.value_threshold =
	    json_double(group(s, "variance_coe_param"), "value_threshold", 1);
	all->outlier.percentile = json_double(outlier, "percentile", 1);
	all->outlier.upper_threshold =
	    json_double(outlier, "upper_threshold", 1);
	all->percentage.upper_pct =
	    json_double(group(s, "percentage_value_param"), "upper_pct", 1);
}

/* The columns that the filter of that name dropped. */
static void
fill_dropped(struct pool *p, const struct selection *s, struct metas *all)
{
	Model__ManuallyFilterMeta *m = &all->manually;
	size_t d = s->schema.n_header;

	m->filter_out_names = pool_new(p, d, sizeof(char *));
	for (size_t k = 0; k < s->n_results; k++) {
		const struct selection_columns *c = &s->results[k].own;

		if (strcmp(s->results[k].name, "manually") != 0)
			continue;
		m->n_filter_out_names = 0;
		for (size_t i = 0; i < d; i++)
			if (c->seen[i] && !c->left[i])
				m->filter_out_names[m->n_filter_out_names++] =
				    s->schema.header[i];
	}
}

static void
point_to_used(const struct selection *s, struct metas *all,
    Model__FeatureSelectionMeta *m)
{
	if (selection_uses(s, "unique_value"))
		m->unique_meta = &all->unique;
	if (selection_uses(s, "iv_value_thres"))
		m->iv_value_meta = &all->iv_value;
	if (selection_uses(s, "iv_percentile"))
		m->iv_percentile_meta = &all->iv_percentile;
	if (selection_uses(s, "iv_top_k"))
		m->iv_top_k_meta = &all->iv_top_k;
	if (selection_uses(s, "coefficient_of_variation_value_thres"))
		m->variance_coe_meta = &all->variance;
	if (selection_uses(s, "outlier_cols"))
		m->outlier_meta = &all->outlier;
	if (selection_uses(s, "manually"))
		m->manually_meta = &all->manually;
	if (selection_uses(s, "percentage_value"))
		m->pencentage_value_meta = &all->percentage;
}

static enum err
save_meta(struct selection *s, struct buf *err)
{
	Model__FeatureSelectionMeta m = MODEL__FEATURE_SELECTION_META__INIT;
	struct metas all;
	struct pool p = {0};
	enum err rc;

	m.filter_methods = pool_new(&p, s->n_results, sizeof(char *));
	for (size_t i = 0; i < s->n_results; i++)
		m.filter_methods[m.n_filter_methods++] =
		    (char *)(uintptr_t)s->results[i].name;
	m.cols = pool_new(&p, s->schema.n_header, sizeof(char *));
	for (size_t i = 0; i < s->schema.n_header; i++)
		if (s->is_selected[i])
			m.cols[m.n_cols++] = s->schema.header[i];
	fill_iv(s, &all);
	fill_local(s, &all);
	fill_dropped(&p, s, &all);
	point_to_used(s, &all, &m);
	m.need_run = true;
	rc = instances_save(s->t, META, META, &m.base, err);
	pool_release(&p);
	return rc;
}

enum err
selection_save(struct selection *s, struct buf *err)
{
	enum err rc = save_meta(s, err);

	return rc ? rc : save_param(s, err);
}

/* ---- a model that came along ---- */

static enum err
take_left(
    struct selection *s, const Model__FeatureSelectionParam *m, struct buf *err)
{
	const Model__LeftCols *left = m->final_left_cols;

	for (size_t i = 0; left && i < left->n_left_cols; i++) {
		int64_t at =
		    instances_column(&s->schema, left->left_cols[i]->key);

		if (at < 0)
			return err_set(err, ERR_INVALID,
			    "the model keeps column '%s', which the input "
			    "lacks",
			    left->left_cols[i]->key);
		s->own.left[at] = left->left_cols[i]->value;
	}
	return ERR_OK;
}

enum err
selection_apply_model(struct selection *s, struct buf *err)
{
	ProtobufCMessage *meta = NULL, *param = NULL;
	enum err rc = instances_load(s->t, META, META, &meta, err);

	if (!rc)
		rc = instances_load(s->t, PARAM, PARAM, &param, err);
	if (!rc)
		rc = take_left(s, (Model__FeatureSelectionParam *)param, err);
	if (!rc)
		rc = instances_save(s->t, META, META, meta, err);
	if (!rc)
		rc = instances_save(s->t, PARAM, PARAM, param, err);
	if (meta)
		protobuf_c_message_free_unpacked(meta, NULL);
	if (param)
		protobuf_c_message_free_unpacked(param, NULL);
	return rc;
}
