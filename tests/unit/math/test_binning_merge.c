/*
 * Which bins are merged, on cases small enough to follow; the integration
 * tests hold longer ones against another implementation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/math/binning_merge.h"

#include <string.h>

#define N_MAX 8

struct example {
	struct binning_merge o;
	size_t n;
	struct binning_count c[N_MAX];
	size_t n_last;
	size_t last[N_MAX];
};

/* iv, chi-square and gini all merge the two bins that are alike first. */
#define ALIKE(m)                                                       \
	{                                                              \
		.o = {.metric = (m),                                   \
		    .max_bins = 3,                                     \
		    .max_pct = 1,                                      \
		    .adjustment = 0.5},                                \
		.n = 4, .c = {{10, 30}, {11, 32}, {30, 10}, {20, 20}}, \
		.n_last = 3, .last = {                                 \
			1,                                             \
			2,                                             \
			3                                              \
		}                                                      \
	}

static const struct example examples[] = {
    ALIKE(BINNING_IV),
    ALIKE(BINNING_CHI_SQUARE),
    /* unlike iv, gini's score counts no rows: it takes the most mixed */
    {.o = {BINNING_GINI, 3, 1, 0, false, 0.5},
	.n = 4,
	.c = {{10, 30}, {11, 32}, {30, 10}, {20, 20}},
	.n_last = 3,
	.last = {0, 1, 3}},
    /* pure bins first join each other, then a neighbour */
    {.o = {BINNING_IV, 8, 1, 0, true, 0.5},
	.n = 4,
	.c = {{5, 0}, {7, 0}, {20, 21}, {22, 20}},
	.n_last = 2,
	.last = {2, 3}},
    /* without mixture they stay */
    {.o = {BINNING_IV, 8, 1, 0, false, 0.5},
	.n = 4,
	.c = {{5, 0}, {7, 0}, {20, 21}, {22, 20}},
	.n_last = 4,
	.last = {0, 1, 2, 3}},
    /* small ones join each other until they are not */
    {.o = {BINNING_CHI_SQUARE, 8, 1, 0.13, false, 0.5},
	.n = 5,
	.c = {{5, 5}, {4, 6}, {20, 21}, {22, 20}, {40, 2}},
	.n_last = 4,
	.last = {1, 2, 3, 4}},
    /* a single small one joins what it is most like */
    {.o = {BINNING_CHI_SQUARE, 8, 1, 0.1, false, 0.5},
	.n = 3,
	.c = {{50, 5}, {1, 1}, {20, 21}},
	.n_last = 2,
	.last = {0, 2}},
    /* no bin of more than half of the rows: three stay, one is wanted */
    {.o = {BINNING_IV, 1, 0.5, 0, false, 0.5},
	.n = 4,
	.c = {{20, 20}, {10, 10}, {25, 25}, {20, 20}},
	.n_last = 3,
	.last = {1, 2, 3}},
    /* ks: the widest gap is after bin 1 */
    {.o = {BINNING_KS, 2, 1, 0, false, 0.5},
	.n = 4,
	.c = {{9, 1}, {8, 2}, {2, 8}, {1, 9}},
	.n_last = 2,
	.last = {1, 3}},
    /* the larger half is split next */
    {.o = {BINNING_KS, 3, 1, 0, false, 0.5},
	.n = 5,
	.c = {{9, 1}, {8, 2}, {2, 12}, {6, 9}, {1, 9}},
	.n_last = 3,
	.last = {1, 3, 4}},
    /* one side would be too small: cut in the middle */
    {.o = {BINNING_KS, 2, 1, 0.3, false, 0.5},
	.n = 4,
	.c = {{9, 1}, {20, 30}, {21, 30}, {20, 31}},
	.n_last = 2,
	.last = {2, 3}},
    /* no cut leaves both sides mixed: in the middle all the same */
    {.o = {BINNING_KS, 4, 1, 0, true, 0.5},
	.n = 4,
	.c = {{5, 0}, {5, 0}, {0, 5}, {0, 5}},
	.n_last = 2,
	.last = {1, 3}},
    {.o = {BINNING_KS, 4, 1, 0, true, 0.5},
	.n = 1,
	.c = {{5, 3}},
	.n_last = 1,
	.last = {0}},
    {.o = {BINNING_IV, 4, 1, 0.05, true, 0.5},
	.n = 1,
	.c = {{5, 0}},
	.n_last = 1,
	.last = {0}},
};

static void
test_merge_when_run_then_these_bins(void **state)
{
	size_t last[N_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
		const struct example *e = &examples[i];
		size_t n = binning_merge(&e->o, e->c, e->n, last);
		bool same =
		    n == e->n_last && !memcmp(last, e->last, n * sizeof(*last));

		if (!same)
			print_error("example %zu: %zu bins\n", i, n);
		for (size_t k = 0; !same && k < n; k++)
			print_error("  last %zu\n", last[k]);
		assert_true(same);
	}
}

static void
test_counts_when_merged_then_summed(void **state)
{
	struct binning_count c[] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
	static const size_t last[] = {0, 2, 3};

	(void)state;
	binning_merge_counts(c, last, 3);
	assert_int_equal(c[0].event, 1);
	assert_int_equal(c[1].event, 8);
	assert_int_equal(c[1].non_event, 10);
	assert_int_equal(c[2].non_event, 8);
}

static void
test_metric_when_named_then_known(void **state)
{
	enum binning_metric m;

	(void)state;
	for (size_t i = 0; i < BINNING_METRIC__MAX; i++) {
		assert_true(binning_metric_parse(
		    binning_metric_name((enum binning_metric)i), &m));
		assert_int_equal(m, i);
	}
	assert_true(binning_metric_parse("chi-square", &m));
	assert_int_equal(m, BINNING_CHI_SQUARE);
	assert_true(binning_metric_parse("KS", &m));
	assert_int_equal(m, BINNING_KS);
	assert_false(binning_metric_parse("auc", &m));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_merge_when_run_then_these_bins),
	    cmocka_unit_test(test_counts_when_merged_then_summed),
	    cmocka_unit_test(test_metric_when_named_then_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
