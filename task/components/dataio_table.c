/* The passes over the table: learning, then writing the numbers. */
#include "lib/base/mem.h"
#include "task/components/dataio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_EVERY 10000
#define FLOAT_ZERO     1e-6 /* what sparse output leaves out */

struct writing {
	struct dataio *d;
	struct dataio_pass *pass;
	struct dataio_cells cells;
	double *values;
	uint32_t *columns;
	int64_t *missing, *outlier; /* replaced, per column */
};

void
dataio_release(struct dataio *d)
{
	free(d->delimiter);
	free(d->data_type);
	free(d->label_name);
	free(d->label_type);
	free(d->output_format);
	free(d->tag_value_delimiter);
	cJSON_Delete(d->exclusive);
	dataio_fill_release(&d->missing);
	dataio_fill_release(&d->outlier);
	table_schema_release(&d->schema);
	free(d->types);
	memset(d, 0, sizeof(*d));
}

const struct dataio_format *
dataio_format_find(const char *name)
{
	static const struct dataio_format *const known[] = {
	    &dataio_dense, &dataio_sparse, &dataio_tag};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i]->name, name))
			return known[i];
	return NULL;
}

enum err
dataio_learn(struct dataio *d, struct table_reader *in, struct buf *err)
{
	enum err rc;

	if (!table_reader_count(in))
		return err_set(err, ERR_INVALID,
		    "Count of data_instance is 0, the input table has no rows");
	table_reader_rewind(in);
	rc = d->format->learn(d, in, err);
	if (!rc)
		rc = dataio_learn_types(d, err);
	if (!rc)
		rc = dataio_learn_fill(d, in, err);
	return rc;
}

static enum err
put_row(struct writing *w, struct buf *err)
{
	const struct dataio_cells *c = &w->cells;
	bool is_sparse = w->d->schema.kind == TABLE_SPARSE;
	struct table_row row = {.id = c->id,
	    .id_len = c->id_len,
	    .values = w->values,
	    .columns = w->columns};
	enum err rc = dataio_label(w->d, c, &row.label, err);

	for (size_t i = 0; !rc && i < c->n; i++) {
		double v = 0;

		if (c->cell[i])
			rc = dataio_number(w->d, c, i, &v, err);
		if (is_sparse && fabs(v) < FLOAT_ZERO)
			continue;
		w->columns[row.n] = (uint32_t)i;
		w->values[row.n++] = v;
	}
	return rc ? rc : table_writer_add(w->pass->out, &row, err);
}

static enum err
put_rows(struct writing *w, struct buf *err)
{
	struct table_reader *in = w->pass->in;
	struct table_row row;
	int64_t n = 0;
	enum err rc;

	table_reader_rewind(in);
	while (!(rc = table_reader_next(in, &row, err))) {
		rc = dataio_cells_read(w->d, &w->cells, &row, err);
		if (rc)
			break;
		dataio_fill_apply(&w->d->missing, &w->cells, w->missing);
		dataio_fill_apply(&w->d->outlier, &w->cells, w->outlier);
		rc = put_row(w, err);
		if (rc)
			break;
		if (++n % PROGRESS_EVERY == 0 && w->pass->progress)
			w->pass->progress(
			    w->pass->arg, n, table_reader_count(in));
	}
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static void
set_ratios(struct dataio_fill *f, const int64_t *counts, int64_t rows)
{
	for (size_t i = 0; f->is_on && i < f->n_columns; i++)
		f->ratio[i] = (double)counts[i] / (double)rows;
}

enum err
dataio_transform(struct dataio *d, struct dataio_pass *pass, struct buf *err)
{
	struct writing w = {.d = d, .pass = pass};
	int64_t rows = table_reader_count(pass->in);
	size_t n = d->schema.n_header;
	enum err rc;

	dataio_cells_init(&w.cells);
	rc = d->format->begin(d, &w.cells, table_reader_schema(pass->in), err);
	w.values = xcalloc(n, sizeof(*w.values));
	w.columns = xcalloc(n, sizeof(*w.columns));
	w.missing = xcalloc(n, sizeof(*w.missing));
	w.outlier = xcalloc(n, sizeof(*w.outlier));
	if (!rc)
		rc = put_rows(&w, err);
	if (!rc && pass->count_ratios) {
		set_ratios(&d->missing, w.missing, rows);
		set_ratios(&d->outlier, w.outlier, rows);
	}
	pass->unknown_tags = w.cells.unknown_tags;
	free(w.values);
	free(w.columns);
	free(w.missing);
	free(w.outlier);
	dataio_cells_release(&w.cells);
	return rc;
}
