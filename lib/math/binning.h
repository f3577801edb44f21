/*
 * Columns cut into bins, and what the bins say about a yes-or-no label
 * (contract: components, section 5.2). Bin i holds the values v with
 * splits[i-1] < v <= splits[i]; the last one also what lies above all splits,
 * and missing values.
 */
#ifndef FF_MATH_BINNING_H
#define FF_MATH_BINNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/math/sketch.h"

/* The bin of v, splits rising, n > 0. */
size_t binning_place(const double *splits, size_t n, double v);

/*
 * Split points at the quantiles 1/bins, 2/bins ... 1, those that are equal
 * once; out has room for `bins`, the number of them is returned. 0 when the
 * sketch is empty.
 */
size_t binning_quantiles(struct sketch *s, size_t bins, double *out);

/* `bins` split points at equal distances, the last of them is max. */
void binning_buckets(double min, double max, size_t bins, double *out);

/* Sorts n values and drops repeated ones; how many are left. */
size_t binning_distinct(double *values, size_t n);

/* Rows of a bin. */
struct binning_count {
	int64_t event;	   /* label 1 */
	int64_t non_event; /* any other */
};

/* Weight of evidence and information value, n numbers each. */
struct binning_stats {
	size_t n;
	double *event_rate; /* of all events: those of the bin */
	double *non_event_rate;
	double *woe;
	double *iv;
	double total_iv;
	bool is_monotonic; /* woe never falls, or never rises */
};

/*
 * A bin without events or without non-events counts `adjustment` more of
 * both.
 */
void binning_stats_init(struct binning_stats *s, const struct binning_count *c,
    size_t n, double adjustment);
void binning_stats_release(struct binning_stats *s);

#endif
