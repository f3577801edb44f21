/*
 * HeteroPearson: Pearson's correlations of columns, within each party and
 * across guest and host. hetero_pearson.h tells the protocol.
 *
 * Rows are read anew for each pass, which is cheaper than to hold them:
 * memory is a message of rows and what has a place for each pair of columns.
 */
#include "task/components/hetero_pearson.h"
#include "lib/base/mem.h"

#include <math.h>
#include <stdlib.h>

#define NAMES_MAX     8 /* that a fault lists */
#define PROGRESS_ROWS ((size_t)4096)

enum err
pearson_each_row(
    struct pearson *p, pearson_meet *meet, void *arg, struct buf *err)
{
	double *all = xcalloc(p->schema.n_header + 1, sizeof(*all));
	double *values = xcalloc(p->d + 1, sizeof(*values));
	struct table_row row;
	enum err rc;

	table_reader_rewind(p->in);
	while (!(rc = table_reader_next(p->in, &row, err))) {
		instances_expand(&p->schema, &row, all);
		for (size_t j = 0; j < p->d; j++)
			values[j] = all[p->columns[j]];
		rc = meet(arg, &row, values, err);
		if (rc)
			break;
	}
	free(all);
	free(values);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* ---- what is asked for ---- */

static enum err
choose_columns(struct pearson *p, struct buf *err)
{
	struct instances_choice choice = {
	    p->t->param, "column_indexes", "column_names"};
	bool *picked = NULL;
	enum err rc = instances_pick(&p->schema, &choice, &picked, err);

	if (rc)
		return rc;
	p->columns = xcalloc(p->schema.n_header, sizeof(*p->columns));
	for (size_t i = 0; i < p->schema.n_header; i++)
		if (picked[i])
			p->columns[p->d++] = (uint32_t)i;
	free(picked);
	if (!p->d)
		return err_set(err, ERR_INVALID,
		    "column_names and column_indexes name no column");
	if (p->d > PEARSON_COLUMNS_MAX)
		return err_set(err, ERR_INVALID,
		    "correlations of %zu columns are asked for, at most %zu; "
		    "choose some by column_names or column_indexes",
		    p->d, PEARSON_COLUMNS_MAX);
	return ERR_OK;
}

static enum err
configure(struct pearson *p, struct buf *err)
{
	struct task *t = p->t;
	enum err rc = instances_open(t, &p->in, err);

	if (rc)
		return rc;
	table_schema_copy(&p->schema, table_reader_schema(p->in));
	p->is_guest = !strcmp(t->role, "guest");
	p->is_cross = json_bool(t->param, "cross_parties", true);
	p->cross.peer = task_peer(t, p->is_guest ? "host" : "guest", 0);
	if (p->is_cross && (t->n_peers != 1 || !p->cross.peer))
		return err_set(err, ERR_INVALID,
		    "HeteroPearson needs one guest and one host");
	rc = choose_columns(p, err);
	if (!rc)
		correlation_init(&p->own, p->d);
	return rc;
}

/* ---- the party's own columns ---- */

static enum err
meet_row(void *arg, const struct table_row *row, const double *values,
    struct buf *err)
{
	struct pearson *p = arg;

	(void)row;
	(void)err;
	correlation_meet(&p->own, values);
	return ERR_OK;
}

static bool
is_odd(const struct correlation_column *c)
{
	return c->n_odd > 0;
}

static bool
is_constant(const struct correlation_column *c)
{
	/* below it squares have lost their digits */
	return c->std < 1e-152;
}

static bool
is_too_wide(const struct correlation_column *c)
{
	return !isfinite(c->std);
}

/* What no correlation can be of, said before and after the names. */
static const struct {
	bool (*is)(const struct correlation_column *c);
	const char *before;
	const char *after;
} faults[] = {
    {is_odd, "values are missing or infinite in ",
	"; let DataIO fill them (missing_fill), or leave the columns out by "
	"column_names or column_indexes"},
    {is_constant, "the standard deviation is 0 in ",
	": no correlation is defined; leave the columns out by column_names "
	"or column_indexes"},
    {is_too_wide, "the values are too far apart for a standard deviation in ",
	""},
};

/* "column 'a', 'b' and 3 more" */
static void
list_columns(const struct pearson *p, const bool *at, size_t n, struct buf *out)
{
	size_t shown = 0;

	buf_adds(out, n == 1 ? "column " : "columns ");
	for (size_t j = 0; j < p->d && shown < NAMES_MAX; j++)
		if (at[j])
			buf_addf(out, "%s'%.64s'", shown++ ? ", " : "",
			    p->schema.header[p->columns[j]]);
	if (n > shown)
		buf_addf(out, " and %zu more", n - shown);
}

static enum err
check_columns(const struct pearson *p, struct buf *err)
{
	bool *at = xcalloc(p->d, sizeof(*at));
	struct buf names = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t k = 0; !rc && k < ARRAY_LEN(faults); k++) {
		size_t n = 0;

		for (size_t j = 0; j < p->d; j++)
			n += at[j] = faults[k].is(&p->own.columns[j]);
		if (!n)
			continue;
		list_columns(p, at, n, &names);
		rc = err_set(err, ERR_INVALID, "%s%s%s", faults[k].before,
		    names.ptr, faults[k].after);
	}
	buf_release(&names);
	free(at);
	return rc;
}

static enum err
learn(struct pearson *p, struct buf *err)
{
	enum err rc;

	task_progress(p->t, 0, "means and deviations of %zu columns", p->d);
	rc = pearson_each_row(p, meet_row, p, err);
	if (rc)
		return rc;
	correlation_learn(&p->own);
	return check_columns(p, err);
}

struct adding {
	struct pearson *p;
	double *z;
	size_t done;
};

static enum err
add_row(void *arg, const struct table_row *row, const double *values,
    struct buf *err)
{
	struct adding *a = arg;
	struct pearson *p = a->p;

	(void)err;
	if (p->is_cross)
		exchange_rows_add(&p->cross.rows, row->id, row->id_len);
	correlation_standardise(&p->own, values, a->z);
	correlation_add(&p->own, a->z);
	if (++a->done % PROGRESS_ROWS == 0)
		task_progress(p->t, 5, "own columns: %zu rows", a->done);
	return ERR_OK;
}

static enum err
correlate_own(struct pearson *p, struct buf *err)
{
	struct adding a = {.p = p};
	enum err rc;

	a.z = xcalloc(p->d, sizeof(*a.z));
	rc = pearson_each_row(p, add_row, &a, err);
	free(a.z);
	if (rc)
		return rc;
	p->local = xcalloc(p->d * p->d, sizeof(*p->local));
	correlation_finish(&p->own, p->local);
	return ERR_OK;
}

static enum err
correlate(struct pearson *p, struct buf *err)
{
	enum err rc = configure(p, err);

	if (!rc)
		rc = learn(p, err);
	if (!rc && p->is_cross)
		rc = pearson_cross_begin(p, err);
	if (!rc)
		rc = correlate_own(p, err);
	if (!rc && p->is_cross)
		rc = pearson_cross_finish(p, err);
	if (rc)
		return rc;
	task_metric_meta(p->t, "statistic", "correlation", "pearson",
	    "CORRELATION_GRAPH", NULL);
	return pearson_save(p, err);
}

enum err
hetero_pearson_run(struct task *t, struct buf *err)
{
	struct pearson p = {.t = t};
	enum err rc;

	if (!instances_is_fit(t)) {
		task_log(
		    t, "correlations are not applied to data: nothing to do");
		return ERR_OK;
	}
	rc = correlate(&p, err);
	pearson_cross_release(&p.cross);
	correlation_release(&p.own);
	free(p.columns);
	free(p.local);
	free(p.corr);
	table_schema_release(&p.schema);
	table_reader_close(&p.in);
	return rc;
}
