/*
 * HeteroFeatureBinning: columns cut into bins, and what the bins say about
 * the guest's label (feature_binning.h says who learns what). The output has
 * a bin's number or its weight of evidence in the place of a value; a host
 * knows no weights, so that "woe" leaves its data as it is.
 */
#include "task/components/feature_binning.h"
#include "lib/base/mem.h"

#include <stdlib.h>
#include <string.h>

static enum err
change(void *arg, const struct instances_row *row, struct buf *err)
{
	const struct binning *b = arg;

	(void)err;
	for (size_t i = 0; i < b->schema.n_header; i++) {
		const struct binning_column *c = &b->columns[i];
		size_t bin;

		row->out[i] = row->values[i];
		if (!c->is_transformed)
			continue;
		bin = binning_place(c->splits, c->n, row->values[i]);
		row->out[i] = b->p.transform == BINNING_WOE ? c->stats.woe[bin]
							    : (double)bin;
	}
	return ERR_OK;
}

static enum err
write_output(struct binning *b, struct buf *err)
{
	if (b->p.transform == BINNING_KEEP ||
	    (b->p.transform == BINNING_WOE && !b->is_guest)) {
		task_output_pass(b->t, task_any_input(b->t));
		return ERR_OK;
	}
	return instances_write(b->t, b->in, &b->schema, change, b, err);
}

static enum err
fit(struct binning *b, struct buf *err)
{
	enum err rc = binning_configure(b, err);

	if (!rc)
		rc = binning_learn(b, err);
	if (!rc)
		rc = b->is_guest ? binning_fit_guest(b, err)
				 : binning_fit_host(b, err);
	return rc ? rc : binning_save(b, err);
}

void
binning_column_release(struct binning_column *c)
{
	binning_stats_release(&c->stats);
	free(c->splits);
	free(c->counts);
	*c = (struct binning_column){0};
}

static void
release_columns(struct binning_column *columns, size_t n)
{
	for (size_t i = 0; columns && i < n; i++)
		binning_column_release(&columns[i]);
	free(columns);
}

static void
release(struct binning *b)
{
	release_columns(b->columns, b->schema.n_header);
	for (size_t h = 0; h < b->n_hosts; h++)
		release_columns(b->hosts[h].columns, b->hosts[h].n_columns);
	free(b->hosts);
	exchange_vector_release(&b->c);
	exchange_rows_release(&b->rows);
	paillier_secret_free(b->secret);
	paillier_public_free(b->pub);
	table_schema_release(&b->schema);
	table_reader_close(&b->in);
}

enum err
hetero_feature_binning_run(struct task *t, struct buf *err)
{
	struct binning b = {
	    .t = t, .param = t->param, .is_guest = !strcmp(t->role, "guest")};
	enum err rc = instances_open(t, &b.in, err);

	if (!rc) {
		table_schema_copy(&b.schema, table_reader_schema(b.in));
		b.columns = xcalloc(b.schema.n_header, sizeof(*b.columns));
		rc = instances_is_fit(t) ? fit(&b, err) : binning_load(&b, err);
	}
	if (!rc)
		rc = write_output(&b, err);
	release(&b);
	return rc;
}
