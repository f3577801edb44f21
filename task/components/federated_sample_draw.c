/*
 * The draw. Upsampled rows get their new ids in an order of their own,
 * shuffled over all groups: ids that rose group by group would tell the hosts
 * each row's label.
 */
#include "lib/base/mem.h"
#include "lib/math/prng.h"
#include "task/components/federated_sample.h"

#include <stdlib.h>

#define PICKS_MAX ((int64_t)1 << 31)

/* At least one row when there are some, without replacement. */
static int64_t
down_count(const struct sample_group *g)
{
	int64_t n = (int64_t)(g->rate * (double)g->n);

	if (n > g->n)
		n = g->n;
	return n > 0 || !g->n ? n : 1;
}

static enum err
count_picks(struct sample *s, struct buf *err)
{
	for (size_t i = 0; i < s->n_groups; i++) {
		struct sample_group *g = &s->groups[i];

		if (s->is_up && g->rate * (double)g->n >= (double)PICKS_MAX)
			return err_set(err, ERR_INVALID,
			    "fractions %.15g of %lld rows are more than %lld",
			    g->rate, (long long)g->n, (long long)PICKS_MAX);
		g->n_drawn = s->is_up ? (int64_t)(g->rate * (double)g->n)
				      : down_count(g);
		s->n_picks += g->n_drawn;
	}
	if (s->n_picks > 0 && s->n_picks <= PICKS_MAX)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "the sample would have %lld rows, expected 1 to %lld; change "
	    "fractions",
	    (long long)s->n_picks, (long long)PICKS_MAX);
}

static void
draw_group(struct sample *s, struct sample_group *g, struct sample_pick *picks)
{
	for (int64_t i = 0; i < g->n_drawn; i++) {
		int64_t at;

		if (s->is_up) {
			at = (int64_t)prng_below(&s->seed, (uint64_t)g->n);
			picks[i].row = g->rows[at];
			continue;
		}
		at = i + (int64_t)prng_below(&s->seed, (uint64_t)(g->n - i));
		picks[i].row = g->rows[at];
		g->rows[at] = g->rows[i];
	}
}

static void
give_keys(struct sample *s)
{
	for (int64_t i = 0; i < s->n_picks; i++) {
		int64_t at = (int64_t)prng_below(&s->seed, (uint64_t)i + 1);

		s->picks[i].key = s->picks[at].key;
		s->picks[at].key = i;
	}
}

static int
compare(const void *a, const void *b)
{
	const struct sample_pick *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

enum err
sample_draw(struct sample *s, struct buf *err)
{
	struct sample_pick *next;
	enum err rc = count_picks(s, err);

	if (rc)
		return rc;
	s->picks = next = xcalloc((size_t)s->n_picks, sizeof(*next));
	for (size_t i = 0; i < s->n_groups; i++) {
		draw_group(s, &s->groups[i], next);
		next += s->groups[i].n_drawn;
	}
	if (s->is_up)
		give_keys(s);
	qsort(s->picks, (size_t)s->n_picks, sizeof(*s->picks), compare);
	return ERR_OK;
}
