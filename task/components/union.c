/*
 * Union: the rows of several tables of the same columns. All tables stand in
 * the order of ids, so one walk beside all of them meets equal ids together;
 * the first table's row is the one that stays, or (keep_duplicate) the later
 * ones get new ids.
 */
#include "lib/base/mem.h"
#include "task/task.h"

struct source {
	const struct task_data *data;
	struct table_reader *in;
	struct table_row row; /* where the walk stands */
	bool is_over;
	char *key; /* "<component>.<data key>" */
};

struct table_union {
	struct task *t;
	bool keeps; /* keep_duplicate */
	struct source *sources;
	size_t n;
	struct table_writer *out;
};

static void
release(struct table_union *u)
{
	for (size_t i = 0; u->sources && i < u->n; i++) {
		table_reader_close(&u->sources[i].in);
		free(u->sources[i].key);
	}
	free(u->sources);
	table_writer_abort(&u->out);
}

/* ---- sources ---- */

static bool
has_key(const struct table_union *u, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(u->sources[i].key, key))
			return true;
	return false;
}

/* Two tables of one component are told apart by a number. */
static void
name_source(struct table_union *u, size_t i)
{
	const struct task_data *d = u->sources[i].data;
	const char *component = d->component ? d->component : "args";
	struct buf key = BUF_INIT;

	buf_addf(&key, "%s.%s", component, d->key);
	for (int k = 1; has_key(u, i, key.ptr); k++) {
		buf_reset(&key);
		buf_addf(&key, "%s.%s_%d", component, d->key, k);
	}
	u->sources[i].key = buf_detach(&key);
}

static bool
is_same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool
is_same_header(const struct table_schema *a, const struct table_schema *b)
{
	if (a->n_header != b->n_header)
		return false;
	for (size_t i = 0; i < a->n_header; i++)
		if (strcmp(a->header[i], b->header[i]) != 0)
			return false;
	return true;
}

static enum err
check_source(const struct table_union *u, size_t i, struct buf *err)
{
	const struct source *first = &u->sources[0], *it = &u->sources[i];
	const struct table_schema *a = table_reader_schema(first->in),
				  *b = table_reader_schema(it->in);
	const char *complaint = NULL;

	if (a->kind != b->kind)
		complaint = "Table kinds do not match! Both must be dense, "
			    "sparse, or as uploaded.";
	else if (!is_same_text(a->sid_name, b->sid_name))
		complaint = "Table sid names do not match! Please check "
			    "sid name.";
	else if (!is_same_text(a->label_name, b->label_name))
		complaint = "Table label names do not match! Please check "
			    "label name.";
	else if (!is_same_header(a, b))
		complaint = "Table headers do not match! Please check header.";
	if (!complaint)
		return ERR_OK;
	return err_set(
	    err, ERR_INVALID, "%s (%s and %s)", complaint, first->key, it->key);
}

static enum err
open_sources(struct table_union *u, struct buf *err)
{
	struct task *t = u->t;
	enum err rc = ERR_OK;

	if (t->n_data < 2)
		return err_set(err, ERR_INVALID,
		    "Union module must receive more than one table as "
		    "input.");
	u->sources = xcalloc(t->n_data, sizeof(*u->sources));
	for (size_t i = 0; !rc && i < t->n_data; i++) {
		u->sources[i].data = &t->data[i];
		name_source(u, u->n++);
		if (!t->data[i].path)
			rc = err_set(err, ERR_INVALID,
			    "Union has no table from %s", u->sources[i].key);
		if (!rc)
			rc = table_reader_open(
			    t->data[i].path, &u->sources[i].in, err);
		if (!rc)
			rc = check_source(u, i, err);
	}
	return rc;
}

/* ---- the walk ---- */

static enum err
step(struct source *s, struct buf *err)
{
	enum err rc = table_reader_next(s->in, &s->row, err);

	s->is_over = rc == ERR_NOTFOUND;
	return s->is_over ? ERR_OK : rc;
}

static int
compare(const struct source *a, const struct source *b)
{
	return table_compare_ids(
	    a->row.id, a->row.id_len, b->row.id, b->row.id_len);
}

/* The first source at the least id; NULL when all are over. */
static struct source *
least(struct table_union *u)
{
	struct source *best = NULL;

	for (size_t i = 0; i < u->n; i++) {
		struct source *s = &u->sources[i];

		if (!s->is_over && (!best || compare(s, best) < 0))
			best = s;
	}
	return best;
}

static enum err
put_renamed(struct table_union *u, const struct source *s, struct buf *err)
{
	struct table_row row = s->row;
	struct buf id = BUF_INIT;
	enum err rc;

	buf_add(&id, row.id, row.id_len);
	buf_addf(&id, "_%s", s->key);
	row.id = id.ptr;
	row.id_len = id.len;
	rc = table_writer_add(u->out, &row, err);
	buf_release(&id);
	return rc;
}

/* Writes the row of `first` and moves all sources behind its id. */
static enum err
put_id(struct table_union *u, struct source *first, struct buf *err)
{
	enum err rc = ERR_OK;

	for (struct source *s = first; !rc && s < u->sources + u->n; s++) {
		if (s == first || s->is_over || compare(s, first) != 0)
			continue;
		if (u->keeps)
			rc = put_renamed(u, s, err);
		if (!rc)
			rc = step(s, err);
	}
	if (!rc)
		rc = table_writer_add(u->out, &first->row, err);
	return rc ? rc : step(first, err);
}

static enum err
merge(struct table_union *u, struct buf *err)
{
	struct source *s;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < u->n; i++)
		rc = step(&u->sources[i], err);
	while (!rc && (s = least(u)))
		rc = put_id(u, s, err);
	return rc;
}

/* ---- the whole ---- */

static void
report_rows(struct table_union *u, const char *name, int64_t rows)
{
	struct buf key = BUF_INIT;
	char value[24];

	json_print_str(name, true, &key);
	snprintf(value, sizeof(value), "%lld", (long long)rows);
	task_metric(u->t, "train", "union", key.ptr, value);
	buf_release(&key);
}

enum err
union_run(struct task *t, struct buf *err)
{
	struct table_union u = {
	    .t = t, .keeps = json_bool(t->param, "keep_duplicate", false)};
	const struct table_schema *schema = NULL;
	struct table_stats stats;
	enum err rc = open_sources(&u, err);

	if (rc)
		goto out;
	schema = table_reader_schema(u.sources[0].in);
	rc = table_writer_open(task_output_path(t), schema,
	    u.keeps ? TABLE_UNSORTED : TABLE_SORTED, &u.out, err);
	if (!rc)
		rc = merge(&u, err);
	if (!rc)
		rc = table_writer_finish(&u.out, &stats, err);
	if (rc)
		goto out;
	task_output_table(t, &stats, schema, t->data[0].partitions);
	for (size_t i = 0; i < u.n; i++)
		report_rows(
		    &u, u.sources[i].key, table_reader_count(u.sources[i].in));
	report_rows(&u, "Total", stats.rows);
	task_metric_meta(t, "train", "union", "union", "UNION", NULL);
out:
	release(&u);
	return rc;
}
