/*
 * Many small bins made into few good ones (contract: components, section 5.2,
 * "optimal"): by merging neighbours that lose least, or (KS) by splitting
 * where events and non-events part most.
 */
#ifndef FF_MATH_BINNING_MERGE_H
#define FF_MATH_BINNING_MERGE_H

#include "lib/base/err.h"
#include "lib/math/binning.h"

enum binning_metric {
	BINNING_IV,
	BINNING_GINI,
	BINNING_CHI_SQUARE,
	BINNING_KS,
	BINNING_METRIC__MAX
};

/* "iv", "gini", "chi_square" or "chi-square", "ks", in any case. */
bool binning_metric_parse(const char *name, enum binning_metric *out);
const char *binning_metric_name(enum binning_metric metric);

struct binning_merge {
	enum binning_metric metric;
	size_t max_bins;   /* how many are wanted, at most */
	double max_pct;	   /* of all rows: a bin is not merged beyond it */
	double min_pct;	   /* of all rows: smaller bins are merged first */
	bool mixture;	   /* a bin is to have events and non-events */
	double adjustment; /* as of binning_stats_init() */
};

/*
 * Merges n > 0 bins; last[k] becomes the number of the last bin that went
 * into the k-th new one (room for n), how many there are is returned. More
 * than max_bins when max_pct forbids to merge further.
 */
size_t binning_merge(const struct binning_merge *o,
    const struct binning_count *c, size_t n, size_t *last);

/* Counts of the merged bins, in place. */
void
binning_merge_counts(struct binning_count *c, const size_t *last, size_t n);

#endif
