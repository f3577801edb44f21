/*
 * ColumnExpand: columns of one value each, appended to every row of an
 * uploaded table. Works on texts, before DataIO.
 */
#include "columns.pb-c.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"
#include "task/components/instances.h"

struct expand {
	struct table_schema schema; /* of the output */
	char **names;
	char **fills; /* one for each name, or one for all */
	size_t n_names, n_fills;
	struct buf tail; /* ",<fill>..." of every row */
};

static void
release(struct expand *x)
{
	for (size_t i = 0; i < x->n_names; i++)
		free(x->names[i]);
	for (size_t i = 0; i < x->n_fills; i++)
		free(x->fills[i]);
	free(x->names);
	free(x->fills);
	buf_release(&x->tail);
	table_schema_release(&x->schema);
}

static void
add_text(char ***list, size_t *n, char *text)
{
	*list = xreallocarray(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = text;
}

/* ---- parameters ---- */

static char *
fill_text(const cJSON *v)
{
	char text[32];

	if (cJSON_IsString(v))
		return xstrdup(v->valuestring);
	if (!cJSON_IsNumber(v))
		return NULL;
	num_format_plain(v->valuedouble, text);
	return xstrdup(text);
}

static enum err
take_fill(struct expand *x, const cJSON *v, struct buf *err)
{
	char *text = fill_text(v);

	if (!text)
		return err_set(err, ERR_INVALID,
		    "fill_value holds neither a number nor a text");
	add_text(&x->fills, &x->n_fills, text);
	return ERR_OK;
}

static enum err
configure(struct expand *x, const cJSON *param, struct buf *err)
{
	const cJSON *fill = json_get(param, "fill_value"), *it;
	enum err rc = ERR_OK;

	cJSON_ArrayForEach(it, json_get(param, "append_header"))
	{
		if (!cJSON_IsString(it))
			return err_set(err, ERR_INVALID,
			    "append_header holds something that is no text");
		add_text(&x->names, &x->n_names, xstrdup(it->valuestring));
	}
	if (!cJSON_IsArray(fill))
		return take_fill(x, fill, err);
	for (it = fill->child; !rc && it; it = it->next)
		rc = take_fill(x, it, err);
	return rc;
}

/* A text with a comma would be two columns. */
static enum err
check_text(const char *what, const char *text, struct buf *err)
{
	if (!strpbrk(text, ",\r\n"))
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "%s '%.64s' holds a comma or a line's end", what, text);
}

/* The output's header, and what is appended to every row. */
static enum err
prepare(struct expand *x, const struct table_schema *in, struct buf *err)
{
	enum err rc = ERR_OK;

	table_schema_copy(&x->schema, in);
	if (x->n_names && !in->sid_name)
		return err_set(err, ERR_INVALID,
		    "the table has no header to append columns to; upload it "
		    "with head 1");
	if (x->n_fills != 1 && x->n_fills != x->n_names)
		return err_set(err, ERR_INVALID,
		    "fill_value has %zu values for %zu columns of "
		    "append_header",
		    x->n_fills, x->n_names);
	for (size_t i = 0; !rc && i < x->n_names; i++) {
		const char *fill = x->fills[x->n_fills == 1 ? 0 : i];

		rc = check_text("append_header", x->names[i], err);
		if (!rc)
			rc = check_text("fill_value", fill, err);
		if (!rc && instances_column(&x->schema, x->names[i]) >= 0)
			rc = err_set(err, ERR_INVALID,
			    "append_header names column '%.64s', which is "
			    "there already",
			    x->names[i]);
		table_schema_add(&x->schema, x->names[i]);
		buf_addf(&x->tail, ",%s", fill);
	}
	return rc;
}

/* ---- the model ---- */

static enum err
save_meta(struct task *t, const struct expand *x, struct buf *err)
{
	static char method[] = "manual";
	Model__ColumnExpandMeta m = MODEL__COLUMN_EXPAND_META__INIT;

	m.append_header = x->names;
	m.n_append_header = x->n_names;
	m.method = method;
	m.fill_value = x->fills;
	m.n_fill_value = x->n_fills;
	m.need_run = true;
	return instances_save(
	    t, "ColumnExpandMeta", "ColumnExpandMeta", &m.base, err);
}

static void
join_header(const struct expand *x, struct buf *out)
{
	for (size_t i = 0; x->n_names && i < x->schema.n_header; i++)
		buf_addf(out, "%s%s", i ? "," : "", x->schema.header[i]);
}

/* FATE's list of names is the joined header, one character an item. */
static enum err
save_param(struct task *t, const struct expand *x, struct buf *err)
{
	Model__ColumnExpandParam p = MODEL__COLUMN_EXPAND_PARAM__INIT;
	struct buf joined = BUF_INIT;
	enum err rc;

	join_header(x, &joined);
	for (const char *at = joined.ptr, *from = at; *from; from = at) {
		utf8_next(&at);
		add_text(&p.header, &p.n_header,
		    xstrndup(from, (size_t)(at - from)));
	}
	rc = instances_save(
	    t, "ColumnExpandParam", "ColumnExpandParam", &p.base, err);
	for (size_t i = 0; i < p.n_header; i++)
		free(p.header[i]);
	free(p.header);
	buf_release(&joined);
	return rc;
}

static enum err
load_meta(const struct task *t, struct expand *x, struct buf *err)
{
	ProtobufCMessage *m = NULL;
	const Model__ColumnExpandMeta *meta;
	enum err rc =
	    instances_load(t, "ColumnExpandMeta", "ColumnExpandMeta", &m, err);

	if (rc)
		return rc;
	meta = (const Model__ColumnExpandMeta *)m;
	for (size_t i = 0; i < meta->n_append_header; i++)
		add_text(
		    &x->names, &x->n_names, xstrdup(meta->append_header[i]));
	for (size_t i = 0; i < meta->n_fill_value; i++)
		add_text(&x->fills, &x->n_fills, xstrdup(meta->fill_value[i]));
	protobuf_c_message_free_unpacked(m, NULL);
	return ERR_OK;
}

/* The data must have the columns that the fit had. */
static enum err
check_model(const struct task *t, const struct expand *x, struct buf *err)
{
	struct buf ours = BUF_INIT, theirs = BUF_INIT;
	ProtobufCMessage *m = NULL;
	const Model__ColumnExpandParam *p;
	enum err rc = instances_load(
	    t, "ColumnExpandParam", "ColumnExpandParam", &m, err);

	if (rc)
		return rc;
	p = (const Model__ColumnExpandParam *)m;
	for (size_t i = 0; i < p->n_header; i++)
		buf_adds(&theirs, p->header[i]);
	join_header(x, &ours);
	if (strcmp(ours.ptr, theirs.ptr) != 0)
		rc = err_set(err, ERR_INVALID,
		    "the columns are %.200s, those of the model %.200s",
		    ours.ptr, theirs.ptr);
	buf_release(&ours);
	buf_release(&theirs);
	protobuf_c_message_free_unpacked(m, NULL);
	return rc;
}

/* ---- rows ---- */

static enum err
write_rows(const struct expand *x, struct table_reader *in,
    struct table_writer *out, struct buf *err)
{
	struct buf text = BUF_INIT;
	struct table_row row;
	enum err rc = ERR_OK;

	while (!rc && !(rc = table_reader_next(in, &row, err))) {
		buf_reset(&text);
		buf_add(&text, row.text, row.text_len);
		buf_add(&text, x->tail.ptr + !row.text_len,
		    x->tail.len - !row.text_len);
		row.text = text.ptr;
		row.text_len = text.len;
		rc = table_writer_add(out, &row, err);
	}
	buf_release(&text);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static enum err
write_output(struct task *t, const struct expand *x, struct table_reader *in,
    struct buf *err)
{
	struct table_writer *out = NULL;
	struct table_stats stats;
	enum err rc = table_writer_open(
	    task_output_path(t), &x->schema, TABLE_SORTED, &out, err);

	if (!rc)
		rc = write_rows(x, in, out, err);
	if (!rc)
		rc = table_writer_finish(&out, &stats, err);
	if (!rc)
		task_output_table(
		    t, &stats, &x->schema, task_any_input(t)->partitions);
	table_writer_abort(&out);
	return rc;
}

static enum err
open_input(struct task *t, struct table_reader **out, struct buf *err)
{
	enum err rc = instances_open_table(t, out, err);

	if (!rc && table_reader_schema(*out)->kind != TABLE_RAW)
		rc = err_set(err, ERR_INVALID,
		    "ColumnExpand reads uploaded tables; put it before DataIO");
	return rc;
}

enum err
column_expand_run(struct task *t, struct buf *err)
{
	bool is_fit = instances_is_fit(t);
	struct table_reader *in = NULL;
	struct expand x = {.tail = BUF_INIT};
	enum err rc = open_input(t, &in, err);

	if (!rc)
		rc = is_fit ? configure(&x, t->param, err)
			    : load_meta(t, &x, err);
	if (!rc)
		rc = prepare(&x, table_reader_schema(in), err);
	if (!rc && !is_fit)
		rc = check_model(t, &x, err);
	if (!rc && !x.n_names)
		task_output_pass(t, task_any_input(t));
	else if (!rc)
		rc = write_output(t, &x, in, err);
	if (!rc)
		rc = save_meta(t, &x, err);
	if (!rc)
		rc = save_param(t, &x, err);
	release(&x);
	table_reader_close(&in);
	return rc;
}
