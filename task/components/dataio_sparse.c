/*
 * Sparse input (libsvm): "label fid:value fid:value ..." with the configured
 * delimiter for the spaces. Columns are the numbers from 0 to the greatest.
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "task/components/dataio.h"

#include <stdlib.h>
#include <string.h>

#define COLUMN_MAX 10000000 /* beyond it a typing error is likelier */

/* "17:0.5" into 17 and "0.5". */
static enum err
cut_item(
    const struct dataio_cells *c, char *item, int64_t *column, struct buf *err)
{
	char *colon = strchr(item, ':');

	if (colon)
		*colon = '\0';
	if (colon && !num_parse_int(item, "", 0, COLUMN_MAX, column, NULL))
		return ERR_OK;
	if (colon)
		*colon = ':';
	return err_set(err, ERR_INVALID,
	    "row '%.*s' has the item '%.64s', sparse input expects "
	    "<column>:<value> with a column 0..%d",
	    (int)c->id_len, c->id, item, COLUMN_MAX);
}

static enum err
each_item(
    struct dataio *d, struct dataio_cells *c, int64_t *max_out, struct buf *err)
{
	char *at = c->text.len ? c->text.ptr : NULL, *item;
	int64_t column = 0;
	enum err rc = ERR_OK;

	if (d->with_label)
		c->label = dataio_cut(&at, d->delimiter);
	while (!rc && (item = dataio_cut(&at, d->delimiter))) {
		if (!*item)
			continue;
		rc = cut_item(c, item, &column, err);
		if (!rc && column > *max_out)
			*max_out = column;
		if (!rc && (size_t)column < c->n)
			c->cell[column] = item + strlen(item) + 1;
		else if (!rc && c->n)
			c->unknown_tags++;
	}
	return rc;
}

static enum err
parse(struct dataio *d, struct dataio_cells *c, struct buf *err)
{
	int64_t max = -1;
	enum err rc = each_item(d, c, &max, err);

	if (!rc && d->with_label && !c->label)
		rc = err_set(err, ERR_INVALID,
		    "row '%.*s' is empty, with_label expects a label first",
		    (int)c->id_len, c->id);
	return rc;
}

static void
add_columns(struct dataio *d, int64_t max)
{
	char name[24];

	for (int64_t i = 0; i <= max; i++) {
		snprintf(name, sizeof(name), "%lld", (long long)i);
		table_schema_add(&d->schema, name);
	}
	d->schema.sid_name = xstrdup("sid");
	d->schema.label_name = xstrdup(d->label_name);
}

static enum err
learn(struct dataio *d, struct table_reader *in, struct buf *err)
{
	struct dataio_cells c;
	struct table_row row;
	int64_t max = -1;
	enum err rc;

	dataio_cells_init(&c);
	dataio_cells_resize(&c, 0);
	while (!(rc = table_reader_next(in, &row, err))) {
		buf_reset(&c.text);
		buf_add(&c.text, row.text, row.text_len);
		c.id = row.id;
		c.id_len = row.id_len;
		rc = each_item(d, &c, &max, err);
		if (rc)
			break;
	}
	dataio_cells_release(&c);
	if (rc != ERR_NOTFOUND)
		return rc;
	add_columns(d, max);
	return ERR_OK;
}

const struct dataio_format dataio_sparse = {
    "sparse", learn, dataio_begin_labelled, parse};
