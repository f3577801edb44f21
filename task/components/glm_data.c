/*
 * A party's rows in memory, and its columns as integers. A column's scale is
 * the largest at which its values keep within GLM_COLUMN_BITS, so that small
 * and large columns are equally exact.
 */
#include "lib/base/mem.h"
#include "lib/crypto/fixed.h"
#include "task/components/glm_data.h"

#include <math.h>

static enum err
add_row(struct glm_data *data, const struct table_row *row, size_t *room,
    struct buf *err)
{
	size_t i = data->n, at;
	bool sparse = data->schema.kind == TABLE_SPARSE;

	at = sparse ? data->start[i] : i * data->d;
	if (at + row->n > *room) {
		*room = 2 * (at + row->n);
		data->values =
		    xreallocarray(data->values, *room, sizeof(double));
		if (sparse)
			data->columns = xreallocarray(
			    data->columns, *room, sizeof(uint32_t));
	}
	for (size_t k = 0; k < row->n; k++) {
		if (!isfinite(row->values[k]))
			return err_set(err, ERR_INVALID,
			    "row \"%.*s\" has no finite value in column "
			    "\"%s\"; set missing_fill in DataIO",
			    (int)row->id_len, row->id,
			    data->schema.header[sparse ? row->columns[k] : k]);
		data->values[at + k] = row->values[k];
		if (sparse)
			data->columns[at + k] = row->columns[k];
	}
	if (sparse)
		data->start[i + 1] = at + row->n;
	data->ids[i] = xstrndup(row->id, row->id_len);
	data->labels[i] = row->label;
	if (row->label.type == TABLE_LABEL_TEXT)
		data->labels[i].s = xstrdup(row->label.s);
	data->n++;
	return ERR_OK;
}

static enum err
read_rows(struct table_reader *r, struct glm_data *data, struct buf *err)
{
	size_t n = (size_t)table_reader_count(r);
	size_t room = data->schema.kind == TABLE_DENSE ? n * data->d : n;
	struct table_row row;
	enum err rc;

	data->ids = xcalloc(n + 1, sizeof(*data->ids));
	data->labels = xcalloc(n + 1, sizeof(*data->labels));
	data->start = xcalloc(n + 2, sizeof(*data->start));
	data->values = xcalloc(room + 1, sizeof(double));
	if (data->schema.kind == TABLE_SPARSE)
		data->columns = xcalloc(room + 1, sizeof(uint32_t));
	while (data->n < n) {
		rc = table_reader_next(r, &row, err);
		if (!rc)
			rc = add_row(data, &row, &room, err);
		if (rc)
			return rc;
	}
	return ERR_OK;
}

enum err
glm_data_read(
    const struct task_data *input, struct glm_data *out, struct buf *err)
{
	struct table_reader *r = NULL;
	enum err rc = table_reader_open(input->path, &r, err);

	if (rc)
		return rc;
	table_schema_copy(&out->schema, table_reader_schema(r));
	out->d = out->schema.n_header;
	out->partitions = input->partitions;
	rc = ERR_INVALID;
	if (out->schema.kind != TABLE_DENSE && out->schema.kind != TABLE_SPARSE)
		err_set(err, rc,
		    "the input is no instance table; put DataIO before");
	else if (table_reader_count(r) == 0)
		err_set(err, rc,
		    "Count of data_instance is 0: the input table is empty");
	else if (out->d == 0)
		err_set(err, rc,
		    "Number of features of DTable is 0: the input has no "
		    "columns");
	else
		rc = read_rows(r, out, err);
	table_reader_close(&r);
	return rc;
}

void
glm_data_release(struct glm_data *data)
{
	for (size_t i = 0; i < data->n; i++) {
		free(data->ids[i]);
		if (data->labels[i].type == TABLE_LABEL_TEXT)
			free((char *)(uintptr_t)data->labels[i].s);
	}
	free(data->ids);
	free(data->labels);
	free(data->values);
	free(data->columns);
	free(data->start);
	free(data->offset);
	table_schema_release(&data->schema);
}

/* Copies what row `from` of `data` holds to the end of `out`. */
static void
copy_row(const struct glm_data *data, size_t from, struct glm_data *out)
{
	bool sparse = data->schema.kind == TABLE_SPARSE;
	size_t i = out->n++;
	size_t at = sparse ? data->start[from] : from * data->d;
	size_t to = sparse ? out->start[i] : i * data->d;
	size_t n = sparse ? data->start[from + 1] - at : data->d;

	memcpy(out->values + to, data->values + at, n * sizeof(double));
	if (sparse) {
		memcpy(out->columns + to, data->columns + at,
		    n * sizeof(uint32_t));
		out->start[i + 1] = to + n;
	}
	if (out->offset)
		out->offset[i] = data->offset[from];
	out->ids[i] = xstrdup(data->ids[from]);
	out->labels[i] = data->labels[from];
	if (out->labels[i].type == TABLE_LABEL_TEXT)
		out->labels[i].s = xstrdup(out->labels[i].s);
}

void
glm_data_take(const struct glm_data *data, const size_t *rows, size_t n,
    struct glm_data *out)
{
	bool sparse = data->schema.kind == TABLE_SPARSE;
	size_t room = sparse ? 0 : n * data->d;

	*out = (struct glm_data){.d = data->d, .partitions = data->partitions};
	table_schema_copy(&out->schema, &data->schema);
	for (size_t i = 0; sparse && i < n; i++)
		room += data->start[rows[i] + 1] - data->start[rows[i]];
	out->ids = xcalloc(n + 1, sizeof(*out->ids));
	out->labels = xcalloc(n + 1, sizeof(*out->labels));
	out->start = xcalloc(n + 2, sizeof(*out->start));
	out->values = xcalloc(room + 1, sizeof(double));
	if (sparse)
		out->columns = xcalloc(room + 1, sizeof(uint32_t));
	if (data->offset)
		out->offset = xcalloc(n + 1, sizeof(double));
	for (size_t i = 0; i < n; i++)
		copy_row(data, rows[i], out);
}

/* Row i's values in the columns that have a place. */
static void
pick_values(const struct glm_data *data, size_t i, const size_t *place,
    struct glm_data *out)
{
	size_t to;

	if (!data->columns) {
		for (size_t j = 0; j < data->d; j++)
			if (place[j] < out->d)
				out->values[i * out->d + place[j]] =
				    data->values[i * data->d + j];
		return;
	}
	to = out->start[i];
	for (size_t k = data->start[i]; k < data->start[i + 1]; k++) {
		if (place[data->columns[k]] == out->d)
			continue;
		out->values[to] = data->values[k];
		out->columns[to++] = (uint32_t)place[data->columns[k]];
	}
	out->start[i + 1] = to;
}

void
glm_data_pick(const struct glm_data *data, const size_t *columns, size_t n,
    struct glm_data *out)
{
	size_t *rows = xcalloc(data->n + 1, sizeof(*rows));
	size_t *place = xcalloc(data->d + 1, sizeof(*place));

	for (size_t i = 0; i < data->n; i++)
		rows[i] = i;
	/* values of the right size, to be written over */
	glm_data_take(data, rows, data->n, out);
	out->d = n;
	table_schema_release(&out->schema);
	table_schema_init(&out->schema, data->schema.kind);
	out->schema.sid_name = xstrdup_null(data->schema.sid_name);
	out->schema.label_name = xstrdup_null(data->schema.label_name);
	for (size_t j = 0; j < data->d; j++)
		place[j] = n;
	for (size_t j = 0; j < n; j++) {
		place[columns[j]] = j;
		table_schema_add(&out->schema, data->schema.header[columns[j]]);
	}
	for (size_t i = 0; i < data->n; i++)
		pick_values(data, i, place, out);
	free(rows);
	free(place);
}

/* Row i without column `gone`, whose value it had; `to` is where it goes. */
static double
drop_value(struct glm_data *data, size_t i, size_t gone, size_t *to)
{
	bool sparse = data->columns != NULL;
	size_t at = sparse ? data->start[i] : i * data->d;
	size_t n = sparse ? data->start[i + 1] - at : data->d;
	size_t column;
	double value = 0;

	if (sparse)
		data->start[i] = *to;
	for (size_t k = at; k < at + n; k++) {
		column = sparse ? data->columns[k] : k - at;
		if (column == gone) {
			value = data->values[k];
			continue;
		}
		data->values[*to] = data->values[k];
		if (sparse)
			data->columns[*to] =
			    (uint32_t)(column - (column > gone));
		(*to)++;
	}
	return value;
}

static void
drop_header(struct table_schema *s, size_t gone)
{
	free(s->header[gone]);
	s->n_header--;
	memmove(s->header + gone, s->header + gone + 1,
	    (s->n_header - gone) * sizeof(*s->header));
}

enum err
glm_data_expose(struct glm_data *data, const char *name, struct buf *err)
{
	size_t gone, to = 0;
	double v;

	for (gone = 0;
	     gone < data->d && strcmp(data->schema.header[gone], name) != 0;
	     gone++)
		;
	if (gone == data->d)
		return ERR_OK;
	if (data->d == 1)
		return err_set(err, ERR_INVALID,
		    "Number of features of DTable is 0: the input has no "
		    "column but the exposure");
	data->offset = xcalloc(data->n + 1, sizeof(double));
	for (size_t i = 0; i < data->n; i++) {
		v = drop_value(data, i, gone, &to);
		if (v < 0)
			return err_set(err, ERR_INVALID,
			    "row \"%s\" has the exposure %g in column "
			    "\"%s\", expected at least 0",
			    data->ids[i], v, name);
		data->offset[i] = log(v > 0 ? v : 1e-7);
	}
	if (data->columns)
		data->start[data->n] = to;
	drop_header(&data->schema, gone);
	data->d--;
	return ERR_OK;
}

void
glm_data_scores(const struct glm_data *data, const double *w, double b,
    size_t lo, size_t hi, double *u)
{
	bool sparse = data->schema.kind == TABLE_SPARSE;
	const double *v;
	size_t n;

	for (size_t i = lo; i < hi; i++) {
		v = data->values + (sparse ? data->start[i] : i * data->d);
		n = sparse ? data->start[i + 1] - data->start[i] : data->d;
		u[i - lo] = b + (data->offset ? data->offset[i] : 0);
		for (size_t k = 0; k < n; k++)
			u[i - lo] +=
			    v[k] *
			    w[sparse ? data->columns[data->start[i] + k] : k];
	}
}

/* Sorts the stored values by column: at[j] is where column j goes on. */
static void
gather(const struct glm_data *data, double **values, struct glm_column *columns)
{
	size_t j;

	for (size_t k = 0; k < data->start[data->n]; k++)
		columns[data->columns[k]].n++;
	for (j = 0; j < data->d; j++) {
		values[j] = xcalloc(columns[j].n + 1, sizeof(double));
		columns[j].rows = xcalloc(columns[j].n + 1, sizeof(uint32_t));
		columns[j].n = 0;
	}
	for (size_t i = 0; i < data->n; i++)
		for (size_t k = data->start[i]; k < data->start[i + 1]; k++) {
			j = data->columns[k];
			values[j][columns[j].n] = data->values[k];
			columns[j].rows[columns[j].n++] = (uint32_t)i;
		}
}

static void
gather_dense(
    const struct glm_data *data, double **values, struct glm_column *columns)
{
	for (size_t j = 0; j < data->d; j++) {
		columns[j].n = data->n;
		values[j] = xcalloc(data->n, sizeof(double));
		for (size_t i = 0; i < data->n; i++)
			values[j][i] = data->values[i * data->d + j];
	}
}

static enum err
encode_column(struct glm_column *c, const double *values, const char *name,
    struct buf *err)
{
	static const struct fixed_form form = {
	    GLM_COLUMN_BITS, -(int)GLM_HUGE_BITS, GLM_FACTOR_SCALE};
	struct buf what = BUF_INIT;
	enum err rc;

	buf_addf(&what, "column '%.64s'", name);
	c->x = xcalloc(c->n + 1, sizeof(*c->x));
	rc = fixed_vector(values, c->n, &form, c->x, &c->scale, what.ptr, err);
	buf_release(&what);
	return rc;
}

enum err
glm_columns_new(
    const struct glm_data *data, struct glm_column **out, struct buf *err)
{
	struct glm_column *columns = xcalloc(data->d, sizeof(*columns));
	double **values = xcalloc(data->d, sizeof(*values));
	enum err rc = ERR_OK;

	if (data->schema.kind == TABLE_SPARSE)
		gather(data, values, columns);
	else
		gather_dense(data, values, columns);
	for (size_t j = 0; j < data->d; j++) {
		if (!rc)
			rc = encode_column(&columns[j], values[j],
			    data->schema.header[j], err);
		free(values[j]);
	}
	free(values);
	*out = columns;
	return rc;
}

void
glm_columns_free(struct glm_column *columns, size_t d)
{
	for (size_t j = 0; columns && j < d; j++) {
		free(columns[j].x);
		free(columns[j].rows);
	}
	free(columns);
}
