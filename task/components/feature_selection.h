/*
 * Private to HeteroFeatureSelection. Filters run in the order of the list,
 * each on the columns that the ones before left; what each saw and left is
 * kept for the model.
 */
#ifndef FF_TASK_COMPONENTS_FEATURE_SELECTION_H
#define FF_TASK_COMPONENTS_FEATURE_SELECTION_H

#include "feature_binning.pb-c.h"
#include "task/components/instances.h"

/* Columns as one filter sees them: a party's own, or a host's by number. */
struct selection_columns {
	size_t n;
	bool *seen;    /* it was there when the filter began */
	bool *left;    /* the filter keeps it */
	double *value; /* what it was judged by */
	int *passed;   /* filters that kept it, so far */
};

struct selection_result {
	const char *name;
	bool has_values;
	struct selection_columns own;
	struct selection_columns *hosts; /* a guest's iv filters */
	bool knows_hosts;		 /* their values hold */
	size_t n_hosts;
};

struct selection_stats {
	int64_t n; /* values that are not missing */
	double min, max, mean, squares;
	double quantile;  /* outlier_cols */
	double top_share; /* percentage_value: of the most frequent value */
};

struct selection {
	struct task *t;
	const cJSON *param;
	bool is_guest;
	struct table_reader *in;
	struct table_schema schema;
	bool *is_selected; /* the filters look at this column */
	struct selection_columns own;
	struct selection_columns *hosts; /* at the guest, known by iv filters */
	size_t n_hosts;
	struct selection_stats *stats;
	struct selection_result *results;
	size_t n_results;
	Model__FeatureBinningParam *binning; /* the iv filters' */
};

bool selection_uses(const struct selection *s, const char *filter);

void selection_columns_init(struct selection_columns *c, size_t n);
/* If a filter leaves none, it leaves the one with the best value. */
void selection_keep_one(struct selection_columns *c, bool keeps_high);

/* hetero_feature_selection_stats.c: what the local filters need. */
enum err selection_learn(struct selection *s, struct buf *err);

/* hetero_feature_selection_iv.c */
enum err selection_iv_value(
    struct selection *s, struct selection_result *r, struct buf *err);
enum err selection_iv_percentile(
    struct selection *s, struct selection_result *r, struct buf *err);
enum err selection_iv_top_k(
    struct selection *s, struct selection_result *r, struct buf *err);
/* The guest takes in the hosts' columns; a host gives its own. */
enum err selection_iv_begin(
    struct selection *s, struct selection_result *r, struct buf *err);
/* The guest says what is left; a host takes it. */
enum err selection_iv_end(
    struct selection *s, struct selection_result *r, struct buf *err);
enum err selection_load_binning(struct selection *s, struct buf *err);

/* hetero_feature_selection_model.c */
enum err selection_save(struct selection *s, struct buf *err);
/* Passes the model on; s->own.left is what it keeps. */
enum err selection_apply_model(struct selection *s, struct buf *err);

#endif
