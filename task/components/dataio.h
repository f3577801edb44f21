/*
 * Private to DataIO: raw text rows become rows of numbers.
 *
 * A row's text is cut into cells, one text per column; missing values and
 * outliers are replaced as texts; then the cells become numbers. What is
 * learnt from the data (the columns, the replacements) is the model.
 */
#ifndef FF_TASK_COMPONENTS_DATAIO_H
#define FF_TASK_COMPONENTS_DATAIO_H

#include "lib/table/table.h"

enum dataio_type { DATAIO_REAL, DATAIO_INT, DATAIO_TEXT };

/* Replacing of missing values, or of outliers. */
struct dataio_fill {
	bool is_on;
	char *strategy; /* "" (a text of 0), min, max, mean, designated */
	char *value;	/* designated */
	char **texts;	/* that are to be replaced */
	size_t n_texts;
	char **replacement; /* per column, once known */
	double *ratio;	    /* per column: replaced / rows */
	size_t n_columns;
};

struct dataio_format;

struct dataio {
	/* as configured, or from the model */
	const struct dataio_format *format;
	char *delimiter;
	char *data_type;
	char *label_name; /* as configured */
	char *label_type;
	char *output_format;
	char *tag_value_delimiter;
	bool tag_with_value;
	bool with_label;
	cJSON *exclusive; /* {column: type}, or NULL */
	struct dataio_fill missing, outlier;
	/* learnt */
	struct table_schema schema;
	enum dataio_type *types; /* per column */
};

/* One row in texts. A cell that is NULL is absent: zero. */
struct dataio_cells {
	struct buf text; /* what the cells point into */
	const char **cell;
	size_t n;	   /* columns */
	const char *label; /* NULL: none */
	const char *id;
	size_t id_len;
	/* dense: where the cells lie in the input */
	size_t n_fields;
	size_t label_field;
	bool has_label;
	int64_t unknown_tags; /* that the model does not have */
};

struct dataio_format {
	const char *name;
	/* Learns the columns; the reader is rewound by the caller. */
	enum err (*learn)(
	    struct dataio *d, struct table_reader *in, struct buf *err);
	/* Checks the input's columns against what was learnt. */
	enum err (*begin)(struct dataio *d, struct dataio_cells *c,
	    const struct table_schema *in, struct buf *err);
	enum err (*parse)(
	    struct dataio *d, struct dataio_cells *c, struct buf *err);
};

const struct dataio_format *dataio_format_find(const char *name);
extern const struct dataio_format dataio_dense, dataio_sparse, dataio_tag;

void dataio_release(struct dataio *d);
enum err
dataio_configure(struct dataio *d, const cJSON *param, struct buf *err);

/* The model buffers, packed and back. */
void dataio_pack(const struct dataio *d, struct buf *meta, struct buf *param);
enum err dataio_unpack(struct dataio *d, const struct buf *meta,
    const struct buf *param, struct buf *err);

/* ---- cells ---- */

void dataio_cells_init(struct dataio_cells *c);
void dataio_cells_release(struct dataio_cells *c);
/* Room for n columns, all absent. */
void dataio_cells_resize(struct dataio_cells *c, size_t n);
/* begin of the formats that carry columns and label within each row. */
enum err dataio_begin_labelled(struct dataio *d, struct dataio_cells *c,
    const struct table_schema *in, struct buf *err);
/* Takes the row's text and id, clears the cells; the format parses it. */
enum err dataio_cells_read(struct dataio *d, struct dataio_cells *c,
    const struct table_row *row, struct buf *err);
/* The text up to the next delimiter, which becomes a NUL; moves *at. */
char *dataio_cut(char **at, const char *delimiter);

/* ---- numbers ---- */

/* ERR_INVALID when there is no such type. */
enum err dataio_type_parse(
    const char *name, const char *what, enum dataio_type *out, struct buf *err);
/* The type of every column, from data_type and the exclusive ones. */
enum err dataio_learn_types(struct dataio *d, struct buf *err);
/* NaN for a missing value; `column` may not be an absent cell. */
enum err dataio_number(const struct dataio *d, const struct dataio_cells *c,
    size_t column, double *out, struct buf *err);
enum err dataio_label(const struct dataio *d, const struct dataio_cells *c,
    struct table_label *out, struct buf *err);

/* ---- filling ---- */

void dataio_fill_release(struct dataio_fill *f);
/* Is the text one that is to be replaced? */
bool dataio_fill_has(const struct dataio_fill *f, const char *text);
/* Learns the replacements for both, in as many passes as they need. */
enum err
dataio_learn_fill(struct dataio *d, struct table_reader *in, struct buf *err);
/* Replaces in place; adds to counts[column] where that is not NULL. */
void dataio_fill_apply(
    const struct dataio_fill *f, struct dataio_cells *c, int64_t *counts);

/* ---- the whole ---- */

struct dataio_pass {
	struct table_reader *in;
	struct table_writer *out;
	bool count_ratios; /* into the model: a fit */
	void (*progress)(void *arg, int64_t rows, int64_t total);
	void *arg;
	int64_t unknown_tags; /* out: tags that the model does not have */
};

/* Learns columns, types and replacements from all rows. */
enum err
dataio_learn(struct dataio *d, struct table_reader *in, struct buf *err);
/* All rows from `in` to `out`, which was opened with d->schema. */
enum err
dataio_transform(struct dataio *d, struct dataio_pass *pass, struct buf *err);

#endif
