/*
 * Private to FeatureScale: what is known of each column, and the model's two
 * buffers.
 */
#ifndef FF_TASK_COMPONENTS_FEATURE_SCALE_H
#define FF_TASK_COMPONENTS_FEATURE_SCALE_H

#include "task/components/instances.h"

enum scale_method { SCALE_NONE, SCALE_MIN_MAX, SCALE_STANDARD };

struct scale_column {
	bool is_scaled;
	bool has_upper, has_lower; /* a bound was given */
	double bound_upper;	   /* as given: a value, or cap's quantile */
	double bound_lower;
	/* learnt */
	double upper, lower; /* of the data, within the bounds */
	double mean, std;    /* 0 and 1 unless they are wanted */
};

struct scale {
	enum scale_method method;
	bool is_cap;
	bool with_mean, with_std;
	struct table_schema schema; /* of the data, in and out */
	struct scale_column *columns;
};

/* "min_max_scale", "standard_scale", NULL. */
enum err
scale_method_parse(const char *name, enum scale_method *out, struct buf *err);
const char *scale_method_name(enum scale_method method); /* "" for none */

enum err scale_save(struct task *t, const struct scale *s, struct buf *err);
/* s->schema is set; every column of the model must be in it. */
enum err scale_load(const struct task *t, struct scale *s, struct buf *err);

#endif
