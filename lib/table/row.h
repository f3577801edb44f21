/*
 * Private to lib/table: a row as bytes, the one form that the sorter keeps,
 * the digest sees and the file holds.
 *
 * A record's value is the text of a RAW or LIST row, little-endian float64 of
 * a DENSE one, and of a SPARSE one all float64 first, then as many
 * little-endian uint32 column numbers. Its label is 8 little-endian bytes
 * (integer or float64) or text.
 */
#ifndef FF_TABLE_ROW_H
#define FF_TABLE_ROW_H

#include "lib/table/table.h"

struct record {
	uint64_t seq; /* position in the input */
	const char *id;
	const char *label;
	const char *value;
	uint32_t id_len;
	uint32_t label_len;
	uint32_t value_len;
	uint8_t label_type; /* TABLE_NO_LABEL, ... */
};

/*
 * Encodes; the record borrows from `row` and from `scratch`, which is emptied
 * first. ERR_INVALID for an empty id or one that is too long.
 */
enum err record_encode(struct record *rec, const struct table_row *row,
    enum table_kind kind, struct buf *scratch, struct buf *err);

/* Order of ids; of equal ones the later input comes first. */
int record_compare(const struct record *a, const struct record *b);

/*
 * The flat form: four little-endian uint32 (id_len, label_type, label_len,
 * value_len), then id, label and value. A table's digest is the SHA-256 over
 * the flat forms of its rows in order.
 */
#define RECORD_HEAD_LEN ((size_t)16)

size_t record_flat_len(const struct record *rec);
void record_flatten(const struct record *rec, char *to);
/* Reads lengths and pointers; `flat` stays the record's storage. */
void record_unflatten(struct record *rec, const char *flat);

/* Every so many rows the file marks an id, for finding. */
#define MARK_EVERY 16

/* Little-endian <-> host, in place or from one array to another. */
void row_swap64(void *to, const void *from, size_t n);
void row_swap32(void *to, const void *from, size_t n);

/* The words for the kinds in a file's meta table. */
const char *table_kind_name(enum table_kind kind);
enum err
table_kind_parse(const char *word, enum table_kind *out, struct buf *err);

/* The header of a schema as a JSON array. */
cJSON *table_header_list(const struct table_schema *s);

#endif
