/*
 * A data table on disk: one SQLite file per table version, written once,
 * published by rename, read-only ever after.
 *
 * Rows stand in FATE's order (length of the id, then its bytes) and ids are
 * unique. What a row's value is depends on the kind:
 *
 *   TABLE_RAW	   comma-joined text as uploaded, without the id
 *   TABLE_DENSE   float64 features, NaN = missing, and maybe a label
 *   TABLE_SPARSE  (column, float64) pairs by column, and maybe a label
 *   TABLE_LIST	   a JSON array of the columns after the id (predictions)
 *
 * A reader or writer belongs to one thread.
 */
#ifndef FF_TABLE_TABLE_H
#define FF_TABLE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/json.h"

enum table_kind { TABLE_RAW, TABLE_DENSE, TABLE_SPARSE, TABLE_LIST };

/* What becomes of a table of that name (`drop` of an upload and of Rsa). */
enum table_drop { TABLE_DROP_APPEND, TABLE_DROP_REPLACE, TABLE_DROP_REFUSE };

struct table_schema {
	enum table_kind kind;
	char *sid_name;	  /* NULL: the upload had no header line */
	char *label_name; /* NULL: none */
	char **header;	  /* column names without id (raw: with the label) */
	size_t n_header;
};

/* A value of a label: integers stay integers in what users see. */
struct table_label {
	enum {
		TABLE_NO_LABEL,
		TABLE_LABEL_INT,
		TABLE_LABEL_REAL,
		TABLE_LABEL_TEXT,
	} type;
	int64_t i;
	double r;
	const char *s;
};

/* Borrowed from the reader until its next call, or given to the writer. */
struct table_row {
	const char *id;
	size_t id_len;
	struct table_label label;
	const char *text; /* RAW, LIST */
	size_t text_len;
	const double *values;	 /* DENSE, SPARSE */
	const uint32_t *columns; /* SPARSE: increasing */
	size_t n;		 /* values (and columns) */
};

void table_schema_init(struct table_schema *s, enum table_kind kind);
void table_schema_release(struct table_schema *s);
void
table_schema_copy(struct table_schema *to, const struct table_schema *from);
/* Appends a column name (copied). */
void table_schema_add(struct table_schema *s, const char *name);
/* A name that two columns have, or a column and the ids; NULL: none. */
const char *table_schema_twice(const struct table_schema *s);

/*
 * The metas as table_info shows them: {"header":"a,b","sid":"id"} for raw
 * tables with a header, {} without, {"schema":{...}} for the others.
 */
cJSON *table_schema_to_json(const struct table_schema *s);

/* FATE's order: -1, 0, 1. */
int table_compare_ids(const char *a, size_t a_len, const char *b, size_t b_len);

/* ---- writing ---- */

struct table_writer;

enum table_order {
	TABLE_SORTED,	/* rows come in order; one that does not is an error */
	TABLE_UNSORTED, /* rows are sorted on disk; of equal ids the last wins
			 */
};

struct table_stats {
	int64_t rows;	    /* in the table */
	int64_t duplicates; /* rows that a later one of equal id replaced */
	char digest[65];    /* SHA-256 over the rows in order, hex */
};

/*
 * Starts a table that will appear at `path` when finished. Scratch files lie
 * beside it ("<path>.*") and go with finish or abort. Memory stays flat
 * however many rows there are.
 */
enum err table_writer_open(const char *path, const struct table_schema *schema,
    enum table_order order, struct table_writer **out, struct buf *err);
enum err table_writer_add(
    struct table_writer *w, const struct table_row *row, struct buf *err);
/*
 * Sorts if need be, indexes, syncs, renames; *w is NULL after, either way. The
 * content is durable, its name only when the caller syncs the folder.
 */
enum err table_writer_finish(
    struct table_writer **w, struct table_stats *stats_out, struct buf *err);
/* Removes all traces; NULL is fine; *w is NULL after. */
void table_writer_abort(struct table_writer **w);

/* ---- reading ---- */

struct table_reader;

/* ERR_NOTFOUND when the file is absent; never follows a symbolic link. */
enum err
table_reader_open(const char *path, struct table_reader **out, struct buf *err);
void table_reader_close(struct table_reader **r);

const struct table_schema *table_reader_schema(const struct table_reader *r);
int64_t table_reader_count(const struct table_reader *r);
const char *table_reader_digest(const struct table_reader *r);

/* The next row in order; ERR_NOTFOUND (err untouched) behind the last. */
enum err table_reader_next(
    struct table_reader *r, struct table_row *row_out, struct buf *err);
void table_reader_rewind(struct table_reader *r);
/*
 * A row by id; does not move next(). ERR_NOTFOUND when there is none. Costs
 * some 15 us: to match most rows of two tables, walk both in order instead.
 */
enum err table_reader_find(struct table_reader *r, const char *id,
    size_t id_len, struct table_row *row_out, struct buf *err);

/* ---- showing (contract: rest, sections 4.8 and 4.9) ---- */

/* ["id", label?, features...] as output/data shows the row. */
cJSON *
table_row_to_json(const struct table_schema *s, const struct table_row *row);
/* The matching header; has_label is that of the last row shown. */
cJSON *table_header_to_json(const struct table_schema *s, bool has_label);
/* One CSV line as output/data/download has it: Python's text forms. */
void table_row_to_csv(
    const struct table_schema *s, const struct table_row *row, struct buf *out);

#endif
