/*
 * A text file into a RAW table: what an upload is. docs/data.md tells users
 * what becomes of every kind of line.
 */
#ifndef FF_TABLE_IMPORT_H
#define FF_TABLE_IMPORT_H

#include "lib/table/table.h"

struct import_options {
	const char *file;      /* to read */
	const char *path;      /* of the table to make */
	bool has_head;	       /* the first line names the columns */
	const char *append_to; /* a table whose rows come first, or NULL */
	/* Called now and then with a percentage; may be NULL. */
	void (*progress)(void *arg, int percent, int64_t rows);
	void *arg;
};

struct import_result {
	struct table_stats stats;
	struct table_schema schema; /* the caller releases it */
	int64_t read;		    /* data rows in the file */
	int64_t blank;		    /* empty lines, skipped */
	int64_t kept;		    /* rows that came from append_to */
};

/*
 * All or nothing: a row that cannot be stored as it stands fails the whole
 * import with ERR_INVALID, and the text says what is wrong in which line and
 * in how many. ERR_NOTFOUND when there is no such file. The result's schema
 * may be released in any case.
 */
enum err table_import(const struct import_options *o,
    struct import_result *result_out, struct buf *err);

/*
 * The account of an import for the catalogue: {"read", "stored", "rejected",
 * "duplicates", "blank_lines", "reasons": [sentences]}.
 */
cJSON *table_import_ledger(const struct import_result *r);

#endif
