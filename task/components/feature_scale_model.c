/*
 * FeatureScale's model. A bound is shown as text: "None", or the number that
 * was given; whether values are clipped when a model is applied is read back
 * from there.
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "scale.pb-c.h"
#include "task/components/feature_scale.h"

static const char none[] = "None";

/* protobuf-c's fields are not const; nothing writes to them. */
static char *
cast(const char *text)
{
	return (char *)(uintptr_t)text;
}

static char *
bound_text(bool is_given, double v)
{
	char text[32];

	if (!is_given)
		return xstrdup(none);
	num_format_plain(v, text);
	return xstrdup(text);
}

static void
free_texts(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static enum err
save_meta(struct task *t, const struct scale *s, struct buf *err)
{
	Model__ScaleMeta m = MODEL__SCALE_META__INIT;
	size_t n = s->schema.n_header, k = 0;
	enum err rc;

	m.scale_column = xcalloc(n + 1, sizeof(char *));
	m.feat_upper = xcalloc(n + 1, sizeof(char *));
	m.feat_lower = xcalloc(n + 1, sizeof(char *));
	for (size_t i = 0; i < n; i++) {
		const struct scale_column *c = &s->columns[i];

		if (!c->is_scaled)
			continue;
		m.scale_column[k] = s->schema.header[i];
		m.feat_upper[k] = bound_text(c->has_upper, c->bound_upper);
		m.feat_lower[k++] = bound_text(c->has_lower, c->bound_lower);
	}
	m.n_scale_column = m.n_feat_upper = m.n_feat_lower = k;
	m.method = cast(scale_method_name(s->method));
	if (s->method == SCALE_MIN_MAX)
		m.mode = cast(s->is_cap ? "cap" : "normal");
	m.area = cast("null");
	m.with_mean = s->with_mean;
	m.with_std = s->with_std;
	m.need_run = true;
	rc = instances_save(t, "ScaleMeta", "ScaleMeta", &m.base, err);
	free(m.scale_column);
	free_texts(m.feat_upper, k);
	free_texts(m.feat_lower, k);
	return rc;
}

typedef Model__ScaleParam__ColScaleParamEntry entry_message;

static enum err
save_param(struct task *t, const struct scale *s, struct buf *err)
{
	Model__ScaleParam p = MODEL__SCALE_PARAM__INIT;
	size_t n = s->schema.n_header, k = 0;
	entry_message *entries = xcalloc(n + 1, sizeof(*entries));
	Model__ColumnScaleParam *values = xcalloc(n + 1, sizeof(*values));
	entry_message **list = xcalloc(n + 1, sizeof(*list));
	enum err rc;

	for (size_t i = 0; i < n; i++) {
		const struct scale_column *c = &s->columns[i];

		if (!c->is_scaled)
			continue;
		model__column_scale_param__init(&values[k]);
		values[k].column_upper = c->upper;
		values[k].column_lower = c->lower;
		if (s->method == SCALE_STANDARD) {
			values[k].mean = c->mean;
			values[k].std = c->std;
		}
		model__scale_param__col_scale_param_entry__init(&entries[k]);
		entries[k].key = s->schema.header[i];
		entries[k].value = &values[k];
		list[k] = &entries[k];
		k++;
	}
	p.col_scale_param = list;
	p.n_col_scale_param = k;
	p.header = s->schema.header;
	p.n_header = n;
	rc = instances_save(t, "ScaleParam", "ScaleParam", &p.base, err);
	free(entries);
	free(values);
	free(list);
	return rc;
}

enum err
scale_save(struct task *t, const struct scale *s, struct buf *err)
{
	enum err rc = save_meta(t, s, err);

	return rc ? rc : save_param(t, s, err);
}

static enum err
take_bounds(struct scale *s, const Model__ScaleMeta *m, struct buf *err)
{
	enum err rc = scale_method_parse(
	    m->method[0] ? m->method : NULL, &s->method, err);

	if (rc)
		return rc;
	s->is_cap = !strcmp(m->mode, "cap");
	s->with_mean = m->with_mean;
	s->with_std = m->with_std;
	if (m->n_feat_upper != m->n_scale_column ||
	    m->n_feat_lower != m->n_scale_column)
		return err_set(err, ERR_INVALID,
		    "the model has bounds for %zu and %zu of %zu columns",
		    m->n_feat_upper, m->n_feat_lower, m->n_scale_column);
	for (size_t i = 0; i < m->n_scale_column; i++) {
		int64_t at = instances_column(&s->schema, m->scale_column[i]);
		struct scale_column *c;

		if (at < 0)
			return err_set(err, ERR_INVALID,
			    "the model scales column '%s', which the input "
			    "lacks",
			    m->scale_column[i]);
		c = &s->columns[at];
		c->has_upper =
		    num_parse_double(m->feat_upper[i], &c->bound_upper);
		c->has_lower =
		    num_parse_double(m->feat_lower[i], &c->bound_lower);
	}
	return ERR_OK;
}

static enum err
take_columns(struct scale *s, const Model__ScaleParam *p, struct buf *err)
{
	for (size_t i = 0; i < p->n_col_scale_param; i++) {
		const entry_message *e = p->col_scale_param[i];
		int64_t at = instances_column(&s->schema, e->key);
		struct scale_column *c;

		if (at < 0 || !e->value)
			return err_set(err, ERR_INVALID,
			    "the model scales column '%s', which the input "
			    "lacks",
			    e->key);
		c = &s->columns[at];
		c->is_scaled = true;
		c->upper = e->value->column_upper;
		c->lower = e->value->column_lower;
		c->mean = e->value->mean;
		c->std = e->value->std;
		if (s->method == SCALE_STANDARD && c->std == 0)
			return err_set(err, ERR_INVALID,
			    "the model's standard deviation of column '%s' "
			    "is 0",
			    e->key);
	}
	return ERR_OK;
}

enum err
scale_load(const struct task *t, struct scale *s, struct buf *err)
{
	ProtobufCMessage *m = NULL, *p = NULL;
	enum err rc = instances_load(t, "ScaleMeta", "ScaleMeta", &m, err);

	if (!rc)
		rc = instances_load(t, "ScaleParam", "ScaleParam", &p, err);
	if (!rc)
		rc = take_bounds(s, (Model__ScaleMeta *)m, err);
	if (!rc)
		rc = take_columns(s, (Model__ScaleParam *)p, err);
	if (m)
		protobuf_c_message_free_unpacked(m, NULL);
	if (p)
		protobuf_c_message_free_unpacked(p, NULL);
	return rc;
}
