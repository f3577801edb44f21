/* Rows are handled one at a time; memory is a few vectors of their length. */
#include "task/components/instances.h"
#include "lib/base/mem.h"

#include <math.h>

#define SPARSE_MIN    1e-6
#define PROGRESS_ROWS 4096

enum err
instances_open_table(
    const struct task *t, struct table_reader **out, struct buf *err)
{
	const struct task_data *input = task_any_input(t);

	if (!input || !input->path)
		return err_set(
		    err, ERR_INVALID, "%s has no input table", t->module);
	if (t->n_data > 1)
		return err_set(err, ERR_INVALID,
		    "%s takes one input table, not %zu; put Union before",
		    t->module, t->n_data);
	return table_reader_open(input->path, out, err);
}

enum err
instances_open(const struct task *t, struct table_reader **out, struct buf *err)
{
	const struct table_schema *s;
	enum err rc = instances_open_table(t, out, err);

	if (rc)
		return rc;
	s = table_reader_schema(*out);
	if (s->kind != TABLE_DENSE && s->kind != TABLE_SPARSE)
		rc = err_set(err, ERR_INVALID,
		    "the input of %s is no instance table; put DataIO before",
		    t->module);
	else if (!s->n_header)
		rc = err_set(err, ERR_INVALID,
		    "Number of features of DTable is 0: the input of %s has "
		    "no columns",
		    t->module);
	return rc;
}

bool
instances_is_fit(const struct task *t)
{
	return t->mode == TASK_FIT || t->mode == TASK_FIT_EVAL;
}

size_t
instances_place(const int64_t *rising, size_t n, int64_t v)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (rising[mid] < v)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int64_t
instances_column(const struct table_schema *s, const char *name)
{
	for (size_t i = 0; i < s->n_header; i++)
		if (!strcmp(s->header[i], name))
			return (int64_t)i;
	return -1;
}

static enum err
pick_indexes(const struct table_schema *s, const struct instances_choice *by,
    bool *picked, struct buf *err)
{
	const cJSON *given = json_get(by->param, by->indexes), *it;

	if (!cJSON_IsArray(given))
		return ERR_OK;
	cJSON_ArrayForEach(it, given)
	{
		double v = cJSON_IsNumber(it) ? it->valuedouble : -1;

		if (v != floor(v) || v < 0 || v >= (double)s->n_header)
			return err_set(err, ERR_INVALID,
			    "%s has %.15g, which is none of 0..%zu, the "
			    "columns of the input",
			    by->indexes, v, s->n_header - 1);
		picked[(size_t)v] = true;
	}
	return ERR_OK;
}

static enum err
pick_names(const struct table_schema *s, const struct instances_choice *by,
    bool *picked, struct buf *err)
{
	const cJSON *given = json_get(by->param, by->names), *it;

	if (!cJSON_IsArray(given))
		return ERR_OK;
	cJSON_ArrayForEach(it, given)
	{
		const char *name = cJSON_IsString(it) ? it->valuestring : "";
		int64_t column = instances_column(s, name);

		if (column < 0)
			return err_set(err, ERR_INVALID,
			    "%s has '%.64s', which is no column of the input",
			    by->names, name);
		picked[column] = true;
	}
	return ERR_OK;
}

enum err
instances_pick(const struct table_schema *s,
    const struct instances_choice *choice, bool **picked_out, struct buf *err)
{
	const cJSON *indexes = json_get(choice->param, choice->indexes);
	bool *picked = xcalloc(s->n_header, sizeof(*picked));
	enum err rc;

	if (cJSON_IsNumber(indexes) && indexes->valuedouble == -1)
		memset(picked, true, s->n_header * sizeof(*picked));
	rc = pick_indexes(s, choice, picked, err);
	if (!rc)
		rc = pick_names(s, choice, picked, err);
	if (rc)
		free(picked);
	else
		*picked_out = picked;
	return rc;
}

void
instances_expand(const struct table_schema *s, const struct table_row *row,
    double *values_out)
{
	if (s->kind == TABLE_DENSE) {
		memcpy(values_out, row->values, row->n * sizeof(*values_out));
		return;
	}
	memset(values_out, 0, s->n_header * sizeof(*values_out));
	for (size_t k = 0; k < row->n; k++)
		values_out[row->columns[k]] = row->values[k];
}

/* ---- writing ---- */

struct writing {
	struct task *t;
	struct table_reader *in;
	struct table_writer *out;
	const struct table_schema *schema; /* of the output */
	instances_change *change;
	void *arg;
	double *values;	   /* of the input row */
	double *made;	   /* of the output row */
	uint32_t *columns; /* of the output row, when it is sparse */
};

/* Squeezes out zeros in place; NaN is a value. */
static size_t
make_sparse(struct writing *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->schema->n_header; i++) {
		if (fabs(w->made[i]) < SPARSE_MIN)
			continue;
		w->made[n] = w->made[i];
		w->columns[n++] = (uint32_t)i;
	}
	return n;
}

static enum err
write_row(struct writing *w, struct table_row *row, struct buf *err)
{
	struct instances_row change = {
	    .in = row, .values = w->values, .out = w->made};
	enum err rc;

	instances_expand(table_reader_schema(w->in), row, w->values);
	rc = w->change(w->arg, &change, err);
	if (rc)
		return rc;
	row->n = w->schema->n_header;
	row->values = w->made;
	if (w->schema->kind == TABLE_SPARSE) {
		row->n = make_sparse(w);
		row->columns = w->columns;
	}
	return table_writer_add(w->out, row, err);
}

static enum err
write_rows(struct writing *w, struct buf *err)
{
	int64_t total = table_reader_count(w->in), done = 0;
	struct table_row row;
	enum err rc;

	table_reader_rewind(w->in);
	while (!(rc = table_reader_next(w->in, &row, err))) {
		rc = write_row(w, &row, err);
		if (rc)
			return rc;
		if (++done % PROGRESS_ROWS == 0)
			task_progress(w->t, (int)(done * 100 / total),
			    "%lld of %lld rows", (long long)done,
			    (long long)total);
	}
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

enum err
instances_write(struct task *t, struct table_reader *in,
    const struct table_schema *schema, instances_change *change, void *arg,
    struct buf *err)
{
	struct writing w = {
	    .t = t, .in = in, .schema = schema, .change = change, .arg = arg};
	size_t n_in = table_reader_schema(in)->n_header;
	struct table_stats stats;
	enum err rc;

	w.values = xcalloc(n_in + 1, sizeof(*w.values));
	w.made = xcalloc(schema->n_header + 1, sizeof(*w.made));
	w.columns = xcalloc(schema->n_header + 1, sizeof(*w.columns));
	rc = table_writer_open(
	    task_output_path(t), schema, TABLE_SORTED, &w.out, err);
	if (!rc)
		rc = write_rows(&w, err);
	if (!rc)
		rc = table_writer_finish(&w.out, &stats, err);
	if (!rc)
		task_output_table(
		    t, &stats, schema, task_any_input(t)->partitions);
	table_writer_abort(&w.out);
	free(w.values);
	free(w.made);
	free(w.columns);
	return rc;
}

/* ---- the model's buffers ---- */

enum err
instances_save(struct task *t, const char *buffer, const char *message,
    const ProtobufCMessage *m, struct buf *err)
{
	struct buf bytes = BUF_INIT;
	enum err rc;

	model_pack(m, &bytes);
	rc = task_output_model(t, buffer, message, bytes.ptr, bytes.len, err);
	buf_release(&bytes);
	return rc;
}

enum err
instances_load_from(const struct task *t, const struct task_model *model,
    const struct instances_buffer *buffer, ProtobufCMessage **out,
    struct buf *err)
{
	struct buf bytes = BUF_INIT;
	enum err rc = task_input_model(t, model, buffer->name, &bytes, err);

	if (!rc)
		rc = model_unpack(model_message(buffer->message), bytes.ptr,
		    bytes.len, out, err);
	buf_release(&bytes);
	return rc;
}

enum err
instances_load(const struct task *t, const char *buffer, const char *message,
    ProtobufCMessage **out, struct buf *err)
{
	const struct task_model *model = task_model(t);

	if (!model)
		return err_set(err, ERR_INVALID,
		    "%s has no model to transform the data with", t->module);
	return instances_load_from(
	    t, model, &(struct instances_buffer){buffer, message}, out, err);
}
