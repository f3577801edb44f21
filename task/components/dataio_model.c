/*
 * DataIO's two model buffers. protobuf-c holds maps as arrays of entries;
 * those built here borrow their texts from the struct.
 */
#include "lib/base/mem.h"
#include "lib/model/model.h"
#include "task/components/dataio.h"

#include "data_io.pb-c.h"

#include <stdlib.h>
#include <string.h>

/* ---- packing ---- */

typedef Model__ImputerParam__MissingReplaceValueEntry missing_text;
typedef Model__ImputerParam__MissingValueRatioEntry missing_ratio;
typedef Model__OutlierParam__OutlierReplaceValueEntry outlier_text;
typedef Model__OutlierParam__OutlierValueRatioEntry outlier_ratio;

/* An array of n pointers into an array of n entries, in one block. */
static void *
entries_new(size_t n, size_t size)
{
	char **block = xcalloc(n ? n : 1, sizeof(char *) + size);
	char *first = (char *)(block + n);

	for (size_t i = 0; i < n; i++)
		block[i] = first + i * size;
	return block;
}

static void
fill_missing(Model__ImputerParam *p, const struct dataio *d)
{
	const struct dataio_fill *f = &d->missing;

	p->n_missing_replace_value = p->n_missing_value_ratio = f->n_columns;
	p->missing_replace_value =
	    entries_new(f->n_columns, sizeof(missing_text));
	p->missing_value_ratio =
	    entries_new(f->n_columns, sizeof(missing_ratio));
	for (size_t i = 0; i < f->n_columns; i++) {
		missing_text *t = p->missing_replace_value[i];
		missing_ratio *r = p->missing_value_ratio[i];

		model__imputer_param__missing_replace_value_entry__init(t);
		model__imputer_param__missing_value_ratio_entry__init(r);
		t->key = r->key = d->schema.header[i];
		t->value = f->replacement[i];
		r->value = f->ratio[i];
	}
}

static void
fill_outlier(Model__OutlierParam *p, const struct dataio *d)
{
	const struct dataio_fill *f = &d->outlier;

	p->n_outlier_replace_value = p->n_outlier_value_ratio = f->n_columns;
	p->outlier_replace_value =
	    entries_new(f->n_columns, sizeof(outlier_text));
	p->outlier_value_ratio =
	    entries_new(f->n_columns, sizeof(outlier_ratio));
	for (size_t i = 0; i < f->n_columns; i++) {
		outlier_text *t = p->outlier_replace_value[i];
		outlier_ratio *r = p->outlier_value_ratio[i];

		model__outlier_param__outlier_replace_value_entry__init(t);
		model__outlier_param__outlier_value_ratio_entry__init(r);
		t->key = r->key = d->schema.header[i];
		t->value = f->replacement[i];
		r->value = f->ratio[i];
	}
}

static void
pack_param(const struct dataio *d, struct buf *out)
{
	Model__DataIOParam p = MODEL__DATA_IOPARAM__INIT;
	Model__ImputerParam missing = MODEL__IMPUTER_PARAM__INIT;
	Model__OutlierParam outlier = MODEL__OUTLIER_PARAM__INIT;

	p.header = d->schema.header;
	p.n_header = d->schema.n_header;
	p.sid_name = d->schema.sid_name;
	p.label_name = d->schema.label_name;
	fill_missing(&missing, d);
	fill_outlier(&outlier, d);
	p.imputer_param = &missing;
	p.outlier_param = &outlier;
	model_pack(&p.base, out);
	free(missing.missing_replace_value);
	free(missing.missing_value_ratio);
	free(outlier.outlier_replace_value);
	free(outlier.outlier_value_ratio);
}

static void
pack_exclusive(Model__DataIOMeta *m, const struct dataio *d)
{
	size_t n = d->exclusive ? (size_t)cJSON_GetArraySize(d->exclusive) : 0;
	size_t i = 0;
	const cJSON *it;

	m->exclusive_data_type =
	    entries_new(n, sizeof(Model__DataIOMeta__ExclusiveDataTypeEntry));
	cJSON_ArrayForEach(it, d->exclusive)
	{
		Model__DataIOMeta__ExclusiveDataTypeEntry *e =
		    m->exclusive_data_type[i];

		if (!cJSON_IsString(it))
			continue;
		model__data_iometa__exclusive_data_type_entry__init(e);
		e->key = it->string;
		e->value = it->valuestring;
		i++;
	}
	m->n_exclusive_data_type = i;
}

static void
pack_meta(const struct dataio *d, struct buf *out)
{
	Model__DataIOMeta m = MODEL__DATA_IOMETA__INIT;
	Model__ImputerMeta missing = MODEL__IMPUTER_META__INIT;
	Model__OutlierMeta outlier = MODEL__OUTLIER_META__INIT;

	m.input_format = (char *)d->format->name;
	m.delimitor = d->delimiter;
	m.data_type = d->data_type;
	m.tag_with_value = d->tag_with_value;
	m.tag_value_delimitor = d->tag_value_delimiter;
	m.with_label = d->with_label;
	m.label_name = d->label_name;
	m.label_type = d->label_type;
	m.output_format = d->output_format;
	m.need_run = true;
	missing.is_imputer = d->missing.is_on;
	missing.strategy = d->missing.strategy;
	missing.missing_value = d->missing.texts;
	missing.n_missing_value = d->missing.n_texts;
	outlier.is_outlier = d->outlier.is_on;
	outlier.strategy = d->outlier.strategy;
	outlier.outlier_value = d->outlier.texts;
	outlier.n_outlier_value = d->outlier.n_texts;
	m.imputer_meta = &missing;
	m.outlier_meta = &outlier;
	pack_exclusive(&m, d);
	model_pack(&m.base, out);
	free(m.exclusive_data_type);
}

void
dataio_pack(const struct dataio *d, struct buf *meta, struct buf *param)
{
	pack_meta(d, meta);
	pack_param(d, param);
}

/* ---- unpacking ---- */

static void
take_texts(struct dataio_fill *f, char *const *texts, size_t n)
{
	f->texts = xcalloc(n, sizeof(*f->texts));
	for (size_t i = 0; i < n; i++)
		f->texts[f->n_texts++] = xstrdup(texts[i]);
}

static enum err
take_meta(struct dataio *d, const Model__DataIOMeta *m, struct buf *err)
{
	d->format = dataio_format_find(m->input_format);
	if (!d->format)
		return err_set(err, ERR_INVALID,
		    "the model's input format is '%.40s', which is unknown",
		    m->input_format);
	d->delimiter = xstrdup(m->delimitor);
	d->data_type = xstrdup(m->data_type);
	d->label_name = xstrdup(m->label_name);
	d->label_type = xstrdup(m->label_type);
	d->output_format = xstrdup(m->output_format);
	d->tag_value_delimiter = xstrdup(m->tag_value_delimitor);
	d->tag_with_value = m->tag_with_value;
	d->with_label = m->with_label;
	d->schema.kind =
	    strcmp(m->output_format, "sparse") ? TABLE_DENSE : TABLE_SPARSE;
	d->exclusive = cJSON_CreateObject();
	for (size_t i = 0; i < m->n_exclusive_data_type; i++)
		json_add_str(d->exclusive, m->exclusive_data_type[i]->key,
		    m->exclusive_data_type[i]->value);
	if (m->imputer_meta) {
		d->missing.is_on = m->imputer_meta->is_imputer;
		d->missing.strategy = xstrdup(m->imputer_meta->strategy);
		take_texts(&d->missing, m->imputer_meta->missing_value,
		    m->imputer_meta->n_missing_value);
	}
	if (m->outlier_meta) {
		d->outlier.is_on = m->outlier_meta->is_outlier;
		d->outlier.strategy = xstrdup(m->outlier_meta->strategy);
		take_texts(&d->outlier, m->outlier_meta->outlier_value,
		    m->outlier_meta->n_outlier_value);
	}
	return ERR_OK;
}

/* Entries of both maps have this shape: base, key, value. */
struct text_entry {
	ProtobufCMessage base;
	char *key;
	char *value;
};
struct ratio_entry {
	ProtobufCMessage base;
	char *key;
	double value;
};
_Static_assert(sizeof(struct text_entry) == sizeof(missing_text) &&
		   sizeof(struct text_entry) == sizeof(outlier_text),
    "map entries are base, key, value");
_Static_assert(sizeof(struct ratio_entry) == sizeof(missing_ratio) &&
		   sizeof(struct ratio_entry) == sizeof(outlier_ratio),
    "map entries are base, key, value");

static int
compare_entries(const void *a, const void *b)
{
	const struct text_entry *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static const void *
find_entry(void *list, size_t n, const char *key)
{
	struct text_entry wanted = {.key = (char *)key}, *p = &wanted;
	struct text_entry **hit;

	if (!n)
		return NULL;
	hit = bsearch(&p, list, n, sizeof(void *), compare_entries);
	return hit ? *hit : NULL;
}

struct maps {
	void *texts, *ratios;
	size_t n_texts, n_ratios;
};

static enum err
take_replacements(const struct dataio *d, struct dataio_fill *f,
    const struct maps *maps, struct buf *err)
{
	if (!f->is_on)
		return ERR_OK;
	f->n_columns = d->schema.n_header;
	f->replacement = xcalloc(f->n_columns, sizeof(*f->replacement));
	f->ratio = xcalloc(f->n_columns, sizeof(*f->ratio));
	qsort(maps->texts, maps->n_texts, sizeof(void *), compare_entries);
	qsort(maps->ratios, maps->n_ratios, sizeof(void *), compare_entries);
	for (size_t i = 0; i < f->n_columns; i++) {
		const char *name = d->schema.header[i];
		const struct text_entry *t =
		    find_entry(maps->texts, maps->n_texts, name);
		const struct ratio_entry *r =
		    find_entry(maps->ratios, maps->n_ratios, name);

		if (!t)
			return err_set(err, ERR_INVALID,
			    "the model has no replacement for column '%s'",
			    name);
		f->replacement[i] = xstrdup(t->value);
		f->ratio[i] = r ? r->value : 0;
	}
	return ERR_OK;
}

static enum err
take_param(struct dataio *d, const Model__DataIOParam *p, struct buf *err)
{
	const Model__ImputerParam *m = p->imputer_param;
	const Model__OutlierParam *o = p->outlier_param;
	struct maps missing = {0}, outlier = {0};
	enum err rc;

	d->schema.sid_name = xstrdup(p->sid_name);
	d->schema.label_name = xstrdup(p->label_name);
	for (size_t i = 0; i < p->n_header; i++)
		table_schema_add(&d->schema, p->header[i]);
	if (m)
		missing = (struct maps){m->missing_replace_value,
		    m->missing_value_ratio, m->n_missing_replace_value,
		    m->n_missing_value_ratio};
	if (o)
		outlier = (struct maps){o->outlier_replace_value,
		    o->outlier_value_ratio, o->n_outlier_replace_value,
		    o->n_outlier_value_ratio};
	rc = take_replacements(d, &d->missing, &missing, err);
	if (!rc)
		rc = take_replacements(d, &d->outlier, &outlier, err);
	return rc;
}

enum err
dataio_unpack(struct dataio *d, const struct buf *meta, const struct buf *param,
    struct buf *err)
{
	ProtobufCMessage *m = NULL, *p = NULL;
	enum err rc;

	memset(d, 0, sizeof(*d));
	rc = model_unpack(
	    &model__data_iometa__descriptor, meta->ptr, meta->len, &m, err);
	if (!rc)
		rc = model_unpack(&model__data_ioparam__descriptor, param->ptr,
		    param->len, &p, err);
	if (!rc)
		rc = take_meta(d, (Model__DataIOMeta *)m, err);
	if (!rc)
		rc = take_param(d, (Model__DataIOParam *)p, err);
	if (!rc)
		rc = dataio_learn_types(d, err);
	if (m)
		protobuf_c_message_free_unpacked(m, NULL);
	if (p)
		protobuf_c_message_free_unpacked(p, NULL);
	return rc;
}
