/*
 * DataIO: an uploaded table of texts becomes a table of numbers and labels.
 * A fit learns the columns and the replacements from this table; a transform
 * takes them from the model. Nothing here depends on the number of rows but
 * the time.
 */
#include "task/components/dataio.h"
#include "task/components/instances.h"
#include "task/task.h"

#define META_BUFFER  "DataIOMeta"
#define PARAM_BUFFER "DataIOParam"

static void
show_progress(void *arg, int64_t rows, int64_t total)
{
	task_progress(arg, (int)(rows * 100 / (total ? total : 1)),
	    "%lld of %lld rows", (long long)rows, (long long)total);
}

static enum err
load_model(struct dataio *d, struct task *t, struct buf *err)
{
	const struct task_model *model = task_model(t);
	struct buf meta = BUF_INIT, param = BUF_INIT;
	enum err rc;

	if (!model)
		return err_set(err, ERR_INVALID,
		    "there is no model to transform the data with");
	rc = task_input_model(t, model, META_BUFFER, &meta, err);
	if (!rc)
		rc = task_input_model(t, model, PARAM_BUFFER, &param, err);
	if (!rc)
		rc = dataio_unpack(d, &meta, &param, err);
	buf_release(&meta);
	buf_release(&param);
	return rc;
}

static enum err
save_model(const struct dataio *d, struct task *t, struct buf *err)
{
	struct buf meta = BUF_INIT, param = BUF_INIT;
	enum err rc;

	dataio_pack(d, &meta, &param);
	rc = task_output_model(
	    t, META_BUFFER, META_BUFFER, meta.ptr, meta.len, err);
	if (!rc)
		rc = task_output_model(
		    t, PARAM_BUFFER, PARAM_BUFFER, param.ptr, param.len, err);
	buf_release(&meta);
	buf_release(&param);
	return rc;
}

static enum err
open_input(const struct task *t, struct table_reader **out, struct buf *err)
{
	enum err rc = instances_open_table(t, out, err);

	if (!rc && table_reader_schema(*out)->kind != TABLE_RAW)
		rc = err_set(err, ERR_INVALID,
		    "the input was converted before: DataIO reads uploaded "
		    "tables");
	return rc;
}

static enum err
convert(struct dataio *d, struct task *t, struct table_reader *in,
    int partitions, struct buf *err)
{
	struct dataio_pass pass = {.in = in,
	    .count_ratios = instances_is_fit(t),
	    .progress = show_progress,
	    .arg = t};
	struct table_stats stats;
	enum err rc = table_writer_open(
	    task_output_path(t), &d->schema, TABLE_SORTED, &pass.out, err);

	if (!rc)
		rc = dataio_transform(d, &pass, err);
	if (!rc)
		rc = table_writer_finish(&pass.out, &stats, err);
	table_writer_abort(&pass.out);
	if (rc)
		return rc;
	if (pass.unknown_tags)
		task_log(t,
		    "%lld values of columns that the model does not have "
		    "were left out",
		    (long long)pass.unknown_tags);
	task_output_table(t, &stats, &d->schema, partitions);
	task_progress(t, 100, "%lld rows of %zu columns", (long long)stats.rows,
	    d->schema.n_header);
	return ERR_OK;
}

enum err
dataio_run(struct task *t, struct buf *err)
{
	const struct task_data *input = task_any_input(t);
	struct table_reader *in = NULL;
	struct dataio d = {0};
	enum err rc;

	rc = open_input(t, &in, err);
	if (!rc && !instances_is_fit(t))
		rc = load_model(&d, t, err);
	else if (!rc)
		rc = dataio_configure(&d, t->param, err);
	if (!rc && instances_is_fit(t))
		rc = dataio_learn(&d, in, err);
	if (!rc)
		rc = convert(&d, t, in, input->partitions, err);
	if (!rc)
		rc = save_model(&d, t, err);
	table_reader_close(&in);
	dataio_release(&d);
	return rc;
}
