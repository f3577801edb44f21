/* Rows of text cut into cells, and cells read as numbers and labels. */
#include "lib/base/mem.h"
#include "task/components/dataio.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_INT_MAX 9007199254740992LL /* 2^53 */

void
dataio_cells_init(struct dataio_cells *c)
{
	memset(c, 0, sizeof(*c));
	buf_init(&c->text);
}

void
dataio_cells_release(struct dataio_cells *c)
{
	buf_release(&c->text);
	free(c->cell);
	dataio_cells_init(c);
}

void
dataio_cells_resize(struct dataio_cells *c, size_t n)
{
	c->cell = xreallocarray(c->cell, n ? n : 1, sizeof(*c->cell));
	c->n = n;
	memset(c->cell, 0, n * sizeof(*c->cell));
}

enum err
dataio_cells_read(struct dataio *d, struct dataio_cells *c,
    const struct table_row *row, struct buf *err)
{
	buf_reset(&c->text);
	buf_add(&c->text, row->text, row->text_len);
	c->id = row->id;
	c->id_len = row->id_len;
	c->label = NULL;
	memset(c->cell, 0, c->n * sizeof(*c->cell));
	return d->format->parse(d, c, err);
}

char *
dataio_cut(char **at, const char *delimiter)
{
	char *start = *at, *end;

	if (!start)
		return NULL;
	end = strstr(start, delimiter);
	*at = end ? end + strlen(delimiter) : NULL;
	if (end)
		*end = '\0';
	return start;
}

/* ---- types ---- */

enum err
dataio_type_parse(
    const char *name, const char *what, enum dataio_type *out, struct buf *err)
{
	static const struct {
		const char *name;
		enum dataio_type type;
	} known[] = {
	    {"float", DATAIO_REAL},
	    {"float64", DATAIO_REAL},
	    {"int", DATAIO_INT},
	    {"int64", DATAIO_INT},
	    {"long", DATAIO_INT},
	    {"str", DATAIO_TEXT},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i].name, name)) {
			*out = known[i].type;
			return ERR_OK;
		}
	return err_set(err, ERR_INVALID,
	    "%s is '%.40s', expected float, float64, int, int64, long or str",
	    what, name);
}

enum err
dataio_learn_types(struct dataio *d, struct buf *err)
{
	enum dataio_type common = DATAIO_REAL;
	enum err rc =
	    dataio_type_parse(d->data_type, "data_type", &common, err);

	d->types =
	    xreallocarray(d->types, d->schema.n_header + 1, sizeof(*d->types));
	for (size_t i = 0; !rc && i < d->schema.n_header; i++) {
		const char *own =
		    json_str(d->exclusive, d->schema.header[i], NULL);

		d->types[i] = common;
		if (own)
			rc = dataio_type_parse(
			    own, "exclusive_data_type", &d->types[i], err);
	}
	return rc;
}

/* ---- numbers ---- */

static char *
skip_spaces(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return (char *)s;
}

static bool
parse_real(const char *s, double *out)
{
	char *end;

	s = skip_spaces(s);
	if (!*s || s[strspn(s, "+-.0123456789eE \t")])
		return false;
	*out = strtod(s, &end);
	return end != s && !*skip_spaces(end) && isfinite(*out);
}

static bool
parse_int(const char *s, int64_t *out)
{
	char *end;

	s = skip_spaces(s);
	errno = 0;
	*out = strtoll(s, &end, 10);
	return !errno && end != s && !*skip_spaces(end);
}

/* What FATE reads as not a number, without any imputation. */
static bool
is_missing(const char *s)
{
	static const char *const words[] = {
	    "", "NULL", "null", "NA", "nan", "NaN"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i], s))
			return true;
	return false;
}

enum err
dataio_number(const struct dataio *d, const struct dataio_cells *c,
    size_t column, double *out, struct buf *err)
{
	const char *s = c->cell[column];
	const char *expected = "a number";
	int64_t i = 0;

	if (is_missing(s)) {
		*out = NAN;
		return ERR_OK;
	}
	if (d->types[column] != DATAIO_INT && parse_real(s, out))
		return ERR_OK;
	if (d->types[column] == DATAIO_INT) {
		expected = "an integer of at most 53 bits";
		if (parse_int(s, &i) && llabs(i) <= EXACT_INT_MAX) {
			*out = (double)i;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_INVALID,
	    "row '%.*s' has '%.64s' in column '%s', expected %s or a missing "
	    "value (missing_impute and outlier_impute name texts to replace)",
	    (int)c->id_len, c->id, s, d->schema.header[column], expected);
}

enum err
dataio_label(const struct dataio *d, const struct dataio_cells *c,
    struct table_label *out, struct buf *err)
{
	enum dataio_type type = DATAIO_REAL;
	enum err rc =
	    dataio_type_parse(d->label_type, "label_type", &type, err);

	*out = (struct table_label){.type = TABLE_NO_LABEL};
	if (rc || !c->label)
		return rc;
	if (type == DATAIO_TEXT) {
		out->type = TABLE_LABEL_TEXT;
		out->s = c->label;
		return ERR_OK;
	}
	if (type == DATAIO_INT && parse_int(c->label, &out->i)) {
		out->type = TABLE_LABEL_INT;
		return ERR_OK;
	}
	if (type == DATAIO_REAL && parse_real(c->label, &out->r)) {
		out->type = TABLE_LABEL_REAL;
		return ERR_OK;
	}
	return err_set(err, ERR_INVALID,
	    "row '%.*s' has the label '%.64s' in '%s', label_type %s expects "
	    "%s",
	    (int)c->id_len, c->id, c->label, d->schema.label_name,
	    d->label_type, type == DATAIO_INT ? "an integer" : "a number");
}

enum err
dataio_begin_labelled(struct dataio *d, struct dataio_cells *c,
    const struct table_schema *in, struct buf *err)
{
	(void)in;
	(void)err;
	c->has_label = d->with_label;
	dataio_cells_resize(c, d->schema.n_header);
	return ERR_OK;
}
