/*
 * Rows to records. Numbers are stored little-endian so that a table file is
 * the same bytes on every machine; where the machine is little-endian too the
 * conversion is a copy.
 */
#include "lib/table/row.h"
#include "lib/base/mem.h"

#include <endian.h>
#include <string.h>

#define ID_LEN_MAX    ((size_t)1 << 20)
#define VALUE_LEN_MAX ((size_t)1 << 29)

void
row_swap64(void *to, const void *from, size_t n)
{
#if __BYTE_ORDER == __LITTLE_ENDIAN
	if (n)
		memmove(to, from, n * 8);
#else
	for (size_t i = 0; i < n; i++) {
		uint64_t v;

		memcpy(&v, (const char *)from + i * 8, 8);
		v = htole64(v);
		memcpy((char *)to + i * 8, &v, 8);
	}
#endif
}

void
row_swap32(void *to, const void *from, size_t n)
{
#if __BYTE_ORDER == __LITTLE_ENDIAN
	if (n)
		memmove(to, from, n * 4);
#else
	for (size_t i = 0; i < n; i++) {
		uint32_t v;

		memcpy(&v, (const char *)from + i * 4, 4);
		v = htole32(v);
		memcpy((char *)to + i * 4, &v, 4);
	}
#endif
}

static void
add_words(struct buf *b, const void *words, size_t n, size_t size)
{
	buf_reserve(b, n * size);
	if (size == 8)
		row_swap64(b->ptr + b->len, words, n);
	else
		row_swap32(b->ptr + b->len, words, n);
	b->len += n * size;
	b->ptr[b->len] = '\0';
}

static enum err
check_columns(const struct table_row *row, struct buf *err)
{
	for (size_t i = 1; i < row->n; i++)
		if (row->columns[i] <= row->columns[i - 1])
			return err_set(err, ERR_INTERNAL,
			    "row '%.*s' has column %u behind column %u",
			    (int)row->id_len, row->id, row->columns[i],
			    row->columns[i - 1]);
	return ERR_OK;
}

static enum err
check_sizes(const struct table_row *row, struct buf *err)
{
	if (!row->id_len)
		return err_set(err, ERR_INVALID, "a row has an empty id");
	if (row->id_len > ID_LEN_MAX)
		return err_set(err, ERR_INVALID,
		    "the id that starts with '%.40s' has %zu bytes, at most "
		    "%zu are legal",
		    row->id, row->id_len, ID_LEN_MAX);
	if (row->text_len > VALUE_LEN_MAX || row->n > VALUE_LEN_MAX / 12)
		return err_set(err, ERR_INVALID,
		    "row '%.*s' is larger than %zu bytes", (int)row->id_len,
		    row->id, VALUE_LEN_MAX);
	return ERR_OK;
}

/* The label goes in front of the value in `scratch`. */
static void
encode_label(
    struct record *rec, const struct table_label *label, struct buf *scratch)
{
	size_t start = scratch->len;

	rec->label_type = (uint8_t)label->type;
	if (label->type == TABLE_LABEL_INT)
		add_words(scratch, &label->i, 1, 8);
	else if (label->type == TABLE_LABEL_REAL)
		add_words(scratch, &label->r, 1, 8);
	else if (label->type == TABLE_LABEL_TEXT)
		buf_adds(scratch, label->s);
	rec->label_len = (uint32_t)(scratch->len - start);
}

enum err
record_encode(struct record *rec, const struct table_row *row,
    enum table_kind kind, struct buf *scratch, struct buf *err)
{
	enum err rc = check_sizes(row, err);

	if (!rc && kind == TABLE_SPARSE)
		rc = check_columns(row, err);
	if (rc)
		return rc;
	buf_reset(scratch);
	*rec = (struct record){.id = row->id, .id_len = (uint32_t)row->id_len};
	encode_label(rec, &row->label, scratch);
	if (kind == TABLE_DENSE || kind == TABLE_SPARSE)
		add_words(scratch, row->values, row->n, 8);
	if (kind == TABLE_SPARSE)
		add_words(scratch, row->columns, row->n, 4);
	rec->label = scratch->ptr;
	rec->value = scratch->ptr + rec->label_len;
	rec->value_len = (uint32_t)(scratch->len - rec->label_len);
	if (kind == TABLE_RAW || kind == TABLE_LIST) {
		rec->value = row->text ? row->text : "";
		rec->value_len = (uint32_t)row->text_len;
	}
	return ERR_OK;
}

int
table_compare_ids(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order;

	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	order = memcmp(a, b, a_len);
	return (order > 0) - (order < 0);
}

int
record_compare(const struct record *a, const struct record *b)
{
	int order = table_compare_ids(a->id, a->id_len, b->id, b->id_len);

	if (order)
		return order;
	return (a->seq < b->seq) - (a->seq > b->seq);
}

size_t
record_flat_len(const struct record *rec)
{
	return RECORD_HEAD_LEN + rec->id_len + rec->label_len + rec->value_len;
}

void
record_flatten(const struct record *rec, char *to)
{
	uint32_t head[4] = {
	    rec->id_len, rec->label_type, rec->label_len, rec->value_len};

	row_swap32(to, head, ARRAY_LEN(head));
	to += RECORD_HEAD_LEN;
	memcpy(to, rec->id, rec->id_len);
	to += rec->id_len;
	if (rec->label_len)
		memcpy(to, rec->label, rec->label_len);
	to += rec->label_len;
	if (rec->value_len)
		memcpy(to, rec->value, rec->value_len);
}

void
record_unflatten(struct record *rec, const char *flat)
{
	uint32_t head[4];

	row_swap32(head, flat, ARRAY_LEN(head));
	rec->id_len = head[0];
	rec->label_type = (uint8_t)head[1];
	rec->label_len = head[2];
	rec->value_len = head[3];
	rec->id = flat + RECORD_HEAD_LEN;
	rec->label = rec->id + rec->id_len;
	rec->value = rec->label + rec->label_len;
}
