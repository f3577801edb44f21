/* Dense input: every row has every column, in the order of the header. */
#include "lib/base/mem.h"
#include "task/components/dataio.h"

#include <stdlib.h>
#include <string.h>

#define NO_FIELD SIZE_MAX

/*
 * The uploaded header by the configured delimiter. The upload cuts at commas
 * only, so another delimiter splits what stands between them anew.
 */
static void
split_header(const struct table_schema *in, const char *delimiter,
    struct table_schema *out)
{
	struct buf joined = BUF_INIT;
	char *at, *name;

	table_schema_init(out, TABLE_RAW);
	for (size_t i = 0; i < in->n_header; i++)
		buf_addf(&joined, "%s%s", i ? "," : "", in->header[i]);
	at = in->n_header ? joined.ptr : NULL;
	while ((name = dataio_cut(&at, delimiter)))
		table_schema_add(out, name);
	buf_release(&joined);
}

static size_t
find_label(const struct dataio *d, const struct table_schema *header)
{
	for (size_t i = 0; d->with_label && i < header->n_header; i++)
		if (!strcmp(header->header[i], d->label_name))
			return i;
	return NO_FIELD;
}

static enum err
check_header(const struct table_schema *in, struct buf *err)
{
	if (in->sid_name)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "dense input-format should have header schema: upload the table "
	    "with head 1");
}

/* An upload sees to this, but with commas alone. */
static enum err
check_names(const struct table_schema *header, struct buf *err)
{
	const char *twice = table_schema_twice(header);

	return twice ? err_set(err, ERR_INVALID,
			   "the header names the column '%s' twice", twice)
		     : ERR_OK;
}

static enum err
learn(struct dataio *d, struct table_reader *in, struct buf *err)
{
	const struct table_schema *raw = table_reader_schema(in);
	struct table_schema header;
	size_t label;
	enum err rc = check_header(raw, err);

	if (rc)
		return rc;
	split_header(raw, d->delimiter, &header);
	rc = check_names(&header, err);
	label = find_label(d, &header);
	if (!rc && d->with_label && label == NO_FIELD)
		rc = err_set(err, ERR_INVALID,
		    "the table has no column '%s' for the label; set "
		    "label_name, or with_label to false",
		    d->label_name);
	for (size_t i = 0; !rc && i < header.n_header; i++)
		if (i != label)
			table_schema_add(&d->schema, header.header[i]);
	if (!rc) {
		d->schema.sid_name = xstrdup(raw->sid_name);
		d->schema.label_name = xstrdup(d->label_name);
	}
	table_schema_release(&header);
	return rc;
}

static enum err
compare_columns(const struct dataio *d, const struct table_schema *header,
    size_t label, struct buf *err)
{
	size_t n = header->n_header - (label != NO_FIELD), k = 0;

	if (n != d->schema.n_header)
		return err_set(err, ERR_INVALID,
		    "input data's schema for fit and transform should be "
		    "same: %zu columns are here, the model has %zu",
		    n, d->schema.n_header);
	for (size_t i = 0; i < header->n_header; i++) {
		if (i == label)
			continue;
		if (strcmp(header->header[i], d->schema.header[k]))
			return err_set(err, ERR_INVALID,
			    "input data's schema for fit and transform should "
			    "be same: column '%s' stands where the model has "
			    "'%s'",
			    header->header[i], d->schema.header[k]);
		k++;
	}
	return ERR_OK;
}

static enum err
begin(struct dataio *d, struct dataio_cells *c, const struct table_schema *in,
    struct buf *err)
{
	struct table_schema header;
	enum err rc = check_header(in, err);

	if (rc)
		return rc;
	split_header(in, d->delimiter, &header);
	c->label_field = find_label(d, &header);
	c->has_label = c->label_field != NO_FIELD;
	c->n_fields = header.n_header;
	rc = compare_columns(d, &header, c->label_field, err);
	dataio_cells_resize(c, d->schema.n_header);
	table_schema_release(&header);
	return rc;
}

static enum err
parse(struct dataio *d, struct dataio_cells *c, struct buf *err)
{
	char *at = c->n_fields || c->text.len ? c->text.ptr : NULL, *field;
	size_t i = 0, k = 0;

	while ((field = dataio_cut(&at, d->delimiter))) {
		if (i == c->label_field)
			c->label = field;
		else if (k < c->n)
			c->cell[k++] = field;
		i++;
	}
	if (i == c->n_fields)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "row '%.*s' has %zu fields behind its id, the header has %zu",
	    (int)c->id_len, c->id, i, c->n_fields);
}

const struct dataio_format dataio_dense = {"dense", learn, begin, parse};
