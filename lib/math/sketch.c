/*
 * An entry stands for g values up to and including its own; its rank is known
 * to within delta. Values are collected in a head, sorted in at once, and the
 * entries merged with their neighbours where the error allows it.
 */
#include "lib/math/sketch.h"
#include "lib/base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

const struct sketch_param sketch_default = {
    .error = 0.001, .head_size = 10000, .compress_n = 10000};

struct entry {
	double value;
	int64_t g;
	int64_t delta;
};

struct sketch {
	struct sketch_param param;
	double *head;
	size_t n_head;
	struct entry *at;
	size_t n;
	int64_t count; /* of values that are in entries */
};

struct sketch *
sketch_new(const struct sketch_param *param)
{
	struct sketch *s = xcalloc(1, sizeof(*s));

	s->param = *param;
	s->head = xreallocarray(NULL, param->head_size, sizeof(*s->head));
	return s;
}

void
sketch_free(struct sketch *s)
{
	if (!s)
		return;
	free(s->head);
	free(s->at);
	free(s);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* A new least or greatest value has its rank exactly. */
static int64_t
delta_of(const struct sketch *s, bool at_end)
{
	return at_end ? 0
		      : (int64_t)floor(2 * s->param.error * (double)s->count);
}

static void
flush(struct sketch *s)
{
	struct entry *merged;
	size_t n = 0, k = 0;

	if (!s->n_head)
		return;
	qsort(s->head, s->n_head, sizeof(*s->head), compare);
	merged = xreallocarray(NULL, s->n + s->n_head, sizeof(*merged));
	for (size_t i = 0; i < s->n_head; i++) {
		bool at_end;

		while (k < s->n && s->at[k].value <= s->head[i])
			merged[n++] = s->at[k++];
		s->count++;
		at_end = n == 0 || (k == s->n && i == s->n_head - 1);
		merged[n++] = (struct entry){
		    .value = s->head[i], .g = 1, .delta = delta_of(s, at_end)};
	}
	while (k < s->n)
		merged[n++] = s->at[k++];
	free(s->at);
	s->at = merged;
	s->n = n;
	s->n_head = 0;
}

/* From the greatest down, in place; the least stays as it is. */
static void
compress(struct sketch *s)
{
	double most = 2 * s->param.error * (double)s->count;
	size_t to = s->n - 1;

	if (s->n < 3)
		return;
	for (size_t i = s->n - 2; i > 0; i--) {
		struct entry *above = &s->at[to];

		if ((double)(s->at[i].g + above->g + above->delta) < most)
			above->g += s->at[i].g;
		else
			s->at[--to] = s->at[i];
	}
	s->at[--to] = s->at[0];
	s->n -= to;
	for (size_t i = 0; i < s->n; i++)
		s->at[i] = s->at[to + i];
}

void
sketch_add(struct sketch *s, double v)
{
	s->head[s->n_head++] = v;
	if (s->n_head < s->param.head_size)
		return;
	flush(s);
	if (s->n >= s->param.compress_n)
		compress(s);
}

double
sketch_query(struct sketch *s, double q)
{
	double rank, off;
	int64_t low = 0;

	if (s->n_head) {
		flush(s);
		compress(s);
	}
	if (!s->n)
		return NAN;
	if (q <= s->param.error)
		return s->at[0].value;
	if (q >= 1 - s->param.error)
		return s->at[s->n - 1].value;
	rank = ceil(q * (double)s->count);
	off = ceil(s->param.error * (double)s->count);
	for (size_t i = 1; i + 1 < s->n; i++) {
		low += s->at[i].g;
		if ((double)(low + s->at[i].delta) - off <= rank &&
		    rank <= (double)low + off)
			return s->at[i].value;
	}
	return s->at[s->n - 1].value;
}
