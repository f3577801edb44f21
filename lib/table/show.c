/*
 * Rows as users see them: the arrays of output/data and the lines of its
 * download. A LIST row's text is JSON; its numbers keep the form in which
 * they were written (1 stays 1, 1.0 stays 1.0), so they are taken from the
 * text and not from the parsed tree, which has doubles only.
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/table/row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_START "-0123456789"
#define NUMBER_CHARS "+-.0123456789eE"

/* ---- JSON ---- */

static cJSON *
label_item(const struct table_label *label)
{
	char text[24];

	if (label->type == TABLE_LABEL_REAL)
		return json_new_double(label->r);
	if (label->type == TABLE_LABEL_TEXT)
		return cJSON_CreateString(label->s);
	snprintf(text, sizeof(text), "%lld", (long long)label->i);
	return cJSON_CreateRaw(text);
}

/* Behind the string that starts at s with its quote. */
static const char *
skip_string(const char *s)
{
	for (s++; *s && *s != '"'; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : s;
}

/* The tree's numbers in the order of the text get the text's form. */
static void
keep_number_forms(cJSON *it, const char **at)
{
	for (; it; it = it->next) {
		if (cJSON_IsNumber(it)) {
			size_t n;

			while (**at && !strchr(NUMBER_START, **at))
				*at = **at == '"' ? skip_string(*at) : *at + 1;
			n = strspn(*at, NUMBER_CHARS);
			free(it->valuestring);
			it->valuestring = xstrndup(*at, n);
			it->type = cJSON_Raw;
			*at += n;
		} else if (it->child) {
			keep_number_forms(it->child, at);
		}
	}
}

static void
add_list(cJSON *out, const struct table_row *row)
{
	cJSON *list = NULL;
	const char *at = row->text;

	if (json_parse(row->text, row->text_len, "row", &list, NULL) ||
	    !cJSON_IsArray(list)) {
		cJSON_AddItemToArray(out, cJSON_CreateString(row->text));
		cJSON_Delete(list);
		return;
	}
	keep_number_forms(list->child, &at);
	while (list->child)
		cJSON_AddItemToArray(
		    out, cJSON_DetachItemViaPointer(list, list->child));
	cJSON_Delete(list);
}

static void
add_sparse(cJSON *out, size_t n_columns, const struct table_row *row)
{
	size_t k = 0;

	for (size_t i = 0; i < n_columns; i++) {
		bool is_set = k < row->n && row->columns[k] == i;

		cJSON_AddItemToArray(
		    out, json_new_double(is_set ? row->values[k] : 0));
		k += is_set;
	}
}

cJSON *
table_row_to_json(const struct table_schema *s, const struct table_row *row)
{
	cJSON *out = cJSON_CreateArray();

	cJSON_AddItemToArray(out, cJSON_CreateString(row->id));
	if (row->label.type != TABLE_NO_LABEL)
		cJSON_AddItemToArray(out, label_item(&row->label));
	if (s->kind == TABLE_RAW)
		cJSON_AddItemToArray(out, cJSON_CreateString(row->text));
	else if (s->kind == TABLE_LIST)
		add_list(out, row);
	else if (s->kind == TABLE_SPARSE)
		add_sparse(out, s->n_header, row);
	else
		for (size_t i = 0; i < row->n; i++)
			cJSON_AddItemToArray(
			    out, json_new_double(row->values[i]));
	return out;
}

cJSON *
table_header_to_json(const struct table_schema *s, bool has_label)
{
	cJSON *out = cJSON_CreateArray();

	/* The metas of a raw table hold no schema. */
	if (s->kind == TABLE_RAW) {
		cJSON_AddItemToArray(out, cJSON_CreateString("sid"));
		return out;
	}
	cJSON_AddItemToArray(
	    out, cJSON_CreateString(s->sid_name ? s->sid_name : "sid"));
	if (has_label)
		cJSON_AddItemToArray(out,
		    cJSON_CreateString(s->label_name ? s->label_name : "y"));
	for (size_t i = 0; i < s->n_header; i++)
		cJSON_AddItemToArray(out, cJSON_CreateString(s->header[i]));
	return out;
}

/* ---- CSV: Python's str() of each value ---- */

static void
add_float(double v, struct buf *out)
{
	char text[32];

	if (isnan(v)) {
		buf_adds(out, "nan");
	} else if (isinf(v)) {
		buf_adds(out, v < 0 ? "-inf" : "inf");
	} else {
		num_format_double(v, text);
		buf_adds(out, text);
	}
}

static void
add_label(const struct table_label *label, struct buf *out)
{
	if (label->type == TABLE_LABEL_INT)
		buf_addf(out, "%lld", (long long)label->i);
	else if (label->type == TABLE_LABEL_REAL)
		add_float(label->r, out);
	else
		buf_adds(out, label->s);
}

/* repr() of a text: single quotes unless it holds only those. */
static void
add_repr(const char *s, struct buf *out)
{
	char quote = strchr(s, '\'') && !strchr(s, '"') ? '"' : '\'';
	static const char shorts[] = "\nn\rr\tt\\\\";

	buf_addc(out, quote);
	for (; *s; s++) {
		const char *hit = NULL;

		for (const char *q = shorts; *q; q += 2)
			if (*q == *s)
				hit = q;
		if (hit)
			buf_addf(out, "\\%c", hit[1]);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			buf_addf(out, "\\x%02x", (unsigned char)*s);
		else if (*s == quote)
			buf_addf(out, "\\%c", *s);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, quote);
}

static void add_python(const cJSON *it, struct buf *out);

static void
add_children(const cJSON *it, struct buf *out)
{
	bool is_object = cJSON_IsObject(it);

	buf_addc(out, is_object ? '{' : '[');
	for (const cJSON *c = it->child; c; c = c->next) {
		if (c != it->child)
			buf_adds(out, ", ");
		if (is_object) {
			add_repr(c->string, out);
			buf_adds(out, ": ");
		}
		add_python(c, out);
	}
	buf_addc(out, is_object ? '}' : ']');
}

/* repr() of a value; numbers are raw texts after keep_number_forms(). */
static void
add_python(const cJSON *it, struct buf *out)
{
	if (cJSON_IsNull(it))
		buf_adds(out, "None");
	else if (cJSON_IsBool(it))
		buf_adds(out, cJSON_IsTrue(it) ? "True" : "False");
	else if (cJSON_IsString(it))
		add_repr(it->valuestring, out);
	else if (cJSON_IsRaw(it))
		buf_adds(out, it->valuestring);
	else
		add_children(it, out);
}

static void
list_to_csv(const struct table_row *row, struct buf *out)
{
	cJSON *list = cJSON_CreateArray();

	add_list(list, row);
	for (const cJSON *it = list->child; it; it = it->next) {
		buf_addc(out, ',');
		if (cJSON_IsString(it))
			buf_adds(out, it->valuestring);
		else
			add_python(it, out);
	}
	cJSON_Delete(list);
}

static void
sparse_to_csv(size_t n_columns, const struct table_row *row, struct buf *out)
{
	size_t k = 0;

	for (size_t i = 0; i < n_columns; i++) {
		bool is_set = k < row->n && row->columns[k] == i;

		buf_addc(out, ',');
		add_float(is_set ? row->values[k] : 0, out);
		k += is_set;
	}
}

void
table_row_to_csv(
    const struct table_schema *s, const struct table_row *row, struct buf *out)
{
	buf_add(out, row->id, row->id_len);
	if (row->label.type != TABLE_NO_LABEL) {
		buf_addc(out, ',');
		add_label(&row->label, out);
	}
	if (s->kind == TABLE_RAW) {
		buf_addc(out, ',');
		buf_add(out, row->text, row->text_len);
	} else if (s->kind == TABLE_LIST) {
		list_to_csv(row, out);
	} else if (s->kind == TABLE_SPARSE) {
		sparse_to_csv(s->n_header, row, out);
	} else {
		for (size_t i = 0; i < row->n; i++) {
			buf_addc(out, ',');
			add_float(row->values[i], out);
		}
	}
	buf_addc(out, '\n');
}
