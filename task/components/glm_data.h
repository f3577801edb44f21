/*
 * A party's rows in memory, its labels, and its columns as the integers that
 * encrypted sums are made of.
 */
#ifndef FF_TASK_COMPONENTS_GLM_DATA_H
#define FF_TASK_COMPONENTS_GLM_DATA_H

#include "task/task.h"

#define GLM_COLUMN_BITS	 24U /* of a feature, sign apart */
#define GLM_FACTOR_SCALE 60U /* the most fractional bits of a column */
#define GLM_HUGE_BITS	 40U /* fractional bits below 0 of a column of 1e18 */

/* A party's rows: dense (columns NULL) or sparse by row. */
struct glm_data {
	struct table_schema schema;
	size_t n;		    /* rows */
	size_t d;		    /* columns */
	char **ids;		    /* n */
	struct table_label *labels; /* n; texts are owned */
	double *values;		    /* n*d, or all stored ones */
	uint32_t *columns;	    /* sparse only */
	size_t *start;		    /* sparse only: n+1 offsets */
	double *offset;		    /* added to each row's score, or NULL */
	int partitions;
};

enum err glm_data_read(
    const struct task_data *input, struct glm_data *out, struct buf *err);
void glm_data_release(struct glm_data *data);

/* The rows of these numbers (rising), copied. */
void glm_data_take(const struct glm_data *data, const size_t *rows, size_t n,
    struct glm_data *out);

/* The columns of these numbers, which may be none, copied. */
void glm_data_pick(const struct glm_data *data, const size_t *columns, size_t n,
    struct glm_data *out);

/*
 * Takes the column of that name out of the features and makes its logarithm
 * the rows' offset; 0 counts as 1e-7. A name that is no column changes nothing.
 */
enum err
glm_data_expose(struct glm_data *data, const char *name, struct buf *err);

/* u[i] = offset + row i * w + b for rows lo..hi-1; u has hi-lo places. */
void glm_data_scores(const struct glm_data *data, const double *w, double b,
    size_t lo, size_t hi, double *u);

/* ---- labels (glm_labels.c) ---- */

/* As numbers; the caller frees *out. */
enum err
glm_labels_real(const struct glm_data *data, double **out, struct buf *err);
/* The same, none of them below 0. */
enum err
glm_labels_count(const struct glm_data *data, double **out, struct buf *err);
/* Different ones, rising; more than GLM_CLASSES_MAX are refused. */
#define GLM_CLASSES_MAX 1000
enum err glm_labels_classes(
    const struct glm_data *data, double **out, size_t *n_out, struct buf *err);

/* ---- columns ---- */

/* One column as integers for the encrypted sums. */
struct glm_column {
	int64_t *x;
	uint32_t *rows; /* sparse only, increasing */
	size_t n;
	int scale;
};
enum err glm_columns_new(
    const struct glm_data *data, struct glm_column **out, struct buf *err);
void glm_columns_free(struct glm_column *columns, size_t d);

#endif
