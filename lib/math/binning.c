/* One array holds a column's four lists of statistics. */
#include "lib/math/binning.h"
#include "lib/base/mem.h"

#include <math.h>
#include <stdlib.h>

size_t
binning_place(const double *splits, size_t n, double v)
{
	size_t low = 0, high = n - 1, mid;

	/* a missing value is below nothing: it ends in the last bin */
	while (low < high) {
		mid = low + (high - low) / 2;
		if (v <= splits[mid])
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

size_t
binning_quantiles(struct sketch *s, size_t bins, double *out)
{
	size_t n = 0;

	for (size_t i = 1; i <= bins; i++) {
		double v = sketch_query(s, (double)i / (double)bins);

		if (!isnan(v) && (!n || v > out[n - 1]))
			out[n++] = v;
	}
	return n;
}

void
binning_buckets(double min, double max, size_t bins, double *out)
{
	double width = (max - min) / (double)bins;

	for (size_t i = 1; i < bins; i++)
		out[i - 1] = min + (double)i * width;
	out[bins - 1] = max;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

size_t
binning_distinct(double *values, size_t n)
{
	size_t k = 0;

	if (!n)
		return 0;
	qsort(values, n, sizeof(*values), compare);
	for (size_t i = 0; i < n; i++)
		if (!k || values[i] > values[k - 1])
			values[k++] = values[i];
	return k;
}

static bool
is_monotonic(const double *v, size_t n)
{
	bool rises = true, falls = true;

	for (size_t i = 1; i < n; i++) {
		rises &= v[i] >= v[i - 1];
		falls &= v[i] <= v[i - 1];
	}
	return rises || falls;
}

/* A class without rows counts as one row, so that rates stay finite. */
static struct binning_count
total_of(const struct binning_count *c, size_t n)
{
	struct binning_count total = {0, 0};

	for (size_t i = 0; i < n; i++) {
		total.event += c[i].event;
		total.non_event += c[i].non_event;
	}
	total.event += !total.event;
	total.non_event += !total.non_event;
	return total;
}

void
binning_stats_init(struct binning_stats *s, const struct binning_count *c,
    size_t n, double adjustment)
{
	struct binning_count total = total_of(c, n);
	double *room = xcalloc(4 * n + 1, sizeof(*room));

	*s = (struct binning_stats){.n = n,
	    .event_rate = room,
	    .non_event_rate = room + n,
	    .woe = room + 2 * n,
	    .iv = room + 3 * n};
	for (size_t i = 0; i < n; i++) {
		double more = c[i].event && c[i].non_event ? 0 : adjustment;

		s->event_rate[i] =
		    ((double)c[i].event + more) / (double)total.event;
		s->non_event_rate[i] =
		    ((double)c[i].non_event + more) / (double)total.non_event;
		s->woe[i] = log(s->event_rate[i] / s->non_event_rate[i]);
		s->iv[i] =
		    (s->event_rate[i] - s->non_event_rate[i]) * s->woe[i];
		s->total_iv += s->iv[i];
	}
	s->is_monotonic = is_monotonic(s->woe, n);
}

void
binning_stats_release(struct binning_stats *s)
{
	free(s->event_rate);
	*s = (struct binning_stats){0};
}
