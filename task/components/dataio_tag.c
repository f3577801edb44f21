/*
 * Tag input: a row names the tags that it has, maybe with a value each. The
 * columns are the sorted distinct tags. While learning, tags that are not yet
 * in the sorted list wait in a second list no longer than the first, so that
 * memory is that of the distinct tags.
 */
#include "lib/base/mem.h"
#include "task/components/dataio.h"

#include <stdlib.h>
#include <string.h>

#define WAITING_MIN 1024

struct tags {
	char **list; /* sorted and distinct up to n_sorted */
	size_t n_sorted, n, cap;
};

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
settle(struct tags *t)
{
	size_t kept = 0;

	if (t->n)
		qsort(t->list, t->n, sizeof(*t->list), compare);
	for (size_t i = 0; i < t->n; i++)
		if (kept && !strcmp(t->list[kept - 1], t->list[i]))
			free(t->list[i]);
		else
			t->list[kept++] = t->list[i];
	t->n = t->n_sorted = kept;
}

static void
note(struct tags *t, const char *tag)
{
	if (t->n_sorted &&
	    bsearch(&tag, t->list, t->n_sorted, sizeof(*t->list), compare))
		return;
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : WAITING_MIN;
		t->list = xreallocarray(t->list, t->cap, sizeof(*t->list));
	}
	t->list[t->n++] = xstrdup(tag);
	if (t->n - t->n_sorted > t->n_sorted + WAITING_MIN)
		settle(t);
}

/* Cuts "tag:value"; *value is NULL when there is none. */
static enum err
cut_item(const struct dataio *d, const struct dataio_cells *c, char *item,
    char **value, struct buf *err)
{
	*value = NULL;
	if (!d->tag_with_value)
		return ERR_OK;
	*value = item;
	dataio_cut(value, d->tag_value_delimiter);
	if (*value)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "row '%.*s' has the item '%.64s', tag_with_value expects "
	    "<tag>%s<value>",
	    (int)c->id_len, c->id, item, d->tag_value_delimiter);
}

static void
put(const struct dataio *d, struct dataio_cells *c, const char *tag,
    const char *value)
{
	char **hit = NULL;

	if (d->schema.n_header)
		hit = bsearch(&tag, d->schema.header, d->schema.n_header,
		    sizeof(*d->schema.header), compare);
	if (hit)
		c->cell[hit - d->schema.header] = value ? value : "1";
	else
		c->unknown_tags++;
}

/* Learning when `seen` is given, else filling the cells. */
static enum err
each_item(struct dataio *d, struct dataio_cells *c, struct tags *seen,
    struct buf *err)
{
	char *at = c->text.len ? c->text.ptr : NULL, *item, *value;
	enum err rc = ERR_OK;

	if (d->with_label)
		c->label = dataio_cut(&at, d->delimiter);
	if (d->with_label && !c->label)
		return err_set(err, ERR_INVALID,
		    "row '%.*s' is empty, with_label expects a label first",
		    (int)c->id_len, c->id);
	while (!rc && (item = dataio_cut(&at, d->delimiter))) {
		if (!*item)
			continue;
		rc = cut_item(d, c, item, &value, err);
		if (!rc && seen)
			note(seen, item);
		else if (!rc)
			put(d, c, item, value);
	}
	return rc;
}

static enum err
parse(struct dataio *d, struct dataio_cells *c, struct buf *err)
{
	enum err rc = each_item(d, c, NULL, err);

	/* An absent tag is zero, or an empty text if those are to be filled. */
	if (rc || !d->tag_with_value || !dataio_fill_has(&d->missing, ""))
		return rc;
	for (size_t i = 0; i < c->n; i++)
		if (!c->cell[i])
			c->cell[i] = "";
	return rc;
}

static enum err
learn(struct dataio *d, struct table_reader *in, struct buf *err)
{
	struct dataio_cells c;
	struct table_row row;
	struct tags seen = {0};
	enum err rc;

	dataio_cells_init(&c);
	while (!(rc = table_reader_next(in, &row, err))) {
		buf_reset(&c.text);
		buf_add(&c.text, row.text, row.text_len);
		c.id = row.id;
		c.id_len = row.id_len;
		rc = each_item(d, &c, &seen, err);
		if (rc)
			break;
	}
	settle(&seen);
	for (size_t i = 0; i < seen.n; i++) {
		table_schema_add(&d->schema, seen.list[i]);
		free(seen.list[i]);
	}
	free(seen.list);
	dataio_cells_release(&c);
	d->schema.sid_name = xstrdup("sid");
	d->schema.label_name = xstrdup(d->with_label ? "label" : d->label_name);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

const struct dataio_format dataio_tag = {
    "tag", learn, dataio_begin_labelled, parse};
