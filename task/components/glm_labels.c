/* The guest's labels as the numbers that a model is fitted to. */
#include "lib/base/mem.h"
#include "task/components/glm_data.h"

#include <math.h>
#include <stdlib.h>

static bool
label_value(const struct table_label *label, double *out)
{
	*out = label->type == TABLE_LABEL_INT ? (double)label->i : label->r;
	return (label->type == TABLE_LABEL_INT ||
		   label->type == TABLE_LABEL_REAL) &&
	       isfinite(*out);
}

static enum err
read_labels(
    const struct glm_data *data, double least, double **out, struct buf *err)
{
	double *y = xcalloc(data->n + 1, sizeof(*y));
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < data->n; i++) {
		if (!label_value(&data->labels[i], &y[i]))
			rc = err_set(err, ERR_INVALID,
			    "row \"%s\" has no numeric label", data->ids[i]);
		else if (y[i] < least)
			rc = err_set(err, ERR_INVALID,
			    "row \"%s\" has the label %g, expected a count "
			    "of at least %g",
			    data->ids[i], y[i], least);
	}
	if (rc)
		free(y);
	else
		*out = y;
	return rc;
}

enum err
glm_labels_real(const struct glm_data *data, double **out, struct buf *err)
{
	return read_labels(data, -INFINITY, out, err);
}

enum err
glm_labels_count(const struct glm_data *data, double **out, struct buf *err)
{
	return read_labels(data, 0, out, err);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

enum err
glm_labels_classes(
    const struct glm_data *data, double **out, size_t *n_out, struct buf *err)
{
	double *y;
	size_t n = 0;
	enum err rc = glm_labels_real(data, &y, err);

	if (rc)
		return rc;
	qsort(y, data->n, sizeof(*y), compare);
	for (size_t i = 0; i < data->n; i++)
		if (i == 0 || y[i] != y[n - 1])
			y[n++] = y[i];
	if (n > GLM_CLASSES_MAX) {
		free(y);
		return err_set(err, ERR_INVALID,
		    "the labels have %zu different values, expected classes, "
		    "at most %d",
		    n, GLM_CLASSES_MAX);
	}
	*out = y;
	*n_out = n;
	return ERR_OK;
}
