/*
 * OneHotEncoder: a column of integers becomes one column of 0 and 1 for each
 * of its values, in its place. A value that the fit did not see has 0 in all
 * of them.
 */
#include "columns.pb-c.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "task/components/instances.h"

#include <math.h>

#define VALUES_MAX 1024

struct one_hot_column {
	bool is_encoded;
	int64_t *values; /* rising after a fit; as stored in a model */
	size_t n;
};

struct one_hot {
	struct table_schema in, out;
	struct one_hot_column *columns; /* by column of the input */
};

static void
release(struct one_hot *o)
{
	for (size_t i = 0; o->columns && i < o->in.n_header; i++)
		free(o->columns[i].values);
	free(o->columns);
	table_schema_release(&o->in);
	table_schema_release(&o->out);
}

static bool
is_integer(double v)
{
	return v == floor(v) && fabs(v) <= NUM_EXACT_MAX;
}

/* ---- fit ---- */

static enum err
meet(struct one_hot *o, size_t i, double value, const struct table_row *row,
    struct buf *err)
{
	struct one_hot_column *c = &o->columns[i];
	int64_t v;
	size_t at;

	if (!is_integer(value))
		return err_set(err, ERR_INVALID,
		    "Onehot input data support integer only: row '%.*s' has "
		    "%.15g in column '%s'",
		    (int)row->id_len, row->id, value, o->in.header[i]);
	v = (int64_t)value;
	at = instances_place(c->values, c->n, v);
	if (at < c->n && c->values[at] == v)
		return ERR_OK;
	if (c->n == VALUES_MAX)
		return err_set(err, ERR_INVALID,
		    "column '%s' has more than %d distinct values; leave it "
		    "out of transform_col_indexes, or bin it before",
		    o->in.header[i], VALUES_MAX);
	if (!c->values)
		c->values = xcalloc(VALUES_MAX, sizeof(*c->values));
	memmove(c->values + at + 1, c->values + at,
	    (c->n - at) * sizeof(*c->values));
	c->values[at] = v;
	c->n++;
	return ERR_OK;
}

static enum err
learn(struct one_hot *o, struct table_reader *in, struct buf *err)
{
	double *values = xcalloc(o->in.n_header, sizeof(*values));
	struct table_row row;
	enum err rc = ERR_OK;

	while (!rc && !(rc = table_reader_next(in, &row, err))) {
		instances_expand(&o->in, &row, values);
		for (size_t i = 0; !rc && i < o->in.n_header; i++)
			if (o->columns[i].is_encoded)
				rc = meet(o, i, values[i], &row, err);
	}
	free(values);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static enum err
configure(struct one_hot *o, const cJSON *param, struct buf *err)
{
	struct instances_choice choice = {
	    param, "transform_col_indexes", "transform_col_names"};
	bool *picked = NULL;
	enum err rc = instances_pick(&o->in, &choice, &picked, err);

	for (size_t i = 0; !rc && i < o->in.n_header; i++)
		o->columns[i].is_encoded = picked[i];
	free(picked);
	return rc;
}

/* ---- the model ---- */

typedef Model__OneHotParam__ColMapEntry entry_message;

static enum err
add_header(struct one_hot *o, const char *name, struct buf *err)
{
	if (instances_column(&o->out, name) >= 0)
		return err_set(err, ERR_INVALID,
		    "the output would have two columns '%s'", name);
	table_schema_add(&o->out, name);
	return ERR_OK;
}

/* <column>_<value> in place of an encoded column. */
static enum err
make_header(struct one_hot *o, struct buf *err)
{
	struct buf name = BUF_INIT;
	enum err rc = ERR_OK;

	table_schema_init(&o->out, o->in.kind);
	o->out.sid_name = xstrdup_null(o->in.sid_name);
	o->out.label_name = xstrdup_null(o->in.label_name);
	for (size_t i = 0; !rc && i < o->in.n_header; i++) {
		const struct one_hot_column *c = &o->columns[i];

		if (!c->is_encoded)
			rc = add_header(o, o->in.header[i], err);
		for (size_t k = 0; !rc && k < c->n; k++) {
			buf_reset(&name);
			buf_addf(&name, "%s_%lld", o->in.header[i],
			    (long long)c->values[k]);
			rc = add_header(o, name.ptr, err);
		}
	}
	buf_release(&name);
	return rc;
}

static enum err
save_meta(struct task *t, const struct one_hot *o, struct buf *err)
{
	Model__OneHotMeta m = MODEL__ONE_HOT_META__INIT;
	enum err rc;

	m.transform_col_names = xcalloc(o->in.n_header, sizeof(char *));
	for (size_t i = 0; i < o->in.n_header; i++)
		if (o->columns[i].is_encoded)
			m.transform_col_names[m.n_transform_col_names++] =
			    o->in.header[i];
	m.header = o->in.header;
	m.n_header = o->in.n_header;
	m.need_run = true;
	rc = instances_save(t, "OneHotMeta", "OneHotMeta", &m.base, err);
	free(m.transform_col_names);
	return rc;
}

/* Its new names are those that stand in the output's header from `at` on. */
static void
fill_columns(Model__ColsMap *m, const struct one_hot *o,
    const struct one_hot_column *c, size_t at)
{
	char text[24];

	model__cols_map__init(m);
	m->values = xcalloc(c->n + 1, sizeof(char *));
	m->transformed_headers = o->out.header + at;
	m->n_values = m->n_transformed_headers = c->n;
	for (size_t k = 0; k < c->n; k++) {
		snprintf(text, sizeof(text), "%lld", (long long)c->values[k]);
		m->values[k] = xstrdup(text);
	}
}

static enum err
save_param(struct task *t, const struct one_hot *o, struct buf *err)
{
	Model__OneHotParam p = MODEL__ONE_HOT_PARAM__INIT;
	size_t n = o->in.n_header, k = 0, at = 0;
	entry_message *entries = xcalloc(n, sizeof(*entries));
	Model__ColsMap *maps = xcalloc(n, sizeof(*maps));
	entry_message **list = xcalloc(n, sizeof(*list));
	enum err rc;

	for (size_t i = 0; i < n; i++) {
		const struct one_hot_column *c = &o->columns[i];

		if (c->is_encoded) {
			fill_columns(&maps[k], o, c, at);
			model__one_hot_param__col_map_entry__init(&entries[k]);
			entries[k].key = o->in.header[i];
			entries[k].value = &maps[k];
			list[k] = &entries[k];
			k++;
		}
		at += c->is_encoded ? c->n : 1;
	}
	p.col_map = list;
	p.n_col_map = k;
	p.result_header = o->out.header;
	p.n_result_header = o->out.n_header;
	rc = instances_save(t, "OneHotParam", "OneHotParam", &p.base, err);
	for (size_t i = 0; i < k; i++) {
		for (size_t v = 0; v < maps[i].n_values; v++)
			free(maps[i].values[v]);
		free(maps[i].values);
	}
	free(entries);
	free(maps);
	free(list);
	return rc;
}

static enum err
take_entry(struct one_hot *o, const entry_message *e, struct buf *err)
{
	int64_t at = instances_column(&o->in, e->key);
	struct one_hot_column *c;
	enum err rc = ERR_OK;

	if (at < 0)
		return err_set(err, ERR_INVALID,
		    "the model encodes column '%s', which the input lacks",
		    e->key);
	c = &o->columns[at];
	if (c->is_encoded || !e->value || e->value->n_values > VALUES_MAX)
		return err_set(err, ERR_INVALID,
		    "the model's values of column '%s' are damaged", e->key);
	c->is_encoded = true;
	c->values = xcalloc(e->value->n_values + 1, sizeof(*c->values));
	for (; !rc && c->n < e->value->n_values; c->n++)
		rc = num_parse_int(e->value->values[c->n],
		    "a value of the model", INT64_MIN, INT64_MAX,
		    &c->values[c->n], err);
	return rc;
}

static enum err
load(const struct task *t, struct one_hot *o, struct buf *err)
{
	ProtobufCMessage *m = NULL;
	const Model__OneHotParam *p;
	enum err rc = instances_load(t, "OneHotParam", "OneHotParam", &m, err);

	if (rc)
		return rc;
	p = (const Model__OneHotParam *)m;
	for (size_t i = 0; !rc && i < p->n_col_map; i++)
		rc = take_entry(o, p->col_map[i], err);
	protobuf_c_message_free_unpacked(m, NULL);
	return rc;
}

/* ---- transform ---- */

static enum err
change(void *arg, const struct instances_row *row, struct buf *err)
{
	const struct one_hot *o = arg;
	double *out = row->out;

	(void)err;
	for (size_t i = 0; i < o->in.n_header; i++) {
		const struct one_hot_column *c = &o->columns[i];

		if (!c->is_encoded)
			*out++ = row->values[i];
		for (size_t k = 0; k < c->n; k++)
			*out++ = row->values[i] == (double)c->values[k];
	}
	return ERR_OK;
}

enum err
one_hot_encoder_run(struct task *t, struct buf *err)
{
	bool is_fit = instances_is_fit(t);
	struct table_reader *in = NULL;
	struct one_hot o = {0};
	enum err rc = instances_open(t, &in, err);

	if (rc)
		goto out;
	table_schema_copy(&o.in, table_reader_schema(in));
	o.columns = xcalloc(o.in.n_header, sizeof(*o.columns));
	rc = is_fit ? configure(&o, t->param, err) : load(t, &o, err);
	if (!rc && is_fit)
		rc = learn(&o, in, err);
	if (!rc)
		rc = make_header(&o, err);
	if (!rc)
		rc = instances_write(t, in, &o.out, change, &o, err);
	if (!rc)
		rc = save_meta(t, &o, err);
	if (!rc)
		rc = save_param(t, &o, err);
out:
	release(&o);
	table_reader_close(&in);
	return rc;
}
