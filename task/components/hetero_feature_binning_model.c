/*
 * The model. A host's own columns have split points alone; of a host's
 * columns the guest has everything but these, under the name host.<number>.
 */
#include "feature_binning.pb-c.h"
#include "lib/base/mem.h"
#include "task/components/feature_binning.h"
#include "task/components/pool.h"

#include <stdlib.h>
#include <string.h>

#define META	 "FeatureBinningMeta"
#define PARAM	 "FeatureBinningParam"
#define NAME_LEN 32

typedef Model__FeatureBinningResult__BinningResultEntry entry_message;
typedef Model__FeatureBinningResult result_message;

/* protobuf-c's fields are not const; nothing writes to them. */
static char *
cast(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* ---- Param ---- */

static char **
bin_names(struct pool *p, size_t n)
{
	char **names = pool_new(p, n, sizeof(*names));
	char *texts = pool_new(p, n, NAME_LEN);

	for (size_t i = 0; i < n; i++) {
		names[i] = texts + NAME_LEN * i;
		snprintf(names[i], NAME_LEN, "bin_%zu", i);
	}
	return names;
}

static void
fill_stats(struct pool *p, const struct binning_column *c, Model__IVParam *m)
{
	const struct binning_stats *s = &c->stats;
	size_t n = s->n;

	m->woe_array = s->woe;
	m->iv_array = s->iv;
	m->event_rate_array = s->event_rate;
	m->non_event_rate_array = s->non_event_rate;
	m->event_count_array = pool_new(p, n, sizeof(*m->event_count_array));
	m->non_event_count_array =
	    pool_new(p, n, sizeof(*m->non_event_count_array));
	for (size_t i = 0; i < n; i++) {
		m->event_count_array[i] = c->counts[i].event;
		m->non_event_count_array[i] = c->counts[i].non_event;
	}
	m->n_woe_array = m->n_iv_array = m->n_event_rate_array =
	    m->n_non_event_rate_array = m->n_event_count_array =
		m->n_non_event_count_array = n;
	m->iv = s->total_iv;
	m->is_woe_monotonic = n == 0 || s->is_monotonic;
	m->bin_nums = (int64_t)n;
}

static Model__IVParam *
iv_message(struct pool *p, const struct binning_column *c)
{
	Model__IVParam *m = pool_new(p, 1, sizeof(*m));

	model__ivparam__init(m);
	fill_stats(p, c, m);
	if (!c->splits)
		return m;
	m->split_points = c->splits;
	m->n_split_points = c->n;
	m->bin_anonymous = bin_names(p, c->n);
	m->n_bin_anonymous = c->n;
	return m;
}

/* names NULL: those are the columns of a host. */
static result_message *
result(struct pool *p, const struct binning_column *columns, size_t n,
    char **names)
{
	result_message *m = pool_new(p, 1, sizeof(*m));
	entry_message *entries = pool_new(p, n, sizeof(*entries));
	char *texts = pool_new(p, n, NAME_LEN);

	model__feature_binning_result__init(m);
	m->binning_result = pool_new(p, n, sizeof(void *));
	for (size_t i = 0; i < n; i++) {
		entry_message *e = &entries[i];

		if (!columns[i].has_bins)
			continue;
		model__feature_binning_result__binning_result_entry__init(e);
		snprintf(texts + NAME_LEN * i, NAME_LEN, "host.%zu", i);
		e->key = names ? names[i] : texts + NAME_LEN * i;
		e->value = iv_message(p, &columns[i]);
		m->binning_result[m->n_binning_result++] = e;
	}
	return m;
}

static enum err
save_param(struct binning *b, struct buf *err)
{
	Model__FeatureBinningParam m = MODEL__FEATURE_BINNING_PARAM__INIT;
	struct pool p = {0};
	enum err rc;

	m.binning_result =
	    result(&p, b->columns, b->schema.n_header, b->schema.header);
	m.binning_result->role = cast(b->t->role);
	m.binning_result->party_id = cast(b->t->party_id);
	m.host_results = pool_new(&p, b->n_hosts, sizeof(void *));
	for (size_t h = 0; h < b->n_hosts; h++) {
		m.host_results[h] = result(
		    &p, b->hosts[h].columns, b->hosts[h].n_columns, NULL);
		m.host_results[h]->role = cast("host");
		m.host_results[h]->party_id =
		    cast(task_peer(b->t, "host", h)->party_id);
	}
	m.n_host_results = b->n_hosts;
	m.header = b->schema.header;
	m.n_header = b->schema.n_header;
	rc = instances_save(b->t, PARAM, PARAM, &m.base, err);
	pool_release(&p);
	return rc;
}

/* ---- Meta ---- */

static void
fill_columns(struct pool *p, const struct binning *b,
    Model__FeatureBinningMeta *m, Model__TransformMeta *transform)
{
	size_t n = b->schema.n_header;

	m->cols = pool_new(p, n, sizeof(char *));
	transform->transform_cols = pool_new(p, n, sizeof(int64_t));
	for (size_t i = 0; i < n; i++) {
		if (b->columns[i].has_bins)
			m->cols[m->n_cols++] = b->schema.header[i];
		if (b->columns[i].is_transformed)
			transform
			    ->transform_cols[transform->n_transform_cols++] =
			    (int64_t)i;
	}
}

static enum err
save_meta(struct binning *b, struct buf *err)
{
	Model__FeatureBinningMeta m = MODEL__FEATURE_BINNING_META__INIT;
	Model__TransformMeta transform = MODEL__TRANSFORM_META__INIT;
	bool by_start = !b->is_guest && b->p.method == BINNING_OPTIMAL;
	struct pool p = {0};
	enum err rc;

	m.need_run = true;
	m.compress_thres = (int64_t)b->p.sketch.compress_n;
	m.head_size = (int64_t)b->p.sketch.head_size;
	m.error = b->p.sketch.error;
	m.bin_num = (int64_t)(by_start ? b->p.start_bins : b->p.bin_num);
	m.adjustment_factor = b->p.adjustment;
	m.local_only = b->p.local_only;
	m.method = cast(binning_method_name(b->p.method));
	m.transform_param = &transform;
	transform.transform_type = cast(binning_transform_name(b->p.transform));
	fill_columns(&p, b, &m, &transform);
	rc = instances_save(b->t, META, META, &m.base, err);
	pool_release(&p);
	return rc;
}

enum err
binning_save(struct binning *b, struct buf *err)
{
	enum err rc = save_meta(b, err);

	return rc ? rc : save_param(b, err);
}

/* ---- a model that came along ---- */

static const Model__IVParam *
find_column(const Model__FeatureBinningParam *m, const char *name)
{
	const result_message *own = m->binning_result;

	for (size_t i = 0; own && i < own->n_binning_result; i++)
		if (!strcmp(own->binning_result[i]->key, name))
			return own->binning_result[i]->value;
	return NULL;
}

static double *
copy(const double *v, size_t n)
{
	double *out = xcalloc(n + 1, sizeof(*out));

	memcpy(out, v, n * sizeof(*out));
	return out;
}

static enum err
take_column(struct binning *b, const Model__FeatureBinningParam *m,
    const char *name, struct buf *err)
{
	int64_t at = instances_column(&b->schema, name);
	const Model__IVParam *iv = find_column(m, name);
	bool needs_woe = b->is_guest && b->p.transform == BINNING_WOE;
	struct binning_column *c;

	if (at < 0)
		return err_set(err, ERR_INVALID,
		    "the model transforms column '%s', which the input lacks",
		    name);
	if (!iv || !iv->n_split_points ||
	    (needs_woe && iv->n_woe_array != iv->n_split_points))
		return err_set(err, ERR_INVALID,
		    "the model lacks the bins of column '%s'", name);
	c = &b->columns[at];
	if (c->is_transformed)
		return ERR_OK;
	c->is_transformed = true;
	c->n = iv->n_split_points;
	c->splits = copy(iv->split_points, c->n);
	/* the one array that a release frees; woe alone is needed of it */
	if (needs_woe)
		c->stats.woe = c->stats.event_rate = copy(iv->woe_array, c->n);
	return ERR_OK;
}

static enum err
take_model(struct binning *b, const Model__FeatureBinningMeta *meta,
    const Model__FeatureBinningParam *param, struct buf *err)
{
	const Model__TransformMeta *t = meta->transform_param;
	enum err rc = ERR_OK;

	if (!t)
		return ERR_OK;
	if (!binning_transform_parse(t->transform_type, &b->p.transform))
		return err_set(err, ERR_INVALID,
		    "the model transforms by \"%.64s\", which is unknown",
		    t->transform_type);
	for (size_t i = 0; !rc && i < t->n_transform_cols; i++) {
		int64_t at = t->transform_cols[i];

		if (at < 0 || (uint64_t)at >= param->n_header)
			rc = err_set(err, ERR_INVALID,
			    "the model transforms column %lld of %zu",
			    (long long)at, param->n_header);
		else
			rc = take_column(b, param, param->header[at], err);
	}
	return rc;
}

enum err
binning_load(struct binning *b, struct buf *err)
{
	ProtobufCMessage *meta = NULL, *param = NULL;
	enum err rc = instances_load(b->t, META, META, &meta, err);

	if (!rc)
		rc = instances_load(b->t, PARAM, PARAM, &param, err);
	if (!rc)
		rc = take_model(b, (Model__FeatureBinningMeta *)meta,
		    (Model__FeatureBinningParam *)param, err);
	if (!rc)
		rc = instances_save(b->t, META, META, meta, err);
	if (!rc)
		rc = instances_save(b->t, PARAM, PARAM, param, err);
	if (meta)
		protobuf_c_message_free_unpacked(meta, NULL);
	if (param)
		protobuf_c_message_free_unpacked(param, NULL);
	return rc;
}
